//! One target, changed by nobody but us.

use proptest::prelude::*;
use scheduled_scaling::{
    decide::{Decision, Observed, Reading},
    schedule::Setting,
};

/// What is there, and what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct World(Reading);

impl World {
    /// A target set to `setting` that we have never touched.
    pub(super) fn new(setting: Setting) -> Self {
        Self(Reading::untouched(setting))
    }

    pub(super) fn seen(&self) -> Observed {
        Observed::Read(self.0.clone())
    }

    /// Does what was decided, and says whether that was a write.
    pub(super) fn apply(&mut self, decision: Decision) -> bool {
        let Decision::Write(change) = decision else {
            return false;
        };
        let Self(reading) = self;
        reading.setting = change.set.unwrap_or(reading.setting);
        reading.applied = change.stamp;
        reading.original = reading.original.or(change.original);
        true
    }
}

/// What was there before us.
pub(super) fn found() -> impl Strategy<Value = Setting> {
    (0_u32..4, prop::option::of(10_u32..20)).prop_map(|(min, max)| Setting::Automatic { min, max })
}
