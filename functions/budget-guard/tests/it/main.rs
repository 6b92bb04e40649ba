//! The model against published vectors, invariants over made-up histories, and messages as Google writes them.

#[cfg(test)]
mod compact;
#[cfg(test)]
mod vectors;
