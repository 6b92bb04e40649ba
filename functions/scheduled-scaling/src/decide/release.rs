//! Giving a target back.

use super::{Change, Decision, Observed, Why};
use crate::schedule::Setting;
use serde::{Deserialize, Serialize};

/// How a target is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Release {
    /// To what it was before us, where it is still as we left it.
    #[default]
    Restore,
    /// As it is.
    Leave,
}

/// Decides how to give a target back: restore what was there before us, and forget it.
///
/// What somebody has changed since we wrote it is not ours any more and stays. With `force` what we remember goes all the
/// same. `to` is what to leave instead of the original.
pub fn release(seen: &Observed, mode: Release, to: Option<Setting>, force: bool) -> Decision {
    let reading = match seen {
        Observed::Read(reading) => reading,
        Observed::Unreadable(why) => return Decision::Refuse(Why::Unreadable(why.clone())),
    };
    let forget = |set| {
        Decision::Write(Change {
            set,
            stamp: None,
            original: None,
            drift: None,
            revision_floor: None,
        })
    };
    let found = reading.setting;
    let Some(stamp) = &reading.applied else {
        return Decision::Nothing;
    };
    if stamp.setting != found {
        let expected = stamp.setting;
        return if force {
            forget(None)
        } else {
            Decision::Hold(Why::NotOurs { found, expected })
        };
    }
    match (mode, to.or(reading.original)) {
        (Release::Leave, _) => forget(None),
        (Release::Restore, Some(setting)) => forget(Some(setting).filter(|set| *set != found)),
        (Release::Restore, None) => Decision::Refuse(Why::NoOriginal),
    }
}
