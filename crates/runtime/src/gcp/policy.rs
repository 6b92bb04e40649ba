//! Our retry policy in the terms of Google's clients.

use crate::RetryPolicy;
use google_cloud_gax::{
    backoff_policy::BackoffPolicy,
    error::Error,
    retry_policy::{Aip194Strict, RetryPolicy as GaxPolicy, RetryPolicyArg, RetryPolicyExt},
    retry_result::RetryResult,
    retry_state::RetryState,
};
use std::time::Duration;
use tracing::info;

/// The limits must be outermost: a decorator around them would go on where they stop.
pub(super) fn retry(policy: &RetryPolicy) -> RetryPolicyArg {
    let what = Transient(Aip194Strict.continue_on_too_many_requests());
    what.with_attempt_limit(policy.max_attempts.max(1))
        .with_time_limit(policy.deadline)
        .into()
}

/// What passes by itself: what Google's policy says (<https://google.aip.dev/194>, and 429), and for what may be repeated
/// also the answers of front ends and attempts without an answer, which that policy takes for final.
#[derive(Debug)]
struct Transient<P>(P);

impl<P: GaxPolicy> GaxPolicy for Transient<P> {
    fn on_error(&self, state: &RetryState, error: Error) -> RetryResult {
        let status = error.http_status_code();
        let result = match self.0.on_error(state, error) {
            RetryResult::Permanent(error) if state.idempotent && may_pass(&error) => {
                RetryResult::Continue(error)
            }
            other => other,
        };
        if matches!(result, RetryResult::Continue(_)) {
            // Not the error itself: it can quote an answer.
            info!(
                attempt = state.attempt_count,
                status, "a call of Google's API failed and may be repeated"
            );
        }
        result
    }
}

fn may_pass(error: &Error) -> bool {
    let status = error.http_status_code();
    error.is_timeout() || matches!(status, Some(408 | 500 | 502 | 504))
}

/// Our waits between attempts.
#[derive(Debug)]
pub(super) struct Backoff(pub(super) RetryPolicy);

impl BackoffPolicy for Backoff {
    fn on_failure(&self, state: &RetryState) -> Duration {
        self.0.wait_after(state.attempt_count)
    }
}
