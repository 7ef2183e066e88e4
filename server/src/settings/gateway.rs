//! `[gateway]`: where browsers reach the gateway and which pairs it links to; its limits are the gateway crate's
//! own [`GatewaySettings`], which stand in the same table.

use std::{net::SocketAddr, path::PathBuf};

use figment::{
    Figment,
    value::{Dict, Tag, Value},
};
use serde::{Deserialize, Serialize};
use tandem_gateway::GatewaySettings;

use super::{
    engine::EngineSection,
    pairs::{self, Pairs},
    refusal::{Refusal, bad_value, origin_of, written},
    section_value,
    values::{FilePath, HostPort, Text},
};

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct GatewaySection {
    /// What this executable does for the gateway.
    #[serde(flatten)]
    pub(crate) place: GatewayPlace,
    /// What the gateway does by itself.
    #[serde(flatten)]
    pub(crate) service: GatewaySettings,
}

/// Where the gateway stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct GatewayPlace {
    /// Where browsers connect. Port 0 takes any free port. `tandem run` uses it for its gateway too.
    pub(crate) listen: Text<SocketAddr>,
    /// The configured primary engine of the pair that `[pair]` names; the backup is learnt from it. None when there is
    /// a list of pairs.
    pub(crate) primary: Option<Text<HostPort>>,
    /// `[[gateway.pairs]]`: several pairs, over which new sessions are spread.
    pub(crate) pairs: Pairs,
    /// The file in which the last known pair is kept, so that a start works while the primary is down. With a list of
    /// pairs each has one of its own, which has the pair's name in it too.
    pub(crate) pair_cache: Option<Text<FilePath>>,
    /// Permits a listen address that other machines reach without TLS; for a gateway behind a proxy that does TLS.
    pub(crate) allow_plain_http: bool,
    /// `[gateway.tls]`.
    pub(crate) tls: TlsSection,
}

/// `[gateway.tls]`: both, and browsers come by HTTPS; or neither.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct TlsSection {
    /// The file with the gateway's certificate, and those between it and the authority, in PEM.
    pub(crate) certificate: Option<Text<FilePath>>,
    /// The file with the certificate's private key, in PEM.
    pub(crate) private_key: Option<Text<FilePath>>,
}

impl TlsSection {
    /// The files of certificate and private key; [`super::check`] has seen that they are named together.
    pub(crate) fn files(&self) -> Option<(PathBuf, PathBuf)> {
        self.certificate.clone().zip(self.private_key.clone()).map(|(certificate, key)| (certificate.0.0, key.0.0))
    }
}

impl Default for GatewayPlace {
    fn default() -> Self {
        Self {
            listen: Text(SocketAddr::from(([127, 0, 0, 1], 8080))),
            primary: Some(Text("127.0.0.1:7301".parse().expect("is a host and a port"))),
            pairs: Pairs::default(),
            pair_cache: None,
            allow_plain_http: false,
            tls: TlsSection::default(),
        }
    }
}

/// Takes the section apart by whom each key belongs to, and lets each owner check his part. `engine` is the engine's
/// section, where that is fine.
pub(super) fn extract(merged: &Figment, engine: Option<&EngineSection>) -> Result<GatewaySection, Refusal> {
    let table = section_value(merged, "gateway").into_dict().unwrap_or_default();
    let own = keys_of(&GatewayPlace::default());
    let (place, service): (Dict, Dict) = table.into_iter().partition(|(key, _)| own.contains_key(key));
    let refused = |error: figment::Error| bad_value(merged, "gateway", &error);
    let mut service: GatewaySettings = Value::Dict(Tag::Default, service).deserialize().map_err(refused)?;
    if let (Some(engine), true) = (engine, origin_of(merged, "gateway.message-bytes-max") == "default") {
        // The gateway refuses early what the engine would refuse: one setting does for both.
        service.message_bytes_max = engine.settings.message_bytes_max.as_usize();
    }
    service.check().map_err(|invalid| {
        let key = format!("gateway.{}", invalid.key);
        let value = merged.find_value(&key).map_or_else(|_| "(nothing)".to_owned(), |value| written(&key, &value));
        Refusal::BadValue {
            origin: origin_of(merged, &key),
            key,
            value,
            why: format!("it must be {}", invalid.allowed),
        }
    })?;
    let mut place: GatewayPlace = Value::Dict(Tag::Default, place).deserialize().map_err(refused)?;
    pairs::settle(merged, "gateway", &mut place.primary, &place.pairs)?;
    Ok(GatewaySection { place, service })
}

fn keys_of(part: &impl Serialize) -> Dict {
    let value = Value::serialize(part).expect("settings have only string keys");
    value.into_dict().expect("a struct is a dictionary")
}
