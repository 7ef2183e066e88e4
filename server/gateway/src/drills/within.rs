//! What a drill needs of the gateway that carries it out: its link to the pair, and itself as a customer meets it, over
//! a stream in memory, so that neither ports nor certificates matter.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use async_trait::async_trait;
use tandem_drill::{Gateway, Primary, Stream, Unanswered};
use tandem_protocol::{
    ErrorCode, PairName, Refusal,
    link::{Answer, Outcome, Request},
};
use tokio::io::duplex;

use crate::{app::Shared, problem::Problem, routes, serve};

/// Bytes that wait on either side of a stream; beyond it the other side is not read.
const STREAM_BYTES: usize = 64 * 1024;

/// The gateway's link to a pair.
pub(super) struct Link {
    pub(super) app: Shared,
    pub(super) pair: PairName,
}

#[async_trait]
impl Primary for Link {
    async fn ask(&self, request: Request) -> Result<Answer, Unanswered> {
        let pair = self.app.engine.pairs().named(&self.pair).expect("a gateway's pairs stay the same");
        match pair.ask(request).await? {
            Some(Outcome::Done(answer)) => Ok(answer),
            Some(Outcome::Refused(refusal)) => Err(refusal.into()),
            // The gateway ends.
            None => Err(Unanswered::Late),
        }
    }
}

/// This very gateway.
pub(super) struct Within {
    pub(super) app: Shared,
}

#[async_trait]
impl Gateway for Within {
    fn authority(&self) -> &str {
        "localhost"
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let (near, far) = duplex(STREAM_BYTES);
        let peer = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let served = serve::converse(far, peer, routes::router(self.app.clone()), self.app.stopping.clone());
        self.app.tasks.spawn(served);
        Ok(Box::new(near))
    }
}

/// What whoever asked over REST is told.
pub(super) fn problem(unanswered: Unanswered) -> Problem {
    match unanswered {
        Unanswered::Refused(refusal) => refusal.into(),
        Unanswered::Late => Problem::unavailable(),
        Unanswered::Strange => {
            Refusal::new(ErrorCode::Internal, "The engine gave an answer to another question.").into()
        }
    }
}
