//! As much of HTTP/1.1 as sending prepared requests takes, at next to no cost on the cores that the measured program needs.

use anyhow::{Context as _, bail, ensure};
use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Longer than any answer takes that can still come.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection, opened when it is needed and again when the server has closed it.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    open: Option<BufReader<TcpStream>>,
}

impl Connection {
    /// A connection to be.
    pub fn to(address: SocketAddr) -> Self {
        Self {
            address,
            open: None,
        }
    }

    /// Sends a whole request and says the status of its answer.
    ///
    /// Is sent again on a new connection where the server has closed the old one meanwhile, as it may.
    pub fn exchange(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        if let Some(mut old) = self.open.take()
            && let Ok(Some((status, keep))) = exchange(&mut old, request)
        {
            self.open = keep.then_some(old);
            return Ok(status);
        }
        let stream = TcpStream::connect(self.address).context("connect")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut new = BufReader::new(stream);
        let answer = exchange(&mut new, request)?;
        let (status, keep) = answer.context("the connection was closed without an answer")?;
        self.open = keep.then_some(new);
        Ok(status)
    }
}

/// The status of the answer and whether the connection can be used again; `None` when it was closed instead.
fn exchange(
    stream: &mut BufReader<TcpStream>,
    request: &[u8],
) -> anyhow::Result<Option<(u16, bool)>> {
    // A server may answer and close before it has read everything; then the answer is there all the same.
    let sent = stream.get_mut().write_all(request);
    let answer = match read_answer(stream) {
        Ok(answer) => answer,
        Err(error) if closed(&error) => None,
        Err(error) => return Err(error),
    };
    if let (None, Err(error)) = (&answer, sent)
        && !closed(&error.into())
    {
        bail!("the request could not be sent");
    }
    Ok(answer)
}

fn closed(error: &anyhow::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    let kind = error
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    matches!(kind, Some(BrokenPipe | ConnectionReset | UnexpectedEof))
}

fn read_answer(stream: &mut impl BufRead) -> anyhow::Result<Option<(u16, bool)>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let status: u16 = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .with_context(|| format!("{line:?} is no status line"))?;
    let (mut length, mut keep) = (0, true);
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        ensure!(line.ends_with('\n'), "the answer is cut");
        if line.trim_end().is_empty() {
            break;
        }
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("{line:?} is no header"))?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse()?,
            "connection" => keep = !value.trim().eq_ignore_ascii_case("close"),
            "transfer-encoding" => bail!("an answer in chunks, which neither contender sends"),
            _ => {}
        }
    }
    std::io::copy(&mut stream.take(length), &mut std::io::sink())?;
    Ok(Some((status, keep)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str) -> anyhow::Result<Option<(u16, bool)>> {
        read_answer(&mut answer.as_bytes())
    }

    #[test]
    fn an_answer_is_read_to_its_end_and_not_beyond() {
        let two = "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 204 No Content\r\n\r\n";
        let mut stream = two.as_bytes();
        assert_eq!(read_answer(&mut stream).unwrap(), Some((400, true)));
        assert_eq!(read_answer(&mut stream).unwrap(), Some((204, true)));
        assert_eq!(read_answer(&mut stream).unwrap(), None);
    }

    #[test]
    fn a_closing_answer_says_so_and_a_cut_one_is_an_error() {
        let closing = "HTTP/1.1 431 Too Large\r\nconnection: close\r\n\r\n";
        assert_eq!(read(closing).unwrap(), Some((431, false)));
        assert!(read("HTTP/1.1 200 OK\r\nContent-").is_err());
        assert!(read("nonsense\r\n\r\n").is_err());
    }
}
