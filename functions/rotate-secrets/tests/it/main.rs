//! What holds of rotation, whoever dies, comes twice or wakes up late; and what holds against real servers.

mod kinds;
mod model;
