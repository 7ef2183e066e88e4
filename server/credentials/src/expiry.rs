//! Until when a certificate is good, told in time.
//!
//! A connection that is open goes on when its certificate expires. So nobody would notice before the next failover, when
//! every link has to be made anew and none can be. [`Reminder`] is pure; `watched.rs` asks it.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rustls::pki_types::CertificateDer;
use tandem_telemetry::PROCESS;
use x509_cert::{Certificate, der::Decode};

use crate::certificates::certificates;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// So long before it somebody is told, once a day; or, of what is made for a short time and renewed by a program, in the
/// last of its quarters.
const TOLD_BEFORE: Duration = Duration::from_secs(21 * 24 * 60 * 60);

/// A credential, which may be good for a time only.
pub trait Expires {
    /// Until when; none for what never ends.
    fn expiry(&self) -> Option<&Expiry>;
}

/// When a file's chain of certificates expires: when the first of them does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    file: PathBuf,
    at: SystemTime,
    /// How long before that somebody is told.
    told_before: Duration,
}

impl Expiry {
    /// Of a file with certificates, without their private key. Reads it; none where that cannot be done.
    #[must_use]
    pub fn in_file(file: &Path) -> Option<Self> {
        Self::of(file, &certificates(file).ok()?)
    }

    /// None where it cannot be told: whoever shakes hands judges.
    pub(crate) fn of(file: &Path, chain: &[CertificateDer<'_>]) -> Option<Self> {
        let of_one = |certificate: &CertificateDer<'_>| {
            let validity = Certificate::from_der(certificate)
                .inspect_err(|error| tracing::warn!(?file, %error, "it cannot be told when a certificate expires"))
                .ok()?
                .tbs_certificate
                .validity;
            let (from, at) = (validity.not_before.to_system_time(), validity.not_after.to_system_time());
            let told_before = TOLD_BEFORE.min(at.duration_since(from).unwrap_or_default() / 4);
            Some(Self { file: file.to_owned(), at, told_before })
        };
        chain.iter().filter_map(of_one).min_by_key(|expiry| expiry.at)
    }

    /// What a person should know of it: nothing while it is good for long.
    #[must_use]
    pub fn concern(&self, now: SystemTime) -> Option<String> {
        self.due(now).map(|due| format!("the certificate in {} {due}", self.file.display()))
    }

    fn due(&self, now: SystemTime) -> Option<Due> {
        match self.at.duration_since(now) {
            Ok(left) if left > self.told_before => None,
            Ok(left) => Some(Due::In(left.as_secs() / DAY.as_secs())),
            Err(_) => Some(Due::Expired),
        }
    }

    /// Shows it to whoever reads the metrics.
    pub(crate) fn show(&self) {
        let since_1970 = self.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        PROCESS.certificates.of([&self.file.to_string_lossy()]).set(since_1970.as_secs_f64());
    }
}

/// When somebody was told last that one certificate expires.
#[derive(Debug, Default)]
pub(crate) struct Reminder(Option<SystemTime>);

/// What somebody is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// It expires in so many days.
    In(u64),
    /// It has expired.
    Expired,
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(0) => f.write_str("expires within a day"),
            Self::In(1) => f.write_str("expires in a day"),
            Self::In(days) => write!(f, "expires in {days} days"),
            Self::Expired => f.write_str("has expired"),
        }
    }
}

impl Reminder {
    /// Tells the log where that is due.
    pub(crate) fn remind(&mut self, what: &str, expiry: &Expiry, now: SystemTime) {
        let (file, until) = (&expiry.file, humantime::format_rfc3339_seconds(expiry.at));
        match self.due(expiry, now) {
            None => {}
            Some(due @ Due::In(_)) => tracing::warn!(
                ?file,
                %until,
                "{what} {due}, and then whoever checks it makes no connection; replace its files, no restart is needed"
            ),
            Some(due @ Due::Expired) => tracing::error!(
                ?file,
                %until,
                "{what} {due}; whoever checks it makes no connection; replace its files, no restart is needed"
            ),
        }
    }

    fn due(&mut self, expiry: &Expiry, now: SystemTime) -> Option<Due> {
        let due = expiry.due(now)?;
        // The end itself is told at once, whatever was told that day.
        let is_news = self.0.is_none_or(|told| told < expiry.at && due == Due::Expired);
        // Apart, whichever is later: the clock may have been set back.
        let apart = |told| now.duration_since(told).unwrap_or_else(|back| back.duration());
        if !is_news && self.0.is_some_and(|told| apart(told) < DAY) {
            return None;
        }
        self.0 = Some(now);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    /// One that was made so many days ago and is good for so many more.
    fn certificate(days_ago: u32, days: u32, now: SystemTime) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(["engine.example".to_owned()]).expect("is a name");
        params.not_before = (now - DAY * days_ago).into();
        params.not_after = (now + DAY * days).into();
        params.self_signed(&KeyPair::generate().expect("a key")).expect("signs").der().clone()
    }

    #[test]
    fn a_chain_expires_with_the_first_of_its_certificates() {
        let now = SystemTime::UNIX_EPOCH + DAY * 20_000;
        let file = Path::new("chain.pem");
        let of = |chain: &[CertificateDer<'_>]| Expiry::of(file, chain);
        let expiry = |days, told_before| Some(Expiry { file: file.to_owned(), at: now + DAY * days, told_before });
        let (own, above) = (certificate(10, 80, now), certificate(700, 30, now));
        assert_eq!(of(std::slice::from_ref(&own)), expiry(80, TOLD_BEFORE));
        assert_eq!(of(&[own, above]), expiry(30, TOLD_BEFORE));
        assert_eq!(of(&[certificate(2, 6, now)]), expiry(6, DAY * 2), "of one that is renewed often");
        assert_eq!(of(&[CertificateDer::from(b"none".as_slice())]), None);
        let concern = |days| expiry(days, TOLD_BEFORE).and_then(|expiry| expiry.concern(now));
        assert_eq!(concern(22), None);
        assert_eq!(concern(1).as_deref(), Some("the certificate in chain.pem expires in a day"));
        assert_eq!(concern(13).as_deref(), Some("the certificate in chain.pem expires in 13 days"));
    }

    #[test]
    fn it_is_told_three_weeks_before_once_a_day_and_when_it_has_come() {
        let at = SystemTime::UNIX_EPOCH + DAY * 20_000;
        let mut reminder = Reminder::default();
        let expiry = Expiry { file: PathBuf::new(), at, told_before: TOLD_BEFORE };
        let mut due = |now| reminder.due(&expiry, now);
        let hour = DAY / 24;
        assert_eq!(due(at - DAY * 22), None);
        assert_eq!(due(at - DAY * 20 - hour), Some(Due::In(20)));
        assert_eq!(due(at - DAY * 20), None, "it has been told an hour ago");
        assert_eq!(due(at - DAY * 19 - hour), Some(Due::In(19)));
        assert_eq!(due(at - hour), Some(Due::In(0)));
        assert_eq!(due(at - hour * 2), None, "the clock was set back");
        assert_eq!(due(at), None);
        assert_eq!(due(at + hour), Some(Due::Expired), "whatever was told that day");
        assert_eq!(due(at + hour * 2), None);
        assert_eq!(due(at + hour * 26), Some(Due::Expired));
        assert_eq!(due(at - DAY * 5), Some(Due::In(5)), "the clock was set back by days");
    }
}
