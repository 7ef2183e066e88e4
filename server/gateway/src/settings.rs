//! The settings of a gateway, with their defaults and what is allowed.
//!
//! A plain value: the executable reads it from file, environment and flags, [`GatewaySettings::check`] says what is
//! wrong with it, and nothing else in this crate looks at the outside world for a setting.

mod duration;
mod proxies;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::proxies::TrustedProxy;
use crate::origin::Origin;

/// The settings of a gateway. Keys are in kebab case; durations are written as `15s` or `500ms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct GatewaySettings {
    /// Origins (`https://shop.example`) whose pages may open WebSockets and log agents in, beside pages of the gateway's
    /// own host and programs, which send no origin.
    pub allowed_origins: Vec<String>,
    /// Addresses (`10.0.0.5`) and networks (`10.1.0.0/16`) of proxies whose `X-Forwarded-For` says from where a login or
    /// an administrator's act comes. Of anybody else it is not read. Each must write or add to that header itself: one
    /// that passes on what it is sent lets everybody claim any address. Default none.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// WebSockets of sessions' clients at once; one more is told to come back later (O-1). Default 100,000.
    pub clients_max: usize,
    /// Desks of agents and bots at once; one more is told to come back later. Default 2,000.
    pub desks_max: usize,
    /// HTTP connections at once, WebSockets not counted; more wait in the listener's queue. Default 1,024.
    pub http_connections_max: usize,
    /// The largest frame a client may send, in bytes. Default 65,536: room for the longest message, escaped.
    pub frame_bytes_max: usize,
    /// The longest text of a message, in bytes of UTF-8; as the engine's setting of the same name. Default 16,384.
    pub message_bytes_max: usize,
    /// Frames a client may send per second; the gateway reads no faster. Default 500.
    pub frames_per_second: u32,
    /// Frames a client may send at once after a pause. Default 1,000.
    pub frames_burst: u32,
    /// Messages of one client that may wait for their acknowledgement; meanwhile nothing is read. Default 256.
    pub unacked_messages_max: usize,
    /// Bytes that may wait for a slow reader before it is cut off (B-1). Default 262,144.
    pub queue_bytes_max: usize,
    /// How often a client hears from the gateway. Default 15 s.
    #[serde(with = "duration")]
    pub heartbeat: Duration,
    /// A client not heard for this long is disconnected. Default 45 s.
    #[serde(with = "duration")]
    pub silence_max: Duration,
    /// How long the first frame of a client may take. Default 5 s.
    #[serde(with = "duration")]
    pub hello_max: Duration,
    /// How long a request or a hello waits for an engine before the client is told to come back. Default 30 s.
    #[serde(with = "duration")]
    pub engine_wait_max: Duration,
    /// How long a shutdown waits for requests and clients to finish. Default 10 s.
    #[serde(with = "duration")]
    pub shutdown_max: Duration,
    /// Over how long the clients of a gateway that goes away are spread when they come back. Default 5 s.
    #[serde(with = "duration")]
    pub reconnect_spread: Duration,
    /// From which the tokens of repeatable creations are derived; the same for all gateways of an installation, at
    /// least 32 characters. None: one is made and kept beside the link's cache of the pair.
    pub idempotency_secret: Option<IdempotencySecret>,
    /// Whether `/sample` shows connection notices until its visitor decides otherwise. Default true.
    pub sample_notices: bool,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            clients_max: 100_000,
            desks_max: 2_000,
            http_connections_max: 1_024,
            frame_bytes_max: 64 * 1024,
            message_bytes_max: 16 * 1024,
            frames_per_second: 500,
            frames_burst: 1_000,
            unacked_messages_max: 256,
            queue_bytes_max: 256 * 1024,
            heartbeat: Duration::from_secs(15),
            silence_max: Duration::from_secs(45),
            hello_max: Duration::from_secs(5),
            engine_wait_max: Duration::from_secs(30),
            shutdown_max: Duration::from_secs(10),
            reconnect_spread: Duration::from_secs(5),
            idempotency_secret: None,
            sample_notices: true,
        }
    }
}

/// The text of `idempotency-secret`; its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencySecret(pub String);

impl std::fmt::Debug for IdempotencySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdempotencySecret(…)")
    }
}

/// The shortest `idempotency-secret`, in bytes: as long as the hash made with it.
const SECRET_BYTES_MIN: usize = 32;

/// What is wrong with a value: the key as it is written in a file, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: must be {allowed}")]
pub struct InvalidSetting {
    /// The key.
    pub key: &'static str,
    /// What is allowed.
    pub allowed: &'static str,
}

impl GatewaySettings {
    /// Checks every value, and those that depend on each other.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        self.check_counts()?;
        self.check_durations()?;
        let allowed = |fine: bool, key, allowed| if fine { Ok(()) } else { Err(InvalidSetting { key, allowed }) };
        let origins_fine = self.allowed_origins.iter().all(|origin| Origin::parse(origin).is_some());
        allowed(origins_fine, "allowed-origins", "a list of origins such as \"https://shop.example\"")?;
        let secret_fine = self.idempotency_secret.as_ref().is_none_or(|secret| secret.0.len() >= SECRET_BYTES_MIN);
        allowed(secret_fine, "idempotency-secret", "at least 32 characters long")
    }

    fn check_counts(&self) -> Result<(), InvalidSetting> {
        let within = |value: usize, least: usize, most: usize, key, allowed| {
            if (least..=most).contains(&value) { Ok(()) } else { Err(InvalidSetting { key, allowed }) }
        };
        within(self.clients_max, 1, 1_000_000, "clients-max", "1..1000000")?;
        within(self.desks_max, 1, 100_000, "desks-max", "1..100000")?;
        within(self.http_connections_max, 1, 100_000, "http-connections-max", "1..100000")?;
        within(self.message_bytes_max, 1, 256 * 1024, "message-bytes-max", "1..262144")?;
        within(
            self.frame_bytes_max,
            self.message_bytes_max + 256,
            1024 * 1024,
            "frame-bytes-max",
            "at least message-bytes-max + 256, at most 1048576",
        )?;
        within(self.frames_per_second as usize, 1, 1_000_000, "frames-per-second", "1..1000000")?;
        within(self.frames_burst as usize, 1, 1_000_000, "frames-burst", "1..1000000")?;
        within(self.unacked_messages_max, 1, 65_536, "unacked-messages-max", "1..65536")?;
        within(self.queue_bytes_max, 64 * 1024, 16 * 1024 * 1024, "queue-bytes-max", "65536..16777216")
    }

    fn check_durations(&self) -> Result<(), InvalidSetting> {
        let within = |value: Duration, least: u64, most: u64, key, allowed| {
            let range = Duration::from_millis(least)..=Duration::from_secs(most);
            if range.contains(&value) { Ok(()) } else { Err(InvalidSetting { key, allowed }) }
        };
        within(self.heartbeat, 100, 3_600, "heartbeat", "100ms..1h")?;
        within(self.silence_max, 200, 7_200, "silence-max", "200ms..2h")?;
        within(self.hello_max, 100, 60, "hello-max", "100ms..60s")?;
        within(self.engine_wait_max, 100, 300, "engine-wait-max", "100ms..5m")?;
        within(self.shutdown_max, 0, 300, "shutdown-max", "0s..5m")?;
        within(self.reconnect_spread, 0, 600, "reconnect-spread", "0s..10m")?;
        if self.silence_max < self.heartbeat * 2 {
            return Err(InvalidSetting { key: "silence-max", allowed: "at least twice heartbeat" });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_allowed_and_survive_being_written() {
        let settings = GatewaySettings::default();
        assert_eq!(settings.check(), Ok(()));
        let json = serde_json::to_string(&settings).expect("serialises");
        assert!(json.contains(r#""heartbeat":"15s""#), "{json}");
        assert_eq!(serde_json::from_str::<GatewaySettings>(&json).expect("reads back"), settings);
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = serde_json::from_str::<GatewaySettings>(r#"{"hartbeat":"1s"}"#).expect_err("is refused");
        assert!(error.to_string().contains("hartbeat"), "{error}");
    }

    #[test]
    fn a_bad_value_is_named_with_what_is_allowed() {
        let refused = |change: fn(&mut GatewaySettings)| {
            let mut settings = GatewaySettings::default();
            change(&mut settings);
            settings.check().expect_err("is refused").key
        };
        assert_eq!(refused(|settings| settings.clients_max = 0), "clients-max");
        assert_eq!(refused(|settings| settings.frame_bytes_max = 16), "frame-bytes-max");
        assert_eq!(refused(|settings| settings.silence_max = settings.heartbeat), "silence-max");
        assert_eq!(refused(|settings| settings.allowed_origins.push("shop.example".into())), "allowed-origins");
        let short = |settings: &mut GatewaySettings| settings.idempotency_secret = Some(IdempotencySecret("s".into()));
        assert_eq!(refused(short), "idempotency-secret");
    }

    #[test]
    fn the_secret_is_not_printed() {
        let settings =
            GatewaySettings { idempotency_secret: Some(IdempotencySecret("hush".into())), ..Default::default() };
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
