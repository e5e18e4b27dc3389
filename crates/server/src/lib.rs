//! The gRPC facade: checks a request, calls a port, converts the answer; the watch hub; the migrate command.
