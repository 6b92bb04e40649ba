//! The program `nightshift`, as a person types it, with the program `backup` as it is built.

#[cfg(test)]
mod bed;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod story;
