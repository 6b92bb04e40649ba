//! The bytes of a secret's version.

use secrecy::zeroize::{ZeroizeOnDrop, Zeroizing};

/// What one version holds. It cannot be printed, and is overwritten when it is dropped.
///
/// Copies that the clients of Google and of the databases make on their way to the wire are theirs and are not overwritten.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Zeroizing<Vec<u8>>);

impl ZeroizeOnDrop for Payload {}

/// The most that one version may hold, by Secret Manager's limits.
pub const MAX_BYTES: usize = 64 << 10;

impl Payload {
    /// These bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the one call that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, if they are text.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<String> for Payload {
    /// Takes the text without a copy, so that none is left behind.
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}
