//! `rotate-secrets adopt`.

use super::{Context, tick::each};
use crate::{cli::ManyArgs, error::Error, rotation::Intent};
use nightshift_runtime::ExitStatus;

pub(super) async fn execute(context: &Context, args: &ManyArgs) -> Result<ExitStatus, Error> {
    let chosen = context.chosen(&args.secrets)?;
    each(context, &chosen, &Intent::Adopt).await
}
