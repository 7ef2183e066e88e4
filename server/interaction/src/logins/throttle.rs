//! Slows down who guesses passwords: after some failures each attempt has to wait longer, by account and by address.
//!
//! Pure. An attempt counts when it begins, so that many at once gain nothing. One who guesses at somebody else's
//! account can make its owner wait, but only for the longest pause, and never lock him out.

use std::{collections::HashMap, hash::Hash, net::Ipv6Addr, time::Duration};

use tandem_protocol::LoginName;

/// Attempts on one account that are free: somebody mistypes, then remembers.
const FREE_BY_NAME: u32 = 4;

/// Attempts from one address that are free: a whole office may come from one.
const FREE_BY_ADDRESS: u32 = 20;

/// The first pause; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause: some 1,400 guesses a day.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// After so long without an attempt everything is forgiven.
const FORGIVEN_AFTER: Duration = Duration::from_secs(15 * 60);

/// Accounts, and addresses, that are remembered (B-1). Beyond it those are forgotten whose last attempt is the oldest.
const REMEMBERED_MAX: usize = 10_000;

/// Bytes of an address that count: an IPv6 address is shorter.
const ADDRESS_BYTES_MAX: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    names: Attempts<LoginName>,
    addresses: Attempts<String>,
}

impl Throttle {
    /// An attempt begins, or must wait for so long.
    pub(crate) fn begin(&mut self, now: Duration, name: &LoginName, from: &str) -> Result<(), Duration> {
        let from = shortened(from);
        let wait = self.names.wait(now, name).max(self.addresses.wait(now, &from));
        if wait > Duration::ZERO {
            return Err(wait);
        }
        self.names.count(now, name.clone(), FREE_BY_NAME);
        self.addresses.count(now, from, FREE_BY_ADDRESS);
        Ok(())
    }

    /// It had the right password: it was no guess.
    pub(crate) fn succeeded(&mut self, name: &LoginName, from: &str) {
        self.names.by_key.remove(name);
        // Only this attempt is taken back: who has an account may not guess at others' the more freely for it.
        if let Some(attempt) = self.addresses.by_key.get_mut(&shortened(from)) {
            attempt.count = attempt.count.saturating_sub(1);
            attempt.next = attempt.last;
        }
    }
}

/// What counts as one address: whoever has an IPv6 address has the other 2^64 of its network too.
fn shortened(from: &str) -> String {
    if let Ok(address) = from.parse::<Ipv6Addr>() {
        return Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string();
    }
    from.chars()
        .scan(0, |bytes, char| {
            *bytes += char.len_utf8();
            (*bytes <= ADDRESS_BYTES_MAX).then_some(char)
        })
        .collect()
}

#[derive(Debug)]
struct Attempts<K> {
    by_key: HashMap<K, Attempt>,
}

impl<K> Default for Attempts<K> {
    fn default() -> Self {
        Self { by_key: HashMap::new() }
    }
}

#[derive(Debug, Clone, Copy)]
struct Attempt {
    count: u32,
    last: Duration,
    /// The next one may not begin before.
    next: Duration,
}

impl<K: Hash + Eq + Clone> Attempts<K> {
    fn wait(&self, now: Duration, key: &K) -> Duration {
        self.by_key.get(key).map_or(Duration::ZERO, |attempt| attempt.next.saturating_sub(now))
    }

    fn count(&mut self, now: Duration, key: K, free: u32) {
        self.make_room(now);
        let attempt = self.by_key.entry(key).or_insert(Attempt { count: 0, last: now, next: now });
        if now.saturating_sub(attempt.last) >= FORGIVEN_AFTER {
            attempt.count = 0;
        }
        attempt.count = attempt.count.saturating_add(1);
        attempt.last = now;
        attempt.next = now + pause(attempt.count.saturating_sub(free));
    }

    fn make_room(&mut self, now: Duration) {
        if self.by_key.len() < REMEMBERED_MAX {
            return;
        }
        self.by_key.retain(|_, attempt| now.saturating_sub(attempt.last) < FORGIVEN_AFTER);
        if self.by_key.len() >= REMEMBERED_MAX
            && let Some(oldest) = self.by_key.iter().min_by_key(|(_, attempt)| attempt.last).map(|(key, _)| key.clone())
        {
            self.by_key.remove(&oldest);
        }
    }
}

/// The pause after so many attempts more than are free.
fn pause(excess: u32) -> Duration {
    match excess {
        0 => Duration::ZERO,
        excess => PAUSE_MAX.min(PAUSE_MIN * 2_u32.saturating_pow((excess - 1).min(16))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> LoginName {
        LoginName::new(name).expect("is a login name")
    }

    #[test]
    fn after_some_failures_each_attempt_waits_twice_as_long() {
        let (mut throttle, mut now, ben) = (Throttle::default(), Duration::ZERO, name("ben"));
        for _ in 0..=FREE_BY_NAME {
            assert_eq!(throttle.begin(now, &ben, "1.2.3.4"), Ok(()));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(throttle.begin(now, &ben, "5.6.7.8"), Err(Duration::from_secs(seconds)), "from anywhere");
            now += Duration::from_secs(seconds);
            assert_eq!(throttle.begin(now, &ben, "5.6.7.8"), Ok(()));
        }
        assert_eq!(throttle.begin(now, &name("cleo"), "1.2.3.4"), Ok(()), "others do not wait");
    }

    #[test]
    fn who_tries_many_accounts_from_one_address_waits_too() {
        let mut throttle = Throttle::default();
        for number in 0..=FREE_BY_ADDRESS {
            assert_eq!(throttle.begin(Duration::ZERO, &name(&format!("a{number}")), "1.2.3.4"), Ok(()));
        }
        assert_eq!(throttle.begin(Duration::ZERO, &name("ben"), "1.2.3.4"), Err(PAUSE_MIN));
        assert_eq!(throttle.begin(Duration::ZERO, &name("ben"), "1.2.3.5"), Ok(()));
    }

    #[test]
    fn who_tries_from_all_addresses_of_his_network_waits_as_from_one() {
        let mut throttle = Throttle::default();
        for number in 0..=FREE_BY_ADDRESS {
            let from = format!("2001:db8:1:2::{number}");
            assert_eq!(throttle.begin(Duration::ZERO, &name(&format!("a{number}")), &from), Ok(()));
        }
        assert_eq!(throttle.begin(Duration::ZERO, &name("ben"), "2001:db8:1:2:ffff::"), Err(PAUSE_MIN));
        assert_eq!(throttle.begin(Duration::ZERO, &name("ben"), "2001:db8:1:3::1"), Ok(()));
    }

    #[test]
    fn the_right_password_and_time_are_forgiving() {
        let (mut throttle, ben) = (Throttle::default(), name("ben"));
        for _ in 0..100 {
            assert_eq!(throttle.begin(Duration::ZERO, &ben, "1.2.3.4"), Ok(()));
            throttle.succeeded(&ben, "1.2.3.4");
        }
        while throttle.begin(Duration::ZERO, &ben, "1.2.3.4").is_ok() {}
        for _ in 0..=FREE_BY_NAME {
            assert_eq!(throttle.begin(FORGIVEN_AFTER + PAUSE_MAX, &ben, "1.2.3.4"), Ok(()));
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        // B-1
        let mut throttle = Throttle::default();
        for number in 0..REMEMBERED_MAX + 10 {
            let from = format!("{number}{}", "é".repeat(1_000));
            throttle.begin(Duration::from_secs(1), &name(&format!("a{number}")), &from).expect("each is new");
        }
        assert!(throttle.names.by_key.len() <= REMEMBERED_MAX && throttle.addresses.by_key.len() <= REMEMBERED_MAX);
        assert!(throttle.addresses.by_key.keys().all(|from| from.len() <= ADDRESS_BYTES_MAX));
    }
}
