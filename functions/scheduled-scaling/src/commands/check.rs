//! `scheduled-scaling check`.

use super::print;
use crate::{
    cli::CheckArgs, config::Config, error::Error, findings::findings, report::check::Checked, zone,
};
use jiff::Timestamp;
use nightshift_runtime::ExitStatus;

pub(super) fn execute(
    config: &Config,
    args: &CheckArgs,
    now: Timestamp,
) -> Result<ExitStatus, Error> {
    let mut checked = Checked::new(zone::database_version(), now, config);
    for (name, schedule) in &config.schedules {
        let today = schedule.zone.local(now).date();
        checked.add(name, findings(schedule, today));
    }
    print(&checked, args.output)
}
