/**
 * The words of `tandem.v1` and `tandem.desk.v1` that both sides agree on: names, close codes and the shapes of what
 * arrives.
 *
 * It mirrors the protocol page of the server and holds nothing else. Every other module of the library uses it.
 */

/** The WebSocket subprotocol of a session. */
export const SUBPROTOCOL = 'tandem.v1';

/** The WebSocket subprotocol of an agent's desk. */
export const DESK_SUBPROTOCOL = 'tandem.desk.v1';

/** The close codes that a client treats one by one. 40xx: reconnect and resume. 45xx: stop. */
export const Close = Object.freeze({
  UNAUTHORIZED: 4501,
  UNKNOWN_SESSION: 4502,
  ENDED: 4503,
});

/**
 * Whether reconnecting can help after a connection ended with this code. Everything but 45xx: a broken network
 * and a proxy's own codes say nothing about the session.
 * @param {number} code
 */
export function mayReconnect(code) {
  return code < 4500 || code > 4599;
}

/** Refusals after which the same thing, unchanged, may succeed (the server's `ErrorCode::is_retryable`). */
const RETRYABLE = new Set(['limit_sessions', 'limit_clients', 'busy', 'not_saved', 'unavailable', 'slow_down']);

/** @param {string} code a stable error code */
export function mayRepeat(code) {
  return RETRYABLE.has(code);
}

/** @typedef {'ALL'|'INT'|'VIP'} Visibility everybody; agents and supervisors; supervisors */

/** @typedef {'CLIENT'|'AGENT'|'SUPERVISOR'|'EXTERNAL'|'SYSTEM'} Kind what a participant is */

/** @typedef {'opened'|'transferred'|'handed_off'|'no_bot'|'agent_gone'|'unattended'} QueueCause why a session waits */

/**
 * @typedef {object} SessionEvent one event of a session, as every reader sees it
 * @property {number} seq its number in the session: 1, 2, 3…
 * @property {number} at_ms when it was numbered, milliseconds since 1970
 * @property {'opened'|'joined'|'message'|'left'|'queued'|'invited'|'invitation_ended'|'notice'|'closed'} type what happened
 * @property {number} [participant] who (joined, message, left)
 * @property {string} [client_id] the sender's id (joined, message, queued, invited)
 * @property {Visibility} [visibility] who may read it, where it is not everybody
 * @property {string} [text] what was said, plain text and never markup (message); a sentence for the customer (queued)
 * @property {string} [name] the name to show (joined)
 * @property {Kind} [kind] what he is (joined)
 * @property {number} [agent] the account: of who joined (joined), of the only one who may take it (queued), of who
 *   was asked (invited, invitation_ended)
 * @property {number} [took] the `queued` event that a join answers: the session waits no longer (joined)
 * @property {string} [queue] where the session waits (queued)
 * @property {QueueCause} [cause] why (queued)
 * @property {number} [by] the participant who put it there (queued), or who asks (invited)
 * @property {string} [subject] what the chat is about (opened)
 * @property {Record<string, string>} [properties] the opener's own data (opened)
 * @property {number|string} [reason] why (left: a number; closed, invitation_ended: a word)
 */

/**
 * @typedef {object} Participant one participant of a session
 * @property {number} participant its number in the session
 * @property {Kind} kind what it is
 * @property {string} name the name to show
 * @property {boolean} joined false once it has left
 * @property {Visibility} [visibility] who sees it, where it is not everybody
 * @property {number} [agent] the account of somebody who works here
 */

/**
 * @typedef {object} QueueState where a session waits
 * @property {string} queue the queue
 * @property {number} seq the `queued` event
 * @property {number} since_ms when that was
 * @property {QueueCause} cause why
 * @property {boolean} waiting false once somebody has taken it
 * @property {number} [by] the participant who put it there
 * @property {number} [agent] the only account that it waits for
 * @property {string} [text] a sentence for the customer
 * @property {Place} [place] how far it has come; unknown for a while after a failover
 */

/**
 * @typedef {object} Place how far a waiting session has come
 * @property {number} place 1 for the next to be taken
 * @property {number} [wait_ms] how long it is expected to wait from now; unknown at first
 */

/**
 * @typedef {object} SessionState everything about a session that is not its events
 * @property {'open'|'closed'} status whether it goes on
 * @property {string} [subject] what it is about
 * @property {Record<string, string>} [properties] the opener's own data
 * @property {number} [opened_at_ms] when it began
 * @property {QueueState} [queue] where it waits, or waited last
 * @property {Participant[]} participants everyone who ever joined
 * @property {{agent: number, by: number, seq: number, since_ms: number}[]} [invitations] for the staff: who is asked
 */

/**
 * @typedef {object} Credentials what it takes to be a participant of a session
 * @property {string} session the session's id; not a secret
 * @property {string} token the participant's token; whoever has it is the participant
 * @property {number} participant the participant's number in the session
 */
