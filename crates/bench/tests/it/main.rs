//! The built program.

#[cfg(test)]
mod measuring;
