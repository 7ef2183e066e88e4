//! The backup's link to the primary: it carries the fact that the primary is there, and what the two say to each other
//! of a planned switchover.
//!
//! When it ends, what matters is whether the primary's address refuses connections: then nothing listens there any
//! more, and the backup acts at once (design section 3). Having taken over, it tells the one it followed, by the same
//! hello.

use std::{io, time::Duration};

use tandem_link::{
    Credentials,
    connection::{ConnectionError, ConnectionSettings, Dialled, dial},
};
use tandem_protocol::{
    Epoch, LinkVersion, PairName, Peer, Speaks,
    link::{FromEngine, Hello, LinkRole, Welcome},
};
use tandem_session::LeaseInput;
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{sleep, timeout},
};
use tracing::{debug, info, warn};

use crate::service::{FromPrimary, Input};

/// How often the address is tried after the end of the stream: the kernel closes a killed process's files one after
/// the other, and the listener may be the last of them.
const PROBES_MAX: u32 = 20;

/// Between two of those tries.
const PROBE_PAUSE: Duration = Duration::from_millis(2);

/// How long one try may take; on one host it is refused or accepted within microseconds.
const PROBE_MAX: Duration = Duration::from_millis(250);

/// Between attempts to tell a former primary. One that is stopped or cut off learns it from the store as a rule; here
/// is for the one that has lost the store.
const TELL_PAUSE: Duration = Duration::from_secs(1);

/// The engine to speak to.
#[derive(Debug, Clone)]
pub(crate) struct Following {
    pub(crate) address: String,
    pub(crate) pair: PairName,
    pub(crate) this: Peer,
    pub(crate) speaks: Speaks,
    pub(crate) epoch_seen: Epoch,
    /// How long to wait before it is followed: after a loss that told nothing, so that a strange primary is not asked in a
    /// loop.
    pub(crate) pause: Duration,
    pub(crate) credentials: Credentials,
}

impl Following {
    fn hello(&self) -> Hello {
        let (role, name) = (LinkRole::Standby(self.this.clone()), format!("engine-{}", self.this.name));
        Hello::new(self.speaks, self.pair.clone(), role, name, self.epoch_seen)
    }

    async fn dial(&self) -> Result<Dialled, ConnectionError> {
        let dialled = dial(&self.address, self.hello(), &ConnectionSettings::with(self.credentials.clone())).await;
        if let Err(ConnectionError::Unproven(unproven)) = &dialled {
            self.credentials.complain(&self.address, unproven);
        }
        dialled
    }
}

/// Follows until the primary is lost, and says how.
pub(crate) async fn follow(following: Following, inputs: mpsc::Sender<Input>) {
    sleep(following.pause).await;
    let is_refused = match lose(&following, &inputs).await {
        Loss::HandedOver => return,
        Loss::Ended { is_refused } => is_refused,
    };
    // The service may have ended first; then nobody needs to know.
    let _ = inputs.send(Input::Lease(LeaseInput::FollowLost { is_refused })).await;
}

/// How the primary was lost.
enum Loss {
    /// It has said that it is one no longer, and who is.
    HandedOver,
    Ended {
        /// Its address refuses connections.
        is_refused: bool,
    },
}

/// Says to the engine at this address that another one, this, has taken the lease in `epoch_seen`: by its hello, which
/// it sends until the other has answered anything, or nothing listens there any more. Without it a primary that has
/// lost nothing but the store would keep its links, none of whose requests it can answer (F-2).
pub(crate) async fn depose(former: Following) {
    while let Err(error) = tell(&former).await {
        debug!(address = former.address, %error, "cannot tell the former primary that it is deposed; trying again");
        sleep(TELL_PAUSE).await;
    }
}

async fn tell(former: &Following) -> Result<(), ConnectionError> {
    let Dialled { mut reader, outbox: _outbox, writer } = match former.dial().await {
        Err(ConnectionError::Unreachable(error)) if is_refused(&error) => return Ok(()),
        other => other?,
    };
    tokio::select! {
        heard = reader.next() => heard.map(drop),
        () = writer.run() => Ok(()),
    }
}

/// Returns when the primary is lost.
async fn lose(following: &Following, inputs: &mpsc::Sender<Input>) -> Loss {
    let address = &following.address;
    let Dialled { mut reader, outbox, writer } = match following.dial().await {
        Ok(dialled) => dialled,
        Err(ConnectionError::Unreachable(error)) if is_refused(&error) => return Loss::Ended { is_refused: true },
        Err(error) => {
            debug!(address, %error, "cannot follow the primary");
            return Loss::Ended { is_refused: false };
        }
    };
    let reading = async {
        let mut speaks = LinkVersion::FIRST;
        loop {
            let word = match reader.next().await {
                Ok(Some(word)) => word,
                Ok(None) => return None,
                Err(error) => {
                    debug!(address, %error, "the standby link broke");
                    return None;
                }
            };
            if word.since() > speaks {
                warn!(address, "the primary says what an engine of this version cannot understand; following it anew");
                return None;
            }
            let input = match word {
                FromEngine::Welcome(Welcome { pair, speaks: most }) => {
                    speaks = most.min(following.speaks.most);
                    info!(primary = %pair.primary.name, address, epoch = %pair.epoch, "standing by");
                    Input::Following(outbox.clone())
                }
                FromEngine::Prepare { sessions, is_last } => {
                    Input::FromPrimary(FromPrimary::Prepare { sessions, is_last })
                }
                FromEngine::CalledOff => Input::FromPrimary(FromPrimary::CalledOff),
                FromEngine::Restart => Input::FromPrimary(FromPrimary::Restart),
                FromEngine::HandedOver { epoch, held_us } => {
                    // The service may have ended first; then nobody needs to know.
                    let _ = inputs.send(Input::FromPrimary(FromPrimary::HandedOver { epoch, held_us })).await;
                    return Some(Loss::HandedOver);
                }
                FromEngine::NotPrimary(_) | FromEngine::Refused(_) => return None,
                _ => continue,
            };
            let _ = inputs.send(input).await;
        }
    };
    let handed_over = tokio::select! {
        // First what was said before the end.
        biased;
        handed_over = reading => handed_over,
        () = writer.run() => None,
    };
    match handed_over {
        Some(loss) => loss,
        None => Loss::Ended { is_refused: refuses(address).await },
    }
}

/// Whether nothing listens at the address any more.
async fn refuses(address: &str) -> bool {
    for _ in 0..PROBES_MAX {
        match timeout(PROBE_MAX, TcpStream::connect(address)).await {
            Ok(Err(error)) => return is_refused(&error),
            Ok(Ok(_listening)) => sleep(PROBE_PAUSE).await,
            Err(_silent) => return false,
        }
    }
    false
}

fn is_refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}
