//! A hundred users, and services that are well, slow or broken.

#[cfg(test)]
mod services;
