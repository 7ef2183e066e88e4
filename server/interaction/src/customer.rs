//! By what a customer is known again when he comes another time.

use std::collections::BTreeMap;

use tandem_protocol::archive::Identity;

/// What the properties of a session say of its customer, in normal forms, the strongest first: the integrator's own id
/// for him, his address, his number. Empty for a stranger.
pub(crate) fn identities(properties: &BTreeMap<String, String>) -> Vec<Identity> {
    let of = |property: &str, kind: fn(String) -> Identity| kind(properties.get(property)?.clone()).normal();
    let told = [of("customer", Identity::Customer), of("email", Identity::Email), of("phone", Identity::Phone)];
    told.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_known_by_all_that_is_told_the_best_first() {
        let of = |told: &[(&str, &str)]| {
            let told = told.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            identities(&told).iter().map(|identity| identity.value().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of(&[("email", " Ana@Example.org "), ("phone", "+1 23456")]), ["ana@example.org", "+123456"]);
        assert_eq!(of(&[("email", "a@b"), ("customer", "17")]), ["17", "a@b"]);
        assert_eq!(of(&[("email", " "), ("phone", "none"), ("order", "17")]), [] as [&str; 0]);
    }
}
