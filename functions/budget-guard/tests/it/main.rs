//! The model against published vectors, invariants over made-up histories, and messages as Google writes them.

#[cfg(test)]
mod commands;
#[cfg(test)]
mod compact;
#[cfg(test)]
mod history;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod vectors;
