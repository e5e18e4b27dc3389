//! The built-in plugin that runs SQL on a named connection.
