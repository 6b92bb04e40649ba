//! One retry policy, as a value.

use crate::report;
use rand::Rng;
use std::{fmt::Display, time::Duration};
use tokio::time::Instant;
use tracing::{info, warn};

/// How often, how patiently and for how long something is tried again.
///
/// The default is five attempts within two minutes, waiting up to 0.5 s, 1 s, 2 s and 4 s between them: enough for a
/// restart of a service or a second of overload, short enough for a person to wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all, the first one included; 0 means the same as 1.
    pub max_attempts: u32,
    /// The longest wait before the second attempt.
    pub initial_delay: Duration,
    /// By how much the longest wait grows from attempt to attempt.
    pub multiplier: f64,
    /// What the longest wait never grows beyond.
    pub max_delay: Duration,
    /// The time after which no attempt starts, counted from the first. A running attempt is not cut short: it needs a
    /// time limit of its own.
    pub deadline: Duration,
    /// How a wait is chosen below its longest.
    pub jitter: Jitter,
}

/// How a wait is chosen below its longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Anything between nothing and the longest, so that many clients that failed together come back apart.
    Full,
    /// The longest itself. For tests, and where there is only one client.
    None,
}

/// What an error means for the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may pass: try again after the policy's wait.
    Retry,
    /// It may pass, and the other side has said when (`Retry-After`): wait at least this long.
    RetryAfter(Duration),
    /// It will not pass by itself.
    Stop,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            initial_delay: Duration::from_millis(500),
            multiplier: 2.0,
            max_delay: Duration::from_secs(30),
            deadline: Duration::from_mins(2),
            jitter: Jitter::Full,
        }
    }
}

impl RetryPolicy {
    /// One attempt and no more.
    pub fn never() -> Self {
        Self {
            max_attempts: 1,
            ..Self::default()
        }
    }

    /// Makes `attempt` until it succeeds, `judge` says [`Verdict::Stop`], or the policy is exhausted; then returns the
    /// last error as it is.
    ///
    /// `attempt` is given its number, from 1. It must be safe to repeat: an answer may have been lost after the work
    /// was done. `what` completes "retrying …" in the log (`"upload of chunk 7"`); errors appear there by their
    /// `Display`.
    pub async fn run<T, E, Attempting>(
        &self,
        what: &str,
        mut attempt: impl FnMut(u32) -> Attempting,
        judge: impl Fn(&E) -> Verdict,
    ) -> Result<T, E>
    where
        E: Display,
        Attempting: Future<Output = Result<T, E>>,
    {
        let started = Instant::now();
        let mut number = 1;
        loop {
            let error = match attempt(number).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let asked = match judge(&error) {
                Verdict::Retry => Duration::ZERO,
                Verdict::RetryAfter(asked) => asked,
                Verdict::Stop => return Err(error),
            };
            let wait = self.wait_after(number).max(asked);
            if number >= self.max_attempts || started.elapsed() + wait > self.deadline {
                if number > 1 {
                    warn!(what, attempts = number, %error, "giving up");
                }
                return Err(error);
            }
            info!(what, attempt = number, wait = report::duration(wait), %error, "retrying");
            tokio::time::sleep(wait).await;
            number += 1;
        }
    }

    /// The wait between attempt `number` and the next.
    pub(crate) fn wait_after(&self, number: u32) -> Duration {
        let growth = self.multiplier.powf(f64::from(number.saturating_sub(1)));
        let longest = Duration::try_from_secs_f64(self.initial_delay.as_secs_f64() * growth)
            .map_or(self.max_delay, |delay| delay.min(self.max_delay));
        match self.jitter {
            Jitter::None => longest,
            Jitter::Full => longest.mul_f64(rand::rng().random_range(0.0..=1.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    const SECOND: Duration = Duration::from_secs(1);

    fn even() -> RetryPolicy {
        RetryPolicy {
            initial_delay: SECOND,
            jitter: Jitter::None,
            ..RetryPolicy::default()
        }
    }

    /// Fails every attempt, and says how many there were and how long they took.
    async fn fail_always(policy: RetryPolicy, verdict: Verdict) -> (u32, Duration) {
        let started = Instant::now();
        let attempts = Cell::new(0);
        let outcome: Result<(), _> = policy
            .run(
                "a test",
                |number| {
                    attempts.set(number);
                    async { Err("broken") }
                },
                |_| verdict,
            )
            .await;
        assert_eq!(outcome, Err("broken"));
        (attempts.get(), started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_succeeds_ends_the_run() {
        let outcome = even()
            .run(
                "a test",
                |n| async move { if n < 3 { Err("not yet") } else { Ok(n) } },
                |_| Verdict::Retry,
            )
            .await;
        assert_eq!(outcome, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_until_the_attempts_are_used_up() {
        let (attempts, took) = fail_always(even(), Verdict::Retry).await;
        assert_eq!(attempts, 5);
        assert_eq!(took.as_secs(), 1 + 2 + 4 + 8);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_no_longer_than_their_limit() {
        let policy = RetryPolicy {
            max_delay: SECOND * 3,
            ..even()
        };
        let (_, took) = fail_always(policy, Verdict::Retry).await;
        assert_eq!(took.as_secs(), 1 + 2 + 3 + 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_final_error_is_not_tried_again() {
        assert_eq!(
            fail_always(even(), Verdict::Stop).await,
            (1, Duration::ZERO)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn never_means_one_attempt() {
        assert_eq!(
            fail_always(RetryPolicy::never(), Verdict::Retry).await,
            (1, Duration::ZERO)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_the_other_side_asked_for_is_kept() {
        let policy = RetryPolicy {
            max_attempts: 2,
            ..even()
        };
        let (_, took) = fail_always(policy, Verdict::RetryAfter(SECOND * 20)).await;
        assert_eq!(took.as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_waited_for_that_ends_after_the_deadline() {
        let policy = RetryPolicy {
            deadline: SECOND * 5,
            ..even()
        };
        let (attempts, took) = fail_always(policy, Verdict::Retry).await;
        assert_eq!((attempts, took.as_secs()), (3, 3));

        let (attempts, took) = fail_always(policy, Verdict::RetryAfter(SECOND * 6)).await;
        assert_eq!((attempts, took.as_secs()), (1, 0));
    }

    #[test]
    fn full_jitter_spreads_waits_between_nothing_and_the_longest() {
        let policy = RetryPolicy {
            jitter: Jitter::Full,
            ..even()
        };
        let waits: Vec<_> = (0..1000).map(|_| policy.wait_after(1)).collect();
        assert!(waits.iter().all(|wait| *wait <= SECOND));
        assert!(waits.iter().any(|wait| *wait < SECOND / 4));
        assert!(waits.iter().any(|wait| *wait > SECOND * 3 / 4));
    }

    #[test]
    fn absurd_numbers_end_at_the_longest_wait() {
        let policy = RetryPolicy {
            multiplier: f64::MAX,
            ..even()
        };
        assert_eq!(policy.wait_after(u32::MAX), policy.max_delay);
        let policy = RetryPolicy {
            multiplier: f64::NAN,
            ..even()
        };
        assert_eq!(policy.wait_after(2), policy.max_delay);
    }
}
