//! Backups of real servers, made, damaged, restored and compared.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod bed;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod cloud;
#[cfg(test)]
mod cloud_storage;
#[cfg(test)]
mod consistency;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod forged;
#[cfg(test)]
mod format;
#[cfg(test)]
mod independent;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod process;
#[cfg(test)]
mod program;
#[cfg(test)]
mod pruning;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod restoring;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod rivals;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod sharding;
#[cfg(test)]
mod shrinkage;
#[cfg(test)]
mod standby;
#[cfg(test)]
mod subscribed;
#[cfg(test)]
mod versions;
