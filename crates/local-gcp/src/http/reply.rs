//! An answer, kept as a value until the journal has seen it.

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;

/// What a method answers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    pub(crate) content: Content,
    /// What the journal shows in place of bodies that are not JSON: request and answer.
    pub(crate) noted: Option<Box<(Value, Value)>>,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Content {
    Empty,
    Json(Value),
    /// Text of the given media type.
    Text(&'static str, String),
    /// Bytes on their way out, which the journal does not keep.
    Stream(Body),
    /// An answer that something else (gRPC) has put together already.
    Whole(Box<Response>),
}

impl Reply {
    /// `200 OK` with a JSON body.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, super::ApiError> {
        let value = serde_json::to_value(value)
            .map_err(|e| super::ApiError::internal(format!("cannot render the answer: {e}")))?;
        Ok(Self::json_with(StatusCode::OK, value))
    }

    pub(crate) fn json_with(status: StatusCode, value: Value) -> Self {
        Self {
            content: Content::Json(value),
            ..Self::bare(status)
        }
    }

    /// `{}`: what `google.protobuf.Empty` is in JSON.
    pub(crate) fn empty_json() -> Self {
        Self::json_with(StatusCode::OK, Value::Object(serde_json::Map::new()))
    }

    pub(crate) fn bare(status: StatusCode) -> Self {
        Self {
            status,
            headers: vec![],
            content: Content::Empty,
            noted: None,
        }
    }

    pub(crate) fn text(media_type: &'static str, text: impl Into<String>) -> Self {
        Self {
            content: Content::Text(media_type, text.into()),
            ..Self::bare(StatusCode::OK)
        }
    }

    pub(crate) fn stream(status: StatusCode, body: Body) -> Self {
        Self {
            content: Content::Stream(body),
            ..Self::bare(status)
        }
    }

    pub(crate) fn whole(response: Response) -> Self {
        let status = response.status();
        Self {
            content: Content::Whole(Box::new(response)),
            ..Self::bare(status)
        }
    }

    /// What the journal shall show of a call whose bodies are not JSON. A null answer leaves the reply to speak for itself.
    pub(crate) fn noting(mut self, request: Value, answer: Value) -> Self {
        self.noted = Some(Box::new((request, answer)));
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Adds a header; a value that HTTP cannot carry is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn retry_after(self, seconds: Option<u64>) -> Self {
        match seconds {
            Some(seconds) => self.header(RETRY_AFTER, seconds.to_string()),
            None => self,
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match self.content {
            Content::Empty => Response::new(Body::empty()),
            Content::Json(value) => {
                let media_type = HeaderValue::from_static("application/json; charset=UTF-8");
                ([(CONTENT_TYPE, media_type)], value.to_string()).into_response()
            }
            Content::Text(media_type, text) => ([(CONTENT_TYPE, media_type)], text).into_response(),
            Content::Stream(body) => Response::new(body),
            Content::Whole(response) => return *response,
        };
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}
