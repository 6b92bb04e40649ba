//! Real servers of every version that Nightshift is tested with.

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod places;
#[cfg(test)]
mod standby;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod watchdog;
