//! How many passwords a policy allows, which is what its strength and its cost are measured by.

/// How many of a class there are to choose from, and how many of it a password has to have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Supply {
    pub(super) characters: usize,
    pub(super) minimum: usize,
}

/// The share of all strings of `length` that has the minimum of every class; from 0 to 1.
///
/// Class by class: of the characters of the classes so far, a binomial share is of the newest one.
#[expect(
    clippy::cast_precision_loss,
    reason = "lengths and alphabets are some hundreds"
)]
pub(super) fn share_of_valid(length: usize, supplies: &[Supply]) -> f64 {
    let ln_factorial = ln_factorials(length);
    // `ways[k]` is the chance that k characters, drawn from the classes so far, have their minimums.
    let mut ways = vec![0.0; length + 1];
    ways[0] = 1.0;
    let mut so_far = 0;
    for supply in supplies {
        so_far += supply.characters;
        let share = match so_far {
            0 => 0.0,
            _ => supply.characters as f64 / so_far as f64,
        };
        ways = (0..=length)
            .map(|total| {
                let of_class = supply.minimum..=total;
                of_class
                    .map(|k| binomial(&ln_factorial, total, k, share) * ways[total - k])
                    .sum()
            })
            .collect();
    }
    ways[length]
}

/// The chance of exactly `k` successes in `n` tries of probability `p`.
#[expect(
    clippy::cast_precision_loss,
    reason = "lengths and alphabets are some hundreds"
)]
fn binomial(ln_factorial: &[f64], n: usize, k: usize, p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        let certain = if p <= 0.0 { 0 } else { n };
        return if k == certain { 1.0 } else { 0.0 };
    }
    let ln_choose = ln_factorial[n] - ln_factorial[k] - ln_factorial[n - k];
    (ln_choose + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp()
}

#[expect(clippy::cast_precision_loss, reason = "lengths are some hundreds")]
fn ln_factorials(up_to: usize) -> Vec<f64> {
    let mut sums = vec![0.0; up_to + 1];
    for n in 1..=up_to {
        sums[n] = sums[n - 1] + (n as f64).ln();
    }
    sums
}
