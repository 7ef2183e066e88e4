//! Until when a certificate is good, told in time.
//!
//! A connection that is open goes on when its certificate expires. So nobody would notice before the next failover, when
//! every link has to be made anew and none can be. [`Reminder`] is pure; `watched.rs` asks it.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rustls::pki_types::CertificateDer;
use tandem_telemetry::PROCESS;
use x509_cert::{Certificate, der::Decode};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// From then on somebody is told, once a day.
const TOLD_BEFORE: Duration = Duration::from_secs(21 * 24 * 60 * 60);

/// A credential, which may be good for a time only.
pub trait Expires {
    /// Until when; none for what never ends.
    fn expiry(&self) -> Option<&Expiry>;
}

/// When the certificate of a file expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    file: PathBuf,
    at: SystemTime,
}

impl Expiry {
    /// Of the first one in the file, which is the process's own. None where it cannot be told: whoever shakes hands judges.
    pub(crate) fn of(file: &Path, own: &CertificateDer<'_>) -> Option<Self> {
        let certificate = Certificate::from_der(own).ok()?;
        let at = certificate.tbs_certificate.validity.not_after.to_system_time();
        Some(Self { file: file.to_owned(), at })
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
#[derive(Debug, PartialEq, Eq)]
enum Due {
    /// It expires in so many days.
    In(u64),
    /// It has expired.
    Expired,
}

impl Reminder {
    /// Tells the log where that is due.
    pub(crate) fn remind(&mut self, what: &str, expiry: &Expiry, now: SystemTime) {
        let (file, until) = (&expiry.file, humantime::format_rfc3339_seconds(expiry.at));
        match self.due(expiry.at, now) {
            None => {}
            Some(Due::In(days)) => {
                let when = if days == 0 { "within a day".to_owned() } else { format!("in {days} days") };
                tracing::warn!(
                    ?file,
                    %until,
                    "{what} expires {when}; replace its files, no restart is needed; once it has expired no connection is made"
                );
            }
            Some(Due::Expired) => tracing::error!(
                ?file,
                %until,
                "{what} has expired; no connection is made with it; replace its files, no restart is needed"
            ),
        }
    }

    fn due(&mut self, at: SystemTime, now: SystemTime) -> Option<Due> {
        let left = at.duration_since(now).ok();
        if left.is_some_and(|left| left > TOLD_BEFORE) {
            return None;
        }
        // The end itself is told at once, whatever was told that day.
        let is_news = self.0.is_none_or(|told| told < at && left.is_none());
        // Apart, whichever is later: the clock may have been set back.
        let apart = |told| now.duration_since(told).unwrap_or_else(|back| back.duration());
        if !is_news && self.0.is_some_and(|told| apart(told) < DAY) {
            return None;
        }
        self.0 = Some(now);
        Some(left.map_or(Due::Expired, |left| Due::In(left.as_secs() / DAY.as_secs())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_three_weeks_before_once_a_day_and_when_it_has_come() {
        let at = SystemTime::UNIX_EPOCH + DAY * 20_000;
        let mut reminder = Reminder::default();
        let mut due = |now| reminder.due(at, now);
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
