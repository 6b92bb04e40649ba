//! `rotate-secrets`: see the library.
fn main() {}
