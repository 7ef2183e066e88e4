//! The id by which a repeated request is known (D-3): `client_id` of the body or the `Idempotency-Key` header.

use axum::http::HeaderMap;
use tandem_protocol::ClientId;

use crate::problem::Problem;

/// The header, as drafted by the IETF; its quotes are optional here.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The header's text.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let text = text.ok_or_else(|| Problem::bad_request("Idempotency-Key must be there once, in visible ASCII."))?;
    Ok(Some(text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)))
}

/// The request's id, wherever it stands.
pub(super) fn of(body: Option<ClientId>, headers: &HeaderMap) -> Result<Option<ClientId>, Problem> {
    let header = idempotency_key(headers)?.map(ClientId::new).transpose();
    let header = header.map_err(|error| Problem::bad_request(format!("Idempotency-Key: {error}.")))?;
    match (body, header) {
        (Some(body), Some(header)) if body != header => {
            Err(Problem::bad_request("client_id and Idempotency-Key differ; send one of them."))
        }
        (body, header) => Ok(body.or(header)),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(key: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(IDEMPOTENCY_KEY.parse().expect("is a name"), HeaderValue::from_static(key))])
    }

    fn id(text: &str) -> Option<ClientId> {
        Some(ClientId::new(text).expect("is valid"))
    }

    #[test]
    fn either_place_will_do_but_not_two_ids() {
        assert_eq!(of(id("m-1"), &HeaderMap::new()), Ok(id("m-1")));
        assert_eq!(of(None, &headers("m-1")), Ok(id("m-1")));
        assert_eq!(of(None, &headers("\"m-1\"")), Ok(id("m-1")));
        assert_eq!(of(id("m-1"), &headers("m-1")), Ok(id("m-1")));
        assert!(of(id("m-1"), &headers("m-2")).is_err());
        assert!(of(None, &headers("two words")).is_err());
        assert_eq!(of(None, &HeaderMap::new()), Ok(None));
    }
}
