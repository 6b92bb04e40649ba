//! The way out: HTTPS to addresses of the public internet, without proxies and without following redirects.
//!
//! An address in a configuration must not make the guard speak to what only the guard's network reaches, such as the
//! metadata server, also when a name resolves to it. `allow_private = true` opens that for one channel.

use super::PostError;
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// Standard Webhooks asks for 15 to 30 seconds.
const ATTEMPT: Duration = Duration::from_secs(15);
/// What a channel may ask us to wait; longer, and the notice waits in the outbox.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Two clients: one that reaches the public internet only, and one for what was opened.
#[derive(Debug)]
pub struct Outbound {
    public: Client,
    private: Client,
}

impl Outbound {
    /// Both clients.
    pub fn new() -> Result<Self, PostError> {
        let builder = || {
            Client::builder()
                .timeout(ATTEMPT)
                .redirect(Policy::none())
                .no_proxy()
                .user_agent(concat!(
                    "nightshift-budget-guard/",
                    env!("CARGO_PKG_VERSION")
                ))
        };
        let failed = |error: reqwest::Error| PostError::NoAnswer(error.without_url().to_string());
        Ok(Self {
            public: builder()
                .dns_resolver(Arc::new(PublicOnly))
                .https_only(true)
                .build()
                .map_err(failed)?,
            private: builder().build().map_err(failed)?,
        })
    }

    /// Whether `url` is one that may be spoken to. Names are judged when they are resolved.
    pub fn check(&self, url: &SecretString, private: bool) -> Result<(), PostError> {
        parse(url, private).map(drop)
    }

    /// Posts JSON; `url` is secret, because chats put the right to post into it.
    pub async fn post(
        &self,
        url: &SecretString,
        private: bool,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<(), PostError> {
        let url = parse(url, private)?;
        let client = if private { &self.private } else { &self.public };
        let request = client
            .post(url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .headers(headers)
            .body(body);
        let answer = request.send().await.map_err(no_answer)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let passes = status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT;
        if passes {
            let after = answer.headers().get(RETRY_AFTER);
            let after = after.and_then(|value| value.to_str().ok()?.parse().ok());
            return Err(PostError::Busy {
                status: status.as_u16(),
                after: after
                    .map(Duration::from_secs)
                    .filter(|wait| *wait <= LONGEST_WAIT),
            });
        }
        let said = answer.text().await.unwrap_or_default();
        Err(PostError::Refused {
            status: status.as_u16(),
            word: word(&said),
        })
    }
}

/// Slack's error is a word; anything longer could be anything, and stays out of our logs.
fn word(said: &str) -> String {
    let said = said.trim();
    let is_word = !said.is_empty()
        && said.len() <= 40
        && said
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_word {
        format!(" ({said})")
    } else {
        String::new()
    }
}

fn no_answer(error: reqwest::Error) -> PostError {
    let error = error.without_url();
    let first: &dyn std::error::Error = &error;
    let last = std::iter::successors(Some(first), |error| error.source()).last();
    PostError::NoAnswer(last.map_or_else(|| "no reason given".to_owned(), ToString::to_string))
}

fn parse(url: &SecretString, private: bool) -> Result<Url, PostError> {
    // The parser's error can repeat what it could not parse.
    let url = Url::parse(url.expose_secret()).map_err(|_| PostError::Address("is not a URL"))?;
    match url.scheme() {
        "https" => {}
        "http" if private => {}
        _ => return Err(PostError::Address("must begin with https://")),
    }
    let host = url.host_str().ok_or(PostError::Address("has no host"))?;
    let literal = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    if let Ok(address) = literal
        && !private
        && !is_public(address)
    {
        return Err(PostError::Address(
            "is not on the public internet; a receiver of your own needs allow_private = true",
        ));
    }
    Ok(url)
}

/// Resolves names, and leaves out what is not on the public internet.
#[derive(Debug)]
struct PublicOnly;

/// A name that leads nowhere public.
#[derive(Debug, thiserror::Error)]
#[error(
    "the name leads to no address on the public internet; a receiver of your own needs allow_private = true"
)]
struct NotPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is on the public internet, by IANA's registries of special-purpose addresses.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    // NAT64 and 6to4 carry an address of the other kind.
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // Only 2000::/3 is given out, and of it 2001:db8::/32 is for documentation and 2001::/23 for protocols.
        [0x2001, 0xdb8, ..] => false,
        [0x2001, second, ..] if second < 0x200 => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_only_we_reach_are_not_public() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "8.8.8.8",
            "34.120.8.1",
            "2606:4700::1111",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_that_must_not_be_spoken_to_is_refused_without_being_repeated() {
        for url in [
            "http://hooks.example.com/s3cret",
            "ftp://hooks.example.com/s3cret",
            "https://127.0.0.1/s3cret",
            "https://[::1]/s3cret",
            "https://169.254.169.254/s3cret",
            "https://2130706433/s3cret",
            "s3cret",
        ] {
            let refused = parse(&SecretString::from(url), false).unwrap_err();
            assert!(!refused.to_string().contains("s3cret"), "{refused}");
            assert!(!refused.may_pass());
        }
        assert!(parse(&SecretString::from("http://127.0.0.1:1/x"), true).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_spoken_to() {
        let outbound = Outbound::new().unwrap();
        let url = SecretString::from("https://localhost:9/s3cret");
        let said = outbound.post(&url, false, HeaderMap::new(), vec![]).await;
        let said = said.unwrap_err().to_string();
        assert!(
            said.contains("allow_private") && !said.contains("s3cret"),
            "{said}"
        );
    }

    #[test]
    fn only_a_word_of_a_refusal_is_repeated() {
        assert_eq!(word("no_service\n"), " (no_service)");
        assert_eq!(word("token xoxb-1 is invalid"), "");
    }
}
