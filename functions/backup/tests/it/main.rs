//! Backups of real servers, made, damaged, restored and compared.

#[cfg(test)]
mod bed;
#[cfg(test)]
mod round_trip;
