//! The crash matrix with the real clients.
