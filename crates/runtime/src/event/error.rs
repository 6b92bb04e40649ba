use super::MAX_BODY;

/// Why a request is not an event. None of these can pass by itself: the answer is `400`, and Pub/Sub hands the message to
/// the dead-letter topic once it has been refused often enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The body is beyond [`MAX_BODY`].
    #[error("the body has {found} bytes, and {MAX_BODY} are the most")]
    TooLarge {
        /// Its size.
        found: usize,
    },
    /// The body should be JSON and is not even text.
    #[error("the body is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// The body should be JSON. Also for a key that is there twice.
    #[error("the body is not the JSON expected: {reason}")]
    NotJson {
        /// What is wrong, with line and column.
        reason: String,
    },
    /// Something that is always there is not.
    #[error("{field} is missing")]
    Missing {
        /// `` `message.messageId` `` or `` header `ce-id` ``.
        field: String,
    },
    /// Something is there with another type or content.
    #[error("{field} is {found}, expected {expected}")]
    Unexpected {
        /// As in [`Missing`](Self::Missing).
        field: String,
        /// What is there, shortened; never the event's data.
        found: String,
        /// What should be.
        expected: &'static str,
    },
    /// Something is there twice where one is meant.
    #[error("{field} is there twice")]
    Twice {
        /// As in [`Missing`](Self::Missing).
        field: String,
    },
    /// Two that always have the same value do not.
    #[error("{first} and {second} differ")]
    Conflict {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// The event is one, but its data is not what its receiver reads ([`Event::json`](super::Event::json)).
    #[error("the event's data is not the JSON expected: {}{reason}", at.as_ref().map(|path| format!("`{path}`: ")).unwrap_or_default())]
    Data {
        /// Where in the data, if anywhere in particular.
        at: Option<String>,
        /// What is wrong, with line and column.
        reason: String,
    },
}

impl EventError {
    /// A constant word for programs, as in `{"error": {"code": …}}`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "body_too_large",
            Self::Data { .. } => "invalid_data",
            _ => "invalid_event",
        }
    }

    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        Self::NotJson {
            reason: error.to_string(),
        }
    }

    pub(super) fn data(at: Option<String>, error: &serde_json::Error) -> Self {
        Self::Data {
            at,
            reason: error.to_string(),
        }
    }

    pub(super) fn missing(field: &str) -> Self {
        Self::Missing {
            field: field.to_owned(),
        }
    }
}

/// `text` in quotes, so that nothing in it can pretend to be something else, and short enough for a log.
pub(super) fn quote(text: &str) -> String {
    const MOST: usize = 64;
    match text.floor_char_boundary(MOST) {
        end if end < text.len() => format!("{:?}… ({} bytes)", &text[..end], text.len()),
        _ => format!("{text:?}"),
    }
}
