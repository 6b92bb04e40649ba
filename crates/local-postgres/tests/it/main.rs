//! Real servers of every version that Nightshift is tested with.

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod lifecycle;
