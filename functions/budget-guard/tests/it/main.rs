//! The model against published vectors, invariants over made-up histories, messages as Google writes them, and the guard
//! at work on a Google Cloud of its own.

#[cfg(test)]
mod applying;
#[cfg(test)]
mod bed;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod compact;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod history;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod month;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod overtaken;
#[cfg(test)]
mod program;
#[cfg(test)]
mod real_month;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod vectors;
