//! Logging in: start-up, password, and the messages until the server is ready.

use super::{WireError, WireSession, protocol, refusal};
use crate::source::params::ConnectParams;
use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::{
    authentication::{
        md5_hash,
        sasl::{self, ChannelBinding, ScramSha256},
    },
    message::{backend::Message, frontend},
};
use secrecy::ExposeSecret;
use std::io;

pub(super) fn log_in(session: &mut WireSession, params: &ConnectParams) -> Result<(), WireError> {
    session.send(&greeting(params)?)?;
    let mut scram: Option<ScramSha256> = None;
    loop {
        let mut answer = BytesMut::new();
        match session.message()? {
            Message::AuthenticationCleartextPassword => {
                frontend::password_message(password(params)?, &mut answer)?;
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(params.user.as_bytes(), password(params)?, body.salt());
                frontend::password_message(hash.as_bytes(), &mut answer)?;
            }
            Message::AuthenticationSasl(body) => {
                if !body
                    .mechanisms()
                    .any(|offered| Ok(offered == sasl::SCRAM_SHA_256))?
                {
                    return Err(protocol("it asks for an unknown way to log in").into());
                }
                let state = ScramSha256::new(password(params)?, ChannelBinding::unsupported());
                frontend::sasl_initial_response(sasl::SCRAM_SHA_256, state.message(), &mut answer)?;
                scram = Some(state);
            }
            Message::AuthenticationSaslContinue(body) => {
                let state = begun(&mut scram)?;
                state.update(body.data())?;
                frontend::sasl_response(state.message(), &mut answer)?;
            }
            Message::AuthenticationSaslFinal(body) => {
                begun(&mut scram)?.finish(body.data())?;
            }
            Message::ErrorResponse(body) => return Err(refusal(&body)?),
            Message::ReadyForQuery(_) => return Ok(()),
            Message::AuthenticationOk
            | Message::ParameterStatus(_)
            | Message::BackendKeyData(_)
            | Message::NoticeResponse(_) => {}
            _ => return Err(protocol("it asks for a way to log in that is not supported").into()),
        }
        if !answer.is_empty() {
            session.send(&answer)?;
        }
    }
}

fn greeting(params: &ConnectParams) -> io::Result<BytesMut> {
    let mut parameters = vec![
        ("user", params.user.as_str()),
        ("database", params.database.as_str()),
        ("application_name", super::super::session::APPLICATION_NAME),
        ("client_encoding", "UTF8"),
    ];
    if let Some(options) = &params.options {
        parameters.push(("options", options));
    }
    let mut bytes = BytesMut::new();
    frontend::startup_message(parameters, &mut bytes)?;
    Ok(bytes)
}

fn begun(scram: &mut Option<ScramSha256>) -> Result<&mut ScramSha256, WireError> {
    Ok(scram
        .as_mut()
        .ok_or_else(|| protocol("SASL out of order"))?)
}

fn password(params: &ConnectParams) -> Result<&[u8], WireError> {
    let password = params.password.as_ref().ok_or_else(|| WireError::Server {
        code: "28P01".into(),
        message: "the server asks for a password and none is given".into(),
    })?;
    Ok(password.expose_secret().as_bytes())
}
