//! Schedules asked at instants, held against published answers, properties and failures others have had.

#[cfg(test)]
mod vectors;
