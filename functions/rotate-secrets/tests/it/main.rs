//! What holds of rotation, whoever dies, comes twice or wakes up late; and what holds against real servers.

mod bed;
mod catalogue;
mod consumers;
mod end_to_end;
mod events;
mod failures;
mod kinds;
mod matrix;
mod model;
mod program;
mod rivals;
mod rotating;
mod secrecy;
mod serving;
