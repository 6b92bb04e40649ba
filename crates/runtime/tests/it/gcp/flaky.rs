//! A server that answers as it is told, one act a request, and the last one for ever.

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers with a status and a JSON body.
    Answer(u16, &'static str),
    /// Reads the request and closes the connection.
    HangUp,
    /// Says half of an answer and closes the connection.
    BreakOff,
    /// Keeps the connection and says nothing.
    Silence,
}

pub(crate) const OK: Act = Act::Answer(200, r#"{"name":"projects/demo/secrets/s"}"#);

pub(crate) struct Flaky {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<String>>>,
    serving: AbortHandle,
}

impl Flaky {
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let acts: Vec<_> = acts.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let heard = seen.clone();
        let serving = tokio::spawn(async move {
            let mut silent = Vec::new();
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let Some(head) = read(&mut connection).await else {
                    continue;
                };
                let number = {
                    let mut heard = heard.lock().unwrap();
                    heard.push(head);
                    heard.len() - 1
                };
                match acts.get(number).or(acts.last()).unwrap() {
                    Act::Answer(status, body) => answer(&mut connection, *status, body).await,
                    Act::HangUp => {}
                    Act::BreakOff => {
                        let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"name\"";
                        let _ = connection.write_all(half.as_bytes()).await;
                    }
                    Act::Silence => silent.push(connection),
                }
            }
        });
        Self {
            url,
            seen,
            serving: serving.abort_handle(),
        }
    }

    /// The heads of the requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(connection: &mut TcpStream, status: u16, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let _ = connection
        .write_all(format!("{head}{body}").as_bytes())
        .await;
}

/// The head of a request, in lower case, once its body has come too.
async fn read(connection: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    loop {
        if connection.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&read).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        if body.len() >= length {
            return Some(head.to_owned());
        }
    }
}

impl Drop for Flaky {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
