//! `[run]`: what `tandem run` starts. Where its gateway listens and its data lies stands in `[gateway]` and `[engine]`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::values::{Text, Written};

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct RunSection {
    /// The loopback ports of the two engines.
    pub(crate) engine_ports: Text<EnginePorts>,
    /// Whether the echo participant is started.
    pub(crate) echo: bool,
    /// Whether an account to try the workspace with is made where there is none, on loopback only.
    pub(crate) demo_agent: bool,
}

impl Default for RunSection {
    fn default() -> Self {
        Self { engine_ports: Text(EnginePorts([7301, 7302])), echo: true, demo_agent: true }
    }
}

/// The ports of engines a and b, written `7301,7302`; 0 takes any free port, a single 0 does so for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EnginePorts(pub(crate) [u16; 2]);

impl FromStr for EnginePorts {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "0" {
            return Ok(Self([0, 0]));
        }
        let (a, b) = text.split_once(',').ok_or(())?;
        let ports = [a.trim().parse().map_err(|_| ())?, b.trim().parse().map_err(|_| ())?];
        if ports[0] != 0 && ports[0] == ports[1] { Err(()) } else { Ok(Self(ports)) }
    }
}

impl fmt::Display for EnginePorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.0[0], self.0[1])
    }
}

impl Written for EnginePorts {
    const ALLOWED: &'static str = "two different ports, such as \"7301,7302\", or \"0\" for any free ones";
}
