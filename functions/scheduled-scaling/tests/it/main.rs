//! Schedules asked at instants, held against published answers, properties and failures others have had.

#[cfg(test)]
mod applying;
#[cfg(test)]
mod bed;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod conversions;
#[cfg(test)]
mod cron_table;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod gcloud;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod persons;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod program;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod year;
