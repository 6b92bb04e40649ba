//! What holds of rotation, whoever dies, comes twice or wakes up late; and what holds against real servers.

#[cfg(test)]
mod arrangements;
#[cfg(test)]
mod bed;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod consumers;
#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod events;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod model;
#[cfg(test)]
mod patience;
#[cfg(test)]
mod planted;
#[cfg(test)]
mod program;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod rivals;
#[cfg(test)]
mod rotating;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod watched;
