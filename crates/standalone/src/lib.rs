//! Everything in one process: a supervised local Postgres, server and worker wired together.
