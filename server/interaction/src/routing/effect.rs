//! What the core is told and what it wants done. The runtime carries effects out in the order given.

use tandem_link::Incoming;
use tandem_protocol::{
    AgentId, AskId, ClientId, DeskId, ErrorCode, GatewayLink, LoginName, PairName, QueueCause, QueueName, Refusal,
    Secret, Seq, SessionId, TokenHash,
    archive::{Identity, Look},
    desk::{AgentRole, Canned, DeskAsk, DeskNews, EarlierChat},
    link::{Outcome, Request},
    routing::{Changed, Placed},
};
use tandem_store::{Account, Chosen, Filing, Login, TakenChat};

use super::{pairs::PairIndex, requests::PendingId};

/// What the core is told, besides that time passes.
#[derive(Debug)]
pub(crate) enum Input {
    /// The link to a pair tells something.
    Heard(PairIndex, Heard),
    /// What became of an [`Effect::Verify`]. A login that is accepted is kept already.
    Verified {
        /// As asked.
        ask: AskRef,
        /// The login and whose it is, or why there is none.
        verified: Result<(Login, Account), Refusal>,
    },
    /// What became of an [`Effect::Look`].
    Looked {
        /// As asked.
        ask: AskRef,
        /// The answer.
        outcome: Outcome,
    },
    /// What became of an [`Effect::Run`].
    Ran {
        /// As asked.
        purpose: Purpose,
        /// What the directory says.
        ran: Result<Found, Failed>,
    },
    /// Who there is by now. In the order in which the directory was asked, as [`Input::Ran`] and [`Input::Verified`].
    Staff(Staff),
}

/// What the link to one pair tells.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A primary has welcomed the link. Whatever was asked and not answered is asked again by the link.
    Connected,
    /// The link is lost, and with it every desk that is reached through it.
    Lost,
    /// Sessions that are open.
    Opened(Vec<SessionId>),
    /// Sessions that changed.
    Changed(Vec<Changed>),
    /// The answer to an [`Effect::Submit`].
    Answered(Tag, Outcome),
    /// A gateway is gone from the pair, and its desks with it.
    GatewayGone(GatewayLink),
    /// A gateway asks.
    Asked {
        /// What the answer names.
        ask: AskId,
        /// The gateway's link to the pair.
        gateway: GatewayLink,
        /// What is asked.
        body: DeskAsk,
    },
}

impl Heard {
    /// What the link tells, as far as it concerns the core.
    pub(crate) fn of(incoming: Incoming<Tag>) -> Option<Self> {
        match incoming {
            Incoming::Connected { .. } => Some(Self::Connected),
            Incoming::Lost { .. } => Some(Self::Lost),
            Incoming::Opened(sessions) => Some(Self::Opened(sessions)),
            Incoming::Changed(changed) => Some(Self::Changed(changed)),
            Incoming::Answered { tag, outcome } => Some(Self::Answered(tag, outcome)),
            Incoming::GatewayGone(gateway) => Some(Self::GatewayGone(gateway)),
            Incoming::Asked { ask, gateway, body } => Some(Self::Asked { ask, gateway, body }),
            // It attaches no session, and is no gateway.
            Incoming::Deliver(_)
            | Incoming::Typing { .. }
            | Incoming::Reattached { .. }
            | Incoming::Pair(_)
            | Incoming::Place { .. }
            | Incoming::Notice { .. }
            | Incoming::Desk { .. }
            | Incoming::InteractionGone
            | Incoming::EnterAgain => None,
        }
    }
}

/// The part of the directory that other processes change too.
#[derive(Debug, Clone, Default)]
pub(crate) struct Staff {
    /// Every account.
    pub(crate) accounts: Vec<Account>,
    /// Every login that is good.
    pub(crate) logins: Vec<Login>,
}

/// The directory as it is read at the start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// The number of this process's life.
    pub(crate) life: u64,
    /// Who there is.
    pub(crate) staff: Staff,
    /// What everybody has chosen.
    pub(crate) chosen: Vec<Chosen>,
    /// The chats that are to be filed away.
    pub(crate) unfiled: Vec<(SessionId, AgentId)>,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Ask a primary.
    Submit {
        /// Of which pair.
        pair: PairIndex,
        /// What.
        request: Box<Request>,
        /// Given back with the answer.
        tag: Tag,
    },
    /// Have the directory do something, in order.
    Run {
        /// What.
        errand: Box<Errand>,
        /// Given back with what it says.
        purpose: Purpose,
    },
    /// See whether a login is to be accepted, and keep it then.
    Verify(Box<LoginAsk>),
    /// Look something up for somebody, and answer with [`Input::Looked`].
    Look(Box<LookAsk>),
    /// Answer a gateway.
    Reply {
        /// The pair through which it asked.
        pair: PairIndex,
        /// The question.
        ask: AskId,
        /// The answer.
        outcome: Outcome,
    },
    /// Tell a desk.
    Push {
        /// The gateway that holds it.
        gateway: GatewayAt,
        /// The desk.
        desk: DeskId,
        /// What is new.
        news: DeskNews,
    },
    /// Tell waiting customers of a pair where they stand.
    Places(PairIndex, Vec<Placed>),
    /// Write to the log.
    Note(Note),
}

/// What a request to a primary was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tag {
    /// To hear of open sessions.
    Watch,
    /// To hear how these stand.
    Follow(Vec<SessionId>),
    /// To change, or read, a session.
    Pending(PendingId),
    /// To erase a session. Its answer is the eraser's, and never comes to the core.
    Erase(SessionId),
}

/// A gateway's link, which each pair numbers for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GatewayAt {
    /// The pair.
    pub(crate) pair: PairIndex,
    /// The gateway's link to it.
    pub(crate) link: GatewayLink,
}

/// A question and the connection over which it came: each pair numbers questions for itself, and the next primary
/// anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AskRef {
    /// The pair through which it came.
    pub(super) pair: PairIndex,
    /// Counts connections to the pair.
    pub(super) connection: u64,
    /// The question.
    pub(super) ask: AskId,
}

/// What somebody does at a desk, by the desk's id for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Act {
    /// Who.
    pub(super) agent: AgentId,
    /// The id.
    pub(super) id: ClientId,
}

/// Somebody logs in.
#[derive(Debug)]
pub(crate) struct LoginAsk {
    /// Given back with the result.
    pub(crate) ask: AskRef,
    /// The name of the account.
    pub(crate) name: LoginName,
    /// Its password.
    pub(crate) password: Secret,
    /// What the token hashes to.
    pub(crate) token: TokenHash,
    /// Where the attempt comes from.
    pub(crate) from: String,
}

/// Somebody looks something up.
#[derive(Debug)]
pub(crate) struct LookAsk {
    /// Given back with the result.
    pub(crate) ask: AskRef,
    /// Who.
    pub(crate) agent: AgentId,
    /// What he logs in with.
    pub(crate) name: LoginName,
    /// What he may do.
    pub(crate) role: AgentRole,
    /// What.
    pub(crate) wanted: Wanted,
}

/// What is to be looked up, or done to a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) look: Look,
    /// Where that was asked for, if the gateway says it.
    pub(crate) from: Option<String>,
}

/// What the directory is to do. Repeatable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Errand {
    /// Keep what somebody has chosen.
    Choose(Chosen),
    /// Keep that a chat is taken.
    Take(TakenChat),
    /// Keep that an agent need not file a chat.
    Release(SessionId, AgentId),
    /// File a chat away.
    File(Filing),
    /// Find a login, and tell who there is before it is answered.
    Login(TokenHash),
    /// Forget a login.
    EndLogin(TokenHash),
    /// Find the other chats of a session's customer, who is known by these while the archive does not know the session.
    Earlier(SessionId, Vec<Identity>),
    /// Find out whether a session is one of an agent's, or of one of his customers.
    Reach(SessionId, AgentId),
    /// Find an agent's canned replies.
    Canned(AgentId),
    /// Keep a canned reply.
    SaveCanned(AgentId, Canned),
    /// Delete a canned reply, a shared one if so.
    DeleteCanned(AgentId, ClientId, bool),
}

/// What an errand found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// It is done.
    Done,
    /// To save or delete a canned reply: whether it was possible.
    Possible(bool),
    /// Whether a session is within reach.
    Reach(bool),
    /// A login, if it is good.
    Login(Option<Login>),
    /// Earlier chats.
    Earlier(Vec<EarlierChat>),
    /// Canned replies.
    Canned(Vec<Canned>),
}

/// The directory could not; the log has been told why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failed;

/// What an errand was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Nobody waits for it.
    Nothing,
    /// A chat is kept as taken, so that it can be asked for.
    Taken(SessionId, AgentId, Option<PendingId>),
    /// A chat need not be filed away any more.
    Released(SessionId, AgentId),
    /// An action ends with it.
    Act(Act),
    /// A chat is filed away, which an action waits for.
    Filed(SessionId, Act),
    /// A canned reply is to be deleted, if it is one of those found.
    Delete(Act, ClientId),
    /// A session is to be read after this event, if it is within reach.
    Read(Act, SessionId, Seq),
    /// Somebody looks something up with a login that the core does not know.
    Look {
        /// What is answered.
        ask: AskRef,
        /// What.
        wanted: Box<Wanted>,
    },
    /// Somebody oversees with a login that the core does not know.
    Oversee {
        /// What is answered.
        ask: AskRef,
    },
    /// A desk wants to enter with a login that the core does not know.
    Enter {
        /// What is answered.
        ask: AskRef,
        /// The desk.
        desk: DeskId,
        /// Its gateway.
        gateway: GatewayAt,
    },
    /// A login is ended.
    Logout {
        /// What is answered.
        ask: AskRef,
        /// The login.
        token: TokenHash,
        /// The core did not know it.
        is_stranger: bool,
    },
}

/// What a person may want to read later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    /// After a connection to a pair, the core knows how all its sessions stand.
    Settled { pair: PairName, sessions: usize, waiting: usize },
    /// The core waits no longer for a pair of which it knows nothing yet.
    BeganWithout { pair: PairName },
    /// A pair tells of a session that is another's by its id.
    Stray { pair: PairName, session: SessionId },
    /// A session waits.
    Queued { session: SessionId, queue: QueueName, cause: QueueCause },
    /// A session is offered.
    Offered { session: SessionId, agent: AgentId },
    /// An offer or invitation was not answered in time.
    NoAnswer { session: SessionId, agent: AgentId },
    /// An agent does not want a session.
    Declined { session: SessionId, agent: AgentId },
    /// An agent took a waiting session, follows an invitation, or takes over.
    Joined { session: SessionId, agent: AgentId },
    /// An agent filed a chat away.
    Filed { session: SessionId, agent: AgentId },
    /// An agent is there again.
    Present { agent: AgentId },
    /// An agent is not there any more.
    PresenceLost { agent: AgentId, sessions: usize },
    /// A desk is closed since its login is no longer good.
    Revoked { agent: AgentId },
    /// An open session was found that nobody was in and that waited nowhere; it is queued again.
    Unattended { session: SessionId },
    /// A waiting session stood in no list; it does again.
    Mended { session: SessionId },
    /// The engine refuses what the service needs; it is tried again later.
    Refused { session: SessionId, code: ErrorCode },
    /// The engine did what the service needs, and the session is as before; it is tried again later.
    WithoutEffect { session: SessionId },
    /// The engine cannot tell how a session stands; it is left out and asked for again later.
    SetAside { session: SessionId },
    /// A request was done and its effect never seen; the session is asked for.
    Unseen { session: SessionId },
}
