//! `tandem health`: asks a gateway whether it serves, for whatever runs it and has no program of its own to ask with.
//!
//! It speaks just enough HTTP for one question. It never looks at the pair as a whole: that is `tandem status`.

use std::{io::Write, path::PathBuf, time::Duration};

use clap::Args;
use tandem_drill::Gateway;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{Global, drill::gateway};
use crate::{lifecycle::failure::Failure, operator::quiet};

/// How long the gateway may take; what asks every few seconds must know by then.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// The most that is read of an answer, which has some hundred bytes.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// Ask a gateway whether it is alive, or whether it serves.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem health                                    this machine's gateway: is it alive?
  tandem health --ready                            does it have a primary to speak to?
  tandem health --gateway http://10.0.0.1:8080

In a container: HEALTHCHECK CMD [\"tandem\", \"health\"]. Exit codes: 0 yes, 1 no, 2 the command or a setting is wrong.")]
pub(super) struct HealthArgs {
    /// Ask for `/readyz`, as a load balancer does, instead of `/healthz`.
    #[arg(long)]
    ready: bool,
    /// The gateway. [default: this machine's, as the settings say]
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// A file with the certificates (PEM) of the authority that vouches for an https gateway, beside those that the system
    /// trusts.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// What a gateway says that is not well.
#[derive(Debug, thiserror::Error)]
enum Unwell {
    #[error("the gateway at {0} cannot be reached: {1}")]
    Unreachable(String, std::io::Error),
    #[error("the gateway at {0} did not answer within {max} s", max = ANSWER_MAX.as_secs())]
    Late(String),
    #[error("the gateway at {0} answered {1:?}")]
    Says(String, String),
}

impl HealthArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let settings = quiet(global.load([])?);
        let gateway = gateway::of(self.gateway.as_deref(), self.ca.as_deref(), &settings).map_err(Failure::usage)?;
        let path = if self.ready { "/readyz" } else { "/healthz" };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::runtime)?;
        let said = runtime.block_on(ask(&*gateway, path)).map_err(Failure::runtime)?;
        writeln!(std::io::stdout(), "{said}").map_err(Failure::runtime)
    }
}

/// The body of an answer that says yes.
async fn ask(gateway: &dyn Gateway, path: &str) -> Result<String, Unwell> {
    let place = gateway.authority().to_owned();
    let answer = timeout(ANSWER_MAX, exchange(gateway, path)).await.map_err(|_| Unwell::Late(place.clone()))?;
    let answer = answer.map_err(|cause| Unwell::Unreachable(place.clone(), cause))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    if status.starts_with("HTTP/1.1 200 ") { Ok(body.to_owned()) } else { Err(Unwell::Says(place, status.to_owned())) }
}

async fn exchange(gateway: &dyn Gateway, path: &str) -> std::io::Result<String> {
    let mut stream = gateway.connect().await?;
    let host = gateway.authority();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
