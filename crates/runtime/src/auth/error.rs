use http::StatusCode;
use std::net::SocketAddr;

/// Why a service does not start with the callers it was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Nobody is checked on an address that others reach.
    #[error(
        "{address} can be reached from outside and callers are not checked: set `--auth iam` (on Cloud Run with \
         authentication required) or `--auth verify`, or listen on 127.0.0.1"
    )]
    OpenToAnyone {
        /// What was to be listened on.
        address: SocketAddr,
    },
    /// Nobody checks signatures.
    #[error(
        "`--auth iam` relies on Cloud Run, which has checked a token's signature, but this is not Cloud Run (no \
         `K_SERVICE`) and {address} can be reached from outside: set `--auth verify`"
    )]
    NotOnCloudRun {
        /// What was to be listened on.
        address: SocketAddr,
    },
    /// The list of audiences is empty.
    #[error(
        "no audience is given: set `--audience` to the URL that subscription and schedule name in their tokens"
    )]
    NoAudience,
    /// The list of callers is empty.
    #[error(
        "nobody may call: set `--caller` to the e-mail address of the service account that pushes"
    )]
    NoCaller,
    /// Something on the list of callers is no e-mail address.
    #[error(
        "`--caller` is {found:?}, expected an e-mail address such as push@project.iam.gserviceaccount.com"
    )]
    InvalidCaller {
        /// What is there.
        found: String,
    },
    /// Keys that come unprotected over a network prove nothing.
    #[error(
        "keys are to be fetched from {url:?}: only https is safe, or http on a loopback address"
    )]
    UnsafeKeys {
        /// Where from.
        url: String,
    },
    /// The HTTP client cannot be built.
    #[error("prepare fetching the keys that sign tokens")]
    Client(#[source] reqwest::Error),
}

/// Why a caller is not let in. Says nothing of the token that its sender does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// No token, or several.
    #[error("there is no bearer token")]
    NoToken,
    /// It is no JSON web token that Google could have made.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// Not RS256, which is all that Google signs ID tokens with.
    #[error("the token is not signed with RS256")]
    Algorithm,
    /// Signed with a key that Google does not publish.
    #[error("the token is signed with an unknown key")]
    UnknownKey,
    /// The signature does not match.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim is absent or not what it must be.
    #[error("the token's `{0}` is missing or not the expected one")]
    Claim(&'static str),
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// A good token of somebody who is not on the list.
    #[error("the token's account may not call this service")]
    Caller,
    /// Whether the token is good cannot be said now.
    #[error("the keys that sign tokens cannot be fetched now")]
    KeysUnavailable,
}

impl Rejection {
    /// What the caller is answered.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Caller => StatusCode::FORBIDDEN,
            Self::KeysUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// A constant word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Caller => "caller_not_allowed",
            Self::KeysUnavailable => "keys_unavailable",
            Self::NoToken => "token_missing",
            Self::Expired => "token_expired",
            _ => "token_invalid",
        }
    }
}
