//! Which pages may open a WebSocket, the `Origin` check of RFC 6455 §10.2, or log an agent in.
//!
//! It keeps a foreign page from using a visitor's browser as its way in. Programs send no origin and are judged by
//! their token alone.

use axum::http::{HeaderMap, header};

use crate::problem::{Kind, Problem};

/// An origin (RFC 6454 §4) as text of scheme and authority, without the scheme's own port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin<'a> {
    scheme: &'a str,
    authority: &'a str,
}

impl<'a> Origin<'a> {
    /// Reads `scheme://authority`; anything else, `null` included, is none.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if !matches!(scheme, "http" | "https") || authority.is_empty() || !authority.bytes().all(plain) {
            return None;
        }
        Some(Self { scheme, authority: without_default_port(scheme, authority) })
    }

    fn is_host(&self, host: &str) -> bool {
        self.authority.eq_ignore_ascii_case(without_default_port(self.scheme, host))
    }
}

fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(port).unwrap_or(authority)
}

/// Refuses a request with these headers unless its page may come in. Where the gateway itself encrypts, none of its own
/// pages is of plain HTTP: one that says so was put there by somebody on the way.
pub(crate) fn check(headers: &HeaderMap, allowed: &[String], is_encrypted: bool) -> Result<(), Problem> {
    if is_allowed(headers, allowed, is_encrypted) {
        return Ok(());
    }
    Err(Problem::new(Kind::ForeignOrigin, "Add the origin to allowed-origins if its pages may come in here."))
}

fn is_allowed(headers: &HeaderMap, allowed: &[String], is_encrypted: bool) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Some(origin) = origin.to_str().ok().and_then(Origin::parse) else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_own = |host| origin.is_host(host) && !(is_encrypted && origin.scheme == "http");
    host.is_some_and(is_own)
        || allowed.iter().filter_map(|allowed| Origin::parse(allowed)).any(|allowed| allowed == origin)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn allowed(origin: Option<&'static str>, host: &'static str, list: &[&str]) -> bool {
        allowed_by(origin, host, list, false)
    }

    fn allowed_by(origin: Option<&'static str>, host: &'static str, list: &[&str], is_encrypted: bool) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        is_allowed(&headers, &list.iter().map(ToString::to_string).collect::<Vec<_>>(), is_encrypted)
    }

    #[test]
    fn a_page_of_the_gateway_itself_is_allowed() {
        assert!(allowed(Some("http://127.0.0.1:8080"), "127.0.0.1:8080", &[]));
        assert!(allowed(Some("https://chat.example"), "chat.example:443", &[]));
    }

    #[test]
    fn a_foreign_page_is_refused_unless_it_is_configured() {
        assert!(!allowed(Some("https://evil.example"), "chat.example", &[]));
        assert!(!allowed(Some("https://chat.example.evil.example"), "chat.example", &[]));
        assert!(!allowed(Some("http://chat.example:81"), "chat.example", &[]));
        assert!(allowed(Some("https://shop.example"), "chat.example", &["https://shop.example"]));
        assert!(!allowed(Some("http://shop.example"), "chat.example", &["https://shop.example"]));
    }

    #[test]
    fn a_page_of_plain_http_is_none_of_a_gateway_that_encrypts() {
        let own = |origin| allowed_by(Some(origin), "chat.example", &[], true);
        assert!(own("https://chat.example"));
        assert!(!own("http://chat.example"));
        assert!(allowed_by(Some("http://shop.example"), "chat.example", &["http://shop.example"], true));
    }

    #[test]
    fn an_opaque_origin_is_refused_and_a_program_is_not() {
        assert!(!allowed(Some("null"), "chat.example", &[]));
        assert!(allowed(None, "chat.example", &[]));
    }
}
