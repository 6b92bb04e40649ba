//! Load: as often as said, or as fast as it goes.

use super::http::Connection;
use anyhow::Context as _;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// No more than a function handles at once unless told otherwise, so that none is turned away for lack of a place.
pub const CONNECTIONS: usize = 16;

/// What came of it.
#[derive(Debug, Default)]
pub struct Answers {
    /// From the moment a request was due until it was answered, in ascending order.
    pub latencies: Vec<Duration>,
    /// Answers with another status than expected, and how many of each there were.
    pub wrong: BTreeMap<String, usize>,
}

/// A request as it goes over the wire, and what its answer should be.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// For people.
    pub name: &'static str,
    /// Head and body.
    pub bytes: Vec<u8>,
    /// The status.
    pub expected: u16,
}

/// Sends the same request `count` times, one every `interval`, whatever becomes of those before.
///
/// An answer that comes late delays the next request on that connection, and that delay counts: latencies are from when
/// a request was due.
pub fn steadily(
    address: SocketAddr,
    request: &Prepared,
    count: usize,
    interval: Duration,
) -> anyhow::Result<Answers> {
    let begin = Instant::now() + Duration::from_millis(10);
    let due = |number| begin + interval * u32::try_from(number).unwrap_or(u32::MAX);
    send(address, count, |number| {
        let due = due(number);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        (request, due)
    })
}

/// Sends `count` requests, each connection the next as soon as it has its answer.
pub fn at_full_speed<'a>(
    address: SocketAddr,
    count: usize,
    choose: impl Fn(usize) -> &'a Prepared + Sync,
) -> anyhow::Result<Answers> {
    send(address, count, |number| (choose(number), Instant::now()))
}

/// `next` waits until the request of this number is due, and says when that was.
fn send<'a>(
    address: SocketAddr,
    count: usize,
    next: impl Fn(usize) -> (&'a Prepared, Instant) + Sync,
) -> anyhow::Result<Answers> {
    let numbers = AtomicUsize::new(0);
    let sender = || {
        let mut connection = Connection::to(address);
        let mut answers = Answers::default();
        loop {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(answers);
            }
            let (request, due) = next(number);
            let status = connection
                .exchange(&request.bytes)
                .with_context(|| format!("send {}", request.name))?;
            answers.latencies.push(due.elapsed());
            if status != request.expected {
                let wrong = format!("{}: {status} instead of {}", request.name, request.expected);
                *answers.wrong.entry(wrong).or_default() += 1;
            }
        }
    };
    let parts: anyhow::Result<Vec<Answers>> = thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(sender)).collect();
        let joined = senders.into_iter().map(|sender| {
            let answers = sender.join();
            answers.unwrap_or_else(|_| Err(anyhow::anyhow!("a sender panicked")))
        });
        joined.collect()
    });
    Ok(together(parts?))
}

fn together(parts: Vec<Answers>) -> Answers {
    let mut all = Answers::default();
    for part in parts {
        all.latencies.extend(part.latencies);
        all.add_wrong(part.wrong);
    }
    all.latencies.sort_unstable();
    all
}

impl Answers {
    /// Counts these too.
    pub fn add_wrong(&mut self, wrong: BTreeMap<String, usize>) {
        for (what, count) in wrong {
            *self.wrong.entry(what).or_default() += count;
        }
    }

    /// The latency that this share of the requests stayed within: 0.99 for the 99th percentile.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of requests between 0 and a million"
    )]
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let rank = (share * self.latencies.len() as f64).ceil() as usize;
        self.latencies.get(rank.max(1) - 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
    };

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let latencies = (1..=200).map(Duration::from_millis).collect();
        let answers = Answers {
            latencies,
            ..Answers::default()
        };
        let at = |share| answers.percentile(share).unwrap().as_millis();
        assert_eq!([at(0.5), at(0.99), at(1.0)], [100, 198, 200]);
        assert_eq!(Answers::default().percentile(0.5), None);
    }

    /// A server that answers nobody for a while makes everybody late who was due meanwhile, not only those it had.
    #[test]
    fn a_pause_of_the_server_counts_for_every_request_that_was_due_in_it() {
        const PAUSE: Duration = Duration::from_millis(400);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let begun = Instant::now();
        thread::spawn(move || {
            for mut connection in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || {
                    let mut buffer = [0; 64];
                    while connection.read(&mut buffer).is_ok_and(|read| read > 0) {
                        thread::sleep(PAUSE.saturating_sub(begun.elapsed()));
                        connection
                            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                            .unwrap();
                    }
                });
            }
        });
        let request = Prepared {
            name: "a probe",
            bytes: b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            expected: 204,
        };
        let answers = steadily(address, &request, 100, Duration::from_millis(5)).unwrap();
        assert_eq!((answers.latencies.len(), answers.wrong.len()), (100, 0));
        // Due evenly over half a second, of which nearly four fifths passed without an answer.
        let middle = answers.percentile(0.5).unwrap();
        assert!(middle > PAUSE / 4, "{middle:?}");
    }
}
