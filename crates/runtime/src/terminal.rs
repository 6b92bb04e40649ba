//! What is known about the terminal, and the one place where bars and lines meet.

use console::Term;
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::{
    borrow::Cow,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// All progress bars of the process. Whoever writes lines to the terminal does it inside [`MultiProgress::suspend`].
pub(crate) fn bars() -> &'static MultiProgress {
    static BARS: LazyLock<MultiProgress> =
        LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
    &BARS
}

static BARS_ALLOWED: AtomicBool = AtomicBool::new(false);

/// Says whether standard error is a terminal that log lines leave to the bars.
pub(crate) fn allow_bars(allowed: bool) {
    BARS_ALLOWED.store(allowed, Ordering::Relaxed);
}

/// Whether progress is shown as bars.
pub(crate) fn bars_allowed() -> bool {
    BARS_ALLOWED.load(Ordering::Relaxed)
}

/// The width of the terminal that standard output is, if it is one.
pub(crate) fn stdout_width() -> Option<u16> {
    let out = Term::stdout();
    out.is_term()
        .then(|| out.size_checked().map(|(_, columns)| columns))
        .flatten()
}

/// `text` with control characters escaped, except line breaks and tabs.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let drives_the_terminal = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(drives_the_terminal) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if drives_the_terminal(c) {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    Cow::Owned(printable)
}
