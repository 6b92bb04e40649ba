//! Backups of real servers, made, damaged, restored and compared.

#[cfg(test)]
mod bed;
#[cfg(test)]
mod consistency;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod round_trip;
