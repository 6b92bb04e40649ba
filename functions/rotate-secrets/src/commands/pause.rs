//! `rotate-secrets pause` and `resume`.

use super::Context;
use crate::{
    cli::OneArgs, error::Error, report::paused::Paused, rotation::state::PAUSE_ANNOTATION,
    secret_manager::Written,
};
use nightshift_runtime::ExitStatus;

/// How often the annotation is written again that somebody else's write came in between of.
const ATTEMPTS: u32 = 5;

pub(super) async fn execute(
    context: &Context,
    args: &OneArgs,
    pause: bool,
) -> Result<ExitStatus, Error> {
    let managed = context.fleet.named(&args.secret)?;
    let name = &managed.name.name;
    let secrets = &context.services.secrets;
    for _ in 0..ATTEMPTS {
        let secret = secrets.read(name).await?;
        if secret.is_paused() == pause {
            context.print(&Paused::new(managed, &secret))?;
            return Ok(ExitStatus::Done);
        }
        let value = pause.then(|| "true".to_owned());
        if let Written::Done(secret) = secrets.annotate(&secret, PAUSE_ANNOTATION, value).await? {
            context.print(&Paused::new(managed, &secret))?;
            return Ok(ExitStatus::Done);
        }
    }
    Err(Error::Contended(name.clone()))
}
