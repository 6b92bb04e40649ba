//! `backup pin` and `backup unpin`.

use super::Context;
use crate::{
    cli::{PinArgs, UnpinArgs},
    error::Error,
    report::pinned::Pinned,
    repository::{Pin, Record},
};
use nightshift_runtime::ExitStatus;

pub(super) async fn pin(context: &Context, args: &PinArgs) -> Result<ExitStatus, Error> {
    let id = args.which.find(&context.repository, context.now()).await?;
    // A pin on debris would be a promise about nothing.
    context.repository.load(&id).await?;
    if args.reason.trim().is_empty() {
        return Err(Error::Usage(
            "--reason is empty: say why, for whoever wonders later".into(),
        ));
    }
    let pin = Pin {
        at: context.now(),
        reason: args.reason.clone(),
    };
    context
        .repository
        .record(&id, &Record::Pin(pin.clone()))
        .await?;
    context.print(&Pinned { id, pin: Some(pin) })?;
    Ok(ExitStatus::Done)
}

pub(super) async fn unpin(context: &Context, args: &UnpinArgs) -> Result<ExitStatus, Error> {
    let id = args.which.find(&context.repository, context.now()).await?;
    context.repository.unpin(&id).await?;
    context.print(&Pinned { id, pin: None })?;
    Ok(ExitStatus::Done)
}
