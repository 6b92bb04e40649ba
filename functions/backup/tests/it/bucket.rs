//! A bucket that can be put out of order: as much of Cloud Storage's XML API as a run asks for.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A bucket on 127.0.0.1. It ends with the test's process; it holds nothing but memory.
pub(crate) struct Bucket {
    pub(crate) endpoint: String,
    state: Arc<State>,
}

struct State {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    /// How many objects are accepted before everything is answered with 503.
    room: usize,
}

impl Bucket {
    /// A bucket that is out of order as soon as it has `room` objects.
    pub(crate) fn out_of_order_after(room: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            objects: Mutex::default(),
            room,
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || state.serve(&stream));
            }
        });
        Self { endpoint, state }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state.objects.lock().unwrap().keys().cloned().collect()
    }
}

impl State {
    /// One connection, until the client closes it.
    fn serve(&self, stream: &TcpStream) {
        let mut input = BufReader::new(stream);
        let mut output = stream;
        while let Some((line, body)) = request(&mut input) {
            let (status, body) = self.answer(&line, body);
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\netag: \"1\"\r\nlast-modified: Tue, 30 Jun 2026 02:00:00 GMT\r\n\r\n",
                body.len()
            );
            if output
                .write_all(&[head.as_bytes(), &body].concat())
                .is_err()
            {
                return;
            }
        }
    }

    fn answer(&self, line: &str, body: Vec<u8>) -> (&'static str, Vec<u8>) {
        let mut objects = self.objects.lock().unwrap();
        let mut words = line.split(' ');
        let (method, url) = (words.next().unwrap(), words.next().unwrap());
        if objects.len() >= self.room {
            return ("503 Service Unavailable", b"try later".to_vec());
        }
        match (method, url.split_once('?')) {
            ("GET", Some(_)) => ("200 OK", b"<ListBucketResult></ListBucketResult>".to_vec()),
            ("PUT", _) => {
                objects.insert(url.to_owned(), body);
                ("200 OK", Vec::new())
            }
            ("GET", None) => match objects.get(url) {
                Some(bytes) => ("200 OK", bytes.clone()),
                None => ("404 Not Found", Vec::new()),
            },
            _ => ("405 Method Not Allowed", Vec::new()),
        }
    }
}

/// The first line and the body of a request; None at the end of the connection.
fn request(input: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let found = name.eq_ignore_ascii_case("content-length");
        found.then(|| value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    input.read_exact(&mut body).ok()?;
    Some((lines.swap_remove(0), body))
}
