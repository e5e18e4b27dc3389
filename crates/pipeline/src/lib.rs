//! The worker's stages, each a tower layer over a stream, and the service stack inside execute.
