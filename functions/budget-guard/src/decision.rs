//! What was decided: all of it as values, so that it can be compared, stored and explained.

use crate::{
    action::{Action, Resource},
    money::Micros,
    policy::{Class, Mode},
    projection::Projection,
};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use std::fmt;

/// Reason codes: the same word in a decision, a notice, a log line, a metric and the documentation.
macro_rules! codes {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// The word for it.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }
    };
}

codes! {
    /// Why there is nothing to do and nobody to tell.
    Ignored {
        /// Neither a budget's message nor an anomaly's.
        UnknownKind = "unknown_kind",
        /// A budget that is not in the policy.
        UnboundBudget = "unbound_budget",
        /// An anomaly of another billing account.
        UnboundAccount = "unbound_account",
        /// Published more than a day ago.
        TooOld = "too_old",
        /// Of a period that is over.
        OldPeriod = "old_period",
        /// Older than the last one of its period.
        Stale = "stale",
    }
}

codes! {
    /// How the evidence contradicts the configuration: neither enforce nor restore.
    Hold {
        /// A schema nobody has read yet.
        UnknownSchema = "unknown_schema",
        /// The period does not begin where one can.
        IntervalMisaligned = "interval_misaligned",
        /// It has not happened yet.
        FromTheFuture = "from_the_future",
        /// An amount is missing or no number.
        BadAmounts = "bad_amounts",
        /// Another currency than the policy's.
        CurrencyMismatch = "currency_mismatch",
        /// No budget to compare with.
        AmountNotPositive = "amount_not_positive",
        /// A budget outside the policy's bounds.
        AmountOutOfRange = "amount_out_of_range",
    }
}

codes! {
    /// Why a person's command is not obeyed.
    Rejection {
        /// It does not say why.
        ReasonRequired = "reason_required",
        /// It ends before it begins.
        UntilInThePast = "until_in_the_past",
        /// There is no such step, nor a latch of one.
        UnknownStep = "unknown_step",
        /// The step only speaks; there is nothing to give back.
        NothingToRelease = "nothing_to_release",
    }
}

codes! {
    /// Why a step whose trigger is satisfied does not fire.
    Suppression {
        /// Not often or not long enough yet.
        Unconfirmed = "unconfirmed",
        /// It let go a short while ago.
        Cooling = "cooling",
        /// A person released it.
        ReleasedByOperator = "released_by_operator",
        /// A person snoozed the guard.
        Snoozed = "snoozed",
        /// A consent is missing.
        NotArmed = "not_armed",
    }
}

codes! {
    /// Why a step let go.
    ReleaseReason {
        /// A new period began.
        Rollover = "rollover",
        /// Somebody raised the budget.
        BudgetRaised = "budget_raised",
        /// The cost fell and stayed below.
        Hysteresis = "hysteresis",
        /// The step is no longer in the policy.
        PolicyRemoved = "policy_removed",
        /// A person said so.
        Operator = "operator",
    }
}

codes! {
    /// The highest class in force.
    Level {
        /// Nothing is.
        Normal = "normal",
        /// Something has been said.
        Notified = "notified",
        /// Something is throttled.
        Throttled = "throttled",
        /// Something is stopped.
        Stopped = "stopped",
        /// Billing is unlinked.
        Capped = "capped",
    }
}

impl From<Option<Class>> for Level {
    fn from(highest: Option<Class>) -> Self {
        match highest {
            None => Self::Normal,
            Some(Class::Notify) => Self::Notified,
            Some(Class::Throttle) => Self::Throttled,
            Some(Class::Stop) => Self::Stopped,
            Some(Class::Cap) => Self::Capped,
        }
    }
}

/// What an event came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "reason", rename_all = "snake_case")]
pub enum Verdict {
    /// It was judged.
    Evaluated,
    /// It has been judged before.
    Replay,
    /// It does not concern us.
    Ignored(Ignored),
    /// It cannot be trusted.
    Hold(Hold),
    /// The command is obeyed.
    Accepted,
    /// The command is not obeyed.
    Rejected(Rejection),
    /// Time has passed.
    Tick,
}

impl Verdict {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Evaluated => "evaluated",
            Self::Replay => "replay",
            Self::Ignored(_) => "ignored",
            Self::Hold(_) => "hold",
            Self::Accepted => "accepted",
            Self::Rejected(_) => "rejected",
            Self::Tick => "tick",
        }
    }

    /// The reason code, for those that have one.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Ignored(why) => Some(why.code()),
            Self::Hold(why) => Some(why.code()),
            Self::Rejected(why) => Some(why.code()),
            Self::Evaluated | Self::Replay | Self::Accepted | Self::Tick => None,
        }
    }
}

/// A step that fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Firing {
    /// Which.
    pub step: String,
    /// How far it goes.
    pub class: Class,
    /// Whether it is for real.
    pub mode: Mode,
    /// How often it was released in this period.
    pub epoch: u32,
    /// `ACCOUNT/BUDGET/PERIOD/STEP#EPOCH`: never fired twice for real, and so the key of everything that follows from it.
    pub key: String,
}

/// A step that lets go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    /// Which.
    pub step: String,
    /// Why.
    pub reason: ReleaseReason,
    /// Whether it had done anything.
    pub mode: Mode,
}

/// A step that would fire, and does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// Which.
    pub step: String,
    /// Why.
    pub reason: Suppression,
}

/// One line of the plan: the difference between what is in force and what should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum PlanItem {
    /// Put the resource back to what it was.
    Restore {
        /// Which.
        resource: Resource,
        /// What was in force.
        action: Action,
    },
    /// Take away, or take away more.
    Do {
        /// What.
        action: Action,
    },
    /// Take away less than is in force.
    Set {
        /// What.
        action: Action,
    },
    /// What would be done, were this no dry run.
    Dry {
        /// What.
        action: Action,
    },
    /// Not done: something more severe is done to the same resource.
    SkipSuperseded {
        /// What.
        action: Action,
    },
    /// Not done: the resource is protected.
    SkipProtected {
        /// What.
        action: Action,
    },
}

impl PlanItem {
    /// Whether it changes anything.
    pub const fn acts(&self) -> bool {
        matches!(
            self,
            Self::Restore { .. } | Self::Do { .. } | Self::Set { .. }
        )
    }
}

impl fmt::Display for PlanItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restore { resource, .. } => write!(f, "restore {}", resource.path),
            Self::Do { action } => write!(f, "do {action}"),
            Self::Set { action } => write!(f, "set {action}"),
            Self::Dry { action } => write!(f, "dry {action}"),
            Self::SkipSuperseded { action } => write!(f, "skip:superseded {action}"),
            Self::SkipProtected { action } => write!(f, "skip:protected {action}"),
        }
    }
}

/// One message to one channel; it says everything this decision has for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The channel's name in the configuration.
    pub channel: String,
    /// What it is about.
    pub topics: Vec<Topic>,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "topic", rename_all = "snake_case")]
pub enum Topic {
    /// These steps fired.
    Fired {
        /// Which.
        steps: Vec<String>,
    },
    /// Steps let go.
    Released,
    /// These steps stay in force over the end of the period.
    Carried {
        /// Which.
        steps: Vec<String>,
    },
    /// The evidence is not trusted.
    Hold {
        /// Why.
        reason: Hold,
    },
    /// These steps would have fired, were the guard not snoozed.
    HeldBySnooze {
        /// Which.
        steps: Vec<String>,
    },
    /// A person snoozed the guard.
    Snoozed {
        /// Until when.
        until: Timestamp,
    },
    /// A person ended every snooze and release.
    Resumed,
    /// A step would have fired, were its project armed.
    NotArmed {
        /// Which.
        step: String,
    },
    /// Something is still taken away.
    Reminder,
    /// No message has come for hours.
    FeedSilent,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fired { steps } => f.write_str(&steps.join("+")),
            Self::Released => f.write_str("released"),
            Self::Carried { steps } => write!(f, "{} carried", steps.join("+")),
            Self::Hold { reason } => write!(f, "hold {reason}"),
            Self::HeldBySnooze { steps } => write!(f, "{} snoozed", steps.join("+")),
            Self::Snoozed { until } => write!(f, "snoozed until {until}"),
            Self::Resumed => f.write_str("resumed"),
            Self::NotArmed { step } => write!(f, "{step} not_armed"),
            Self::Reminder => f.write_str("reminder"),
            Self::FeedSilent => f.write_str("feed_silent"),
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What the event came to.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The highest class that is in force afterwards.
    pub level: Level,
    /// Whether a new period began.
    pub rolled: bool,
    /// The steps that fire.
    pub fired: Vec<Firing>,
    /// The steps that let go.
    pub released: Vec<Release>,
    /// The steps that would fire, and do not.
    pub suppressed: Vec<Suppressed>,
    /// What is to be done, in order.
    pub plan: Vec<PlanItem>,
    /// What is to be said.
    pub notify: Vec<Notice>,
    /// What the period has cost, as far as anybody knows.
    pub cost: Option<Micros>,
    /// The budget's amount.
    pub budget: Option<Micros>,
    /// Where the spend is going, when that can be said.
    pub projection: Option<Projection>,
}
