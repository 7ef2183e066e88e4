//! As what a transcript is wanted: by the query, else by `Accept` (RFC 9110 §12.5.1), else as JSON.

use axum::http::{HeaderMap, header};
use serde::Deserialize;

/// The query.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Wish {
    format: Option<Form>,
}

/// What a transcript can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest) enum Form {
    Json,
    Text,
    Html,
}

impl Form {
    /// In the order in which they are taken where the asker has no preference.
    const EACH: [Self; 3] = [Self::Json, Self::Html, Self::Text];

    pub(in crate::rest) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// How exactly a media range means this form; none when it does not.
    fn is_meant_by(self, range: &str) -> Option<u8> {
        let (essence, _) = self.content_type().split_once(';').unwrap_or((self.content_type(), ""));
        let (kind, _) = essence.split_once('/').expect("a media type has two parts");
        match range {
            "*/*" => Some(0),
            _ if range.strip_suffix("/*").is_some_and(|range| range.eq_ignore_ascii_case(kind)) => Some(1),
            _ => range.eq_ignore_ascii_case(essence).then_some(2),
        }
    }

    /// How much the header wants this form, in thousandths: what the range says that means it most exactly.
    fn weight(self, accept: &str) -> u32 {
        let mut best = (None, 0);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let exact = parts.next().and_then(|range| self.is_meant_by(range));
            if exact.is_some() && exact > best.0 {
                let quality = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse::<f32>().ok());
                best = (exact, (quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1_000.0) as u32);
            }
        }
        best.1
    }
}

/// The form of the answer. Who accepts none of them gets JSON rather than nothing (RFC 9110 §15.5.7 allows it).
pub(in crate::rest) fn form_of(wish: Wish, headers: &HeaderMap) -> Form {
    let accept = || {
        let values: Vec<_> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        let accept = values.join(",");
        // Of equals the last is the greatest for `max_by_key`, so the order is turned round.
        Form::EACH.into_iter().rev().max_by_key(|form| form.weight(&accept)).expect("there are forms")
    };
    wish.format.unwrap_or_else(accept)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn form(query: Option<Form>, accept: Option<&'static str>) -> Form {
        let accept = accept.map(|accept| (header::ACCEPT, HeaderValue::from_static(accept)));
        form_of(Wish { format: query }, &HeaderMap::from_iter(accept))
    }

    #[test]
    fn the_query_decides_before_the_header_and_json_is_the_rest() {
        for (query, accept, expected) in [
            (None, None, Form::Json),
            (Some(Form::Text), Some("text/html"), Form::Text),
            (None, Some("*/*"), Form::Json),
            (None, Some("text/html,application/xhtml+xml,*/*;q=0.8"), Form::Html),
            (None, Some("text/plain"), Form::Text),
            (None, Some("Text/*"), Form::Html),
            (None, Some("text/html;q=0.2, text/plain;q=0.3"), Form::Text),
            (None, Some("text/html;q=0, */*"), Form::Json),
            (None, Some("image/png"), Form::Json),
            (None, Some("application/json; q=nonsense"), Form::Json),
        ] {
            assert_eq!(form(query, accept), expected, "{query:?} {accept:?}");
        }
    }
}
