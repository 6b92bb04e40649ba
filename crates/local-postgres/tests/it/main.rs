//! Real servers of every version that Nightshift is tested with.

mod lifecycle;
