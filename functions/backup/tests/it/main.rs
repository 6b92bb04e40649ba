//! Backups of real servers, made, damaged, restored and compared.

#[cfg(test)]
mod bed;
#[cfg(test)]
mod bucket;
#[cfg(test)]
mod consistency;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod forged;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod program;
#[cfg(test)]
mod pruning;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod rivals;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod sharding;
#[cfg(test)]
mod shrinkage;
