//! A function as a service: its answers, its limits, its end, and what it tells.

mod answers;
mod end;
mod limits;
mod lines;
