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
    /// From which loopback port on its processes show their metrics: engine a, engine b, gateway, interaction server, echo.
    /// When absent from 7311 on, or on any free ports where the engines listen on such.
    pub(crate) metrics_port: Option<Text<MetricsPort>>,
    /// Whether the echo participant is started.
    pub(crate) echo: bool,
    /// Whether an account to try the workspace with is made where there is none, on loopback only.
    pub(crate) demo_agent: bool,
}

impl Default for RunSection {
    fn default() -> Self {
        let engine_ports = Text(EnginePorts([7301, 7302]));
        Self { engine_ports, metrics_port: None, echo: true, demo_agent: true }
    }
}

impl RunSection {
    /// The loopback ports for the metrics, in the order of the processes; 0 for any free one.
    pub(crate) fn metrics_ports(&self) -> Option<[u16; METRICS_PORTS as usize]> {
        let default = if self.engine_ports.0.0 == [0, 0] { MetricsPort::AnyFree } else { MetricsPort::From(7311) };
        match self.metrics_port.as_ref().map_or(default, |port| port.0) {
            MetricsPort::Off => None,
            MetricsPort::AnyFree => Some([0; METRICS_PORTS as usize]),
            MetricsPort::From(first) => {
                Some(std::array::from_fn(|at| first + u16::try_from(at).expect("there are few")))
            }
        }
    }
}

/// How many processes there are at most.
const METRICS_PORTS: u16 = 5;

/// The first of the ports on which metrics are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricsPort {
    /// They are not shown.
    Off,
    /// Each on any free one.
    AnyFree,
    /// This one and the next ones.
    From(u16),
}

impl FromStr for MetricsPort {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "off" {
            return Ok(Self::Off);
        }
        match text.parse().map_err(|_| ())? {
            0 => Ok(Self::AnyFree),
            first if first <= u16::MAX - METRICS_PORTS + 1 => Ok(Self::From(first)),
            _ => Err(()),
        }
    }
}

impl fmt::Display for MetricsPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::AnyFree => f.write_str("0"),
            Self::From(first) => first.fmt(f),
        }
    }
}

impl Written for MetricsPort {
    const ALLOWED: &'static str = "the first of five ports, such as \"7311\", \"0\" for any free ones, or \"off\"";
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
