//! What cannot be provoked with the real store: bounds, and what a feed may do.

mod bounds;
mod feed;
mod scripted;
