//! The tests of infra/.
