//! By what a customer is known again when he comes another time.

use std::collections::BTreeMap;

/// The customer of a session with these properties, such as `email:ana@example.org`: the integrator's own id for him if
/// there is one, else his address, else his number. None for a stranger.
pub(crate) fn key(properties: &BTreeMap<String, String>) -> Option<String> {
    let of = |property: &str| properties.get(property).map(|value| value.trim()).filter(|value| !value.is_empty());
    let customer = of("customer").map(|id| format!("customer:{id}"));
    let email = || of("email").map(|address| format!("email:{}", address.to_lowercase()));
    let phone = || of("phone").map(|number| format!("phone:{number}"));
    customer.or_else(email).or_else(phone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_known_by_the_best_that_is_told() {
        let key = |told: &[(&str, &str)]| key(&told.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
        assert_eq!(key(&[("email", " Ana@Example.org "), ("phone", "1")]).as_deref(), Some("email:ana@example.org"));
        assert_eq!(key(&[("email", "a@b"), ("customer", "17")]).as_deref(), Some("customer:17"));
        assert_eq!(key(&[("email", " "), ("phone", "+49 1")]).as_deref(), Some("phone:+49 1"));
        assert_eq!(key(&[("order", "17")]), None);
    }
}
