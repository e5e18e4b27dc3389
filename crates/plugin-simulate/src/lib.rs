//! The built-in plugin that pretends to work, for demos and load tests.
