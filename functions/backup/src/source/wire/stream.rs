//! The connection below a session: a unix socket, TCP, or TLS over TCP.

use crate::source::params::{ConnectParams, Host};
use bytes::BytesMut;
use nightshift_runtime::postgres_tls::SslMode;
use postgres_protocol::message::frontend;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    os::unix::net::UnixStream,
    sync::Arc,
    time::Duration,
};

/// How long a read waits before it looks whether the run is being stopped.
const READ_TIMEOUT: Duration = Duration::from_secs(1);
/// A peer that is gone is noticed within 70 s: a NAT that drops an idle flow says nothing (dimitri/pgcopydb#773).
const KEEPALIVE: Duration = Duration::from_secs(10);

pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    pub(super) fn connect(
        params: &ConnectParams,
        host: &Host,
        tls: Option<Arc<ClientConfig>>,
    ) -> io::Result<Self> {
        match host {
            Host::Unix(folder, port) => {
                let socket = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")))?;
                socket.set_read_timeout(Some(READ_TIMEOUT))?;
                Ok(Self::Unix(socket))
            }
            Host::Tcp(name, port) => {
                let socket = connect_tcp(name, *port, params.connect_timeout)?;
                match tls {
                    None => Ok(Self::Tcp(socket)),
                    Some(config) => negotiate(socket, name, config, params.tls.mode),
                }
            }
        }
    }
}

fn connect_tcp(name: &str, port: u16, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (name, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(socket) => {
                let keepalive = TcpKeepalive::new()
                    .with_time(KEEPALIVE)
                    .with_interval(KEEPALIVE)
                    .with_retries(6);
                SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
                socket.set_nodelay(true)?;
                socket.set_read_timeout(Some(READ_TIMEOUT))?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Asks for TLS: the server answers with one byte, `S` or `N`.
fn negotiate(
    mut socket: TcpStream,
    name: &str,
    config: Arc<ClientConfig>,
    mode: SslMode,
) -> io::Result<Stream> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    socket.write_all(&request)?;
    let mut answer = [0];
    socket.read_exact(&mut answer)?;
    match answer[0] {
        b'S' => {
            let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
            let tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
            Ok(Stream::Tls(Box::new(StreamOwned::new(tls, socket))))
        }
        _ if mode == SslMode::Prefer => Ok(Stream::Tcp(socket)),
        _ => Err(io::Error::other(
            "the server does not offer TLS and sslmode asks for it",
        )),
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(s) => s.read(buffer),
            Self::Tcp(s) => s.read(buffer),
            Self::Tls(s) => s.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(s) => s.write(bytes),
            Self::Tcp(s) => s.write(bytes),
            Self::Tls(s) => s.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Unix(s) => s.flush(),
            Self::Tcp(s) => s.flush(),
            Self::Tls(s) => s.flush(),
        }
    }
}
