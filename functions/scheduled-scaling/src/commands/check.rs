//! `scheduled-scaling check`.

use super::{Context, print};
use crate::{
    check::{Clocks, probe_clock, probe_targets},
    cli::CheckArgs,
    config::Config,
    error::Error,
    findings::findings,
    report::check::Checked,
    zone,
};
use jiff::Timestamp;
use nightshift_runtime::ExitStatus;

pub(super) fn offline(
    config: &Config,
    args: &CheckArgs,
    now: Timestamp,
) -> Result<ExitStatus, Error> {
    print(&schedules(config, now), args.output)
}

/// Also asks Google whether it would accept what we write, and what time it is there.
pub(super) async fn online(
    context: &Context,
    args: &CheckArgs,
    now: Timestamp,
) -> Result<ExitStatus, Error> {
    let scaler = &context.scaler;
    let mut checked = schedules(&scaler.config, now);
    let fleet = scaler.fleet().await;
    for (place, why) in &fleet.unread {
        checked.fail(&place.to_string(), why.clone());
    }
    checked.probed(probe_targets(&scaler.google, &fleet).await);
    match probe_clock(context.gcp.endpoint()).await {
        Ok(clocks) => checked.clocks(clocks),
        Err(why) => checked.fail("clock", Clocks::unknown(&why)),
    }
    let failed = checked.has_failures();
    print(&checked, args.output)?;
    Ok(if failed {
        ExitStatus::Failed
    } else {
        ExitStatus::Done
    })
}

fn schedules(config: &Config, now: Timestamp) -> Checked {
    let mut checked = Checked::new(zone::database_version(), now, config);
    for (name, schedule) in &config.schedules {
        let today = schedule.zone.local(now).date();
        checked.add(name, findings(schedule, today));
    }
    checked
}
