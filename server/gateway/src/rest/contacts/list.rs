//! `GET /api/v1/contacts?q=&email=&phone=&customer=&limit=`: contacts whose name or identity contains a text, or the
//! one that is known by this.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tandem_protocol::archive::{Contact, IDENTITY_BYTES_MAX, Identity, Look, SEARCH_CHARS_MAX};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, limit::limit_of, look::look, query::Query},
};

/// The query: at most one of the first four.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct ListContacts {
    q: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    customer: Option<String>,
    limit: Option<u32>,
}

/// The answer, 200.
#[derive(Debug, Serialize)]
pub(in crate::rest) struct Contacts {
    contacts: Vec<Contact>,
}

/// By what a contact is to be found.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Text(String),
    Identity(Identity),
}

impl ListContacts {
    fn wanted(&mut self) -> Result<Wanted, Problem> {
        let ways = [
            self.q.take().map(Wanted::Text),
            self.email.take().map(|email| Wanted::Identity(Identity::Email(email))),
            self.phone.take().map(|phone| Wanted::Identity(Identity::Phone(phone))),
            self.customer.take().map(|customer| Wanted::Identity(Identity::Customer(customer))),
        ];
        let mut given = ways.into_iter().flatten();
        let wanted = given.next().unwrap_or_else(|| Wanted::Text(String::new()));
        if given.next().is_some() {
            return Err(Problem::bad_request("Give one of q, email, phone and customer."));
        }
        match &wanted {
            Wanted::Text(text) if text.chars().count() > SEARCH_CHARS_MAX => {
                Err(Problem::bad_request(format!("q has at most {SEARCH_CHARS_MAX} characters.")))
            }
            Wanted::Identity(Identity::Customer(value) | Identity::Email(value) | Identity::Phone(value))
                if value.trim().is_empty() || value.len() > IDENTITY_BYTES_MAX =>
            {
                Err(Problem::bad_request(format!("An identity has 1 to {IDENTITY_BYTES_MAX} bytes.")))
            }
            _ => Ok(wanted),
        }
    }
}

/// See the module.
pub(in crate::rest) async fn list(
    State(app): State<Shared>,
    bearer: Bearer,
    Query(mut query): Query<ListContacts>,
) -> Result<Json<Contacts>, Problem> {
    let limit = limit_of(query.limit)?;
    let contacts = match query.wanted()? {
        Wanted::Text(text) => look(&app, bearer, Look::Contacts { text, limit }).await?,
        Wanted::Identity(identity) => {
            let found: Option<Contact> = look(&app, bearer, Look::ContactBy { identity }).await?;
            found.into_iter().collect()
        }
    };
    Ok(Json(Contacts { contacts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_way_of_finding_is_taken_and_two_are_refused() {
        let mut none = ListContacts::default();
        assert_eq!(none.wanted(), Ok(Wanted::Text(String::new())));
        let mut email = ListContacts { email: Some("a@b.c".into()), ..ListContacts::default() };
        assert_eq!(email.wanted(), Ok(Wanted::Identity(Identity::Email("a@b.c".into()))));
        let mut two = ListContacts { q: Some("ana".into()), phone: Some("1".into()), ..ListContacts::default() };
        assert!(two.wanted().is_err());
    }

    #[test]
    fn what_is_too_long_or_empty_is_refused() {
        for wrong in [
            ListContacts { q: Some("x".repeat(SEARCH_CHARS_MAX + 1)), ..ListContacts::default() },
            ListContacts { customer: Some(" ".into()), ..ListContacts::default() },
            ListContacts { phone: Some("1".repeat(IDENTITY_BYTES_MAX + 1)), ..ListContacts::default() },
        ] {
            let mut wrong = wrong;
            assert!(wrong.wanted().is_err(), "{wrong:?}");
        }
    }
}
