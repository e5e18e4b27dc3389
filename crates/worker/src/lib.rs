//! The worker process: options, wiring of store, plugins and pipeline, drain.
