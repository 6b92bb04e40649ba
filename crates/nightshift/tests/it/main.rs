//! The program `nightshift`, as a person types it, with the programs it starts as they are built.

#[cfg(test)]
mod bed;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod console;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod month;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod story;
#[cfg(test)]
mod up;
#[cfg(test)]
mod week;
