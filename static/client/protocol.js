/**
 * The words of `tandem.v1` that both sides agree on: names, close codes and the shapes of what arrives.
 *
 * It mirrors the protocol page of the server and holds nothing else. Every other module of the library uses it.
 */

/** The WebSocket subprotocol. */
export const SUBPROTOCOL = 'tandem.v1';

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

/**
 * @typedef {object} SessionEvent one event of a session, as every reader sees it
 * @property {number} seq its number in the session: 1, 2, 3…
 * @property {number} at_ms when it was numbered, milliseconds since 1970
 * @property {'opened'|'joined'|'message'|'left'|'closed'} type what happened
 * @property {number} [participant] who (joined, message, left)
 * @property {string} [client_id] the sender's id (joined, message)
 * @property {string} [text] what was said, plain text and never markup (message)
 * @property {string} [name] the name to show (joined)
 * @property {string} [kind] CLIENT, AGENT, SUPERVISOR, EXTERNAL or SYSTEM (joined)
 * @property {string} [subject] what the chat is about (opened)
 * @property {Record<string, string>} [properties] the opener's own data (opened)
 * @property {number|string} [reason] why (left: a number; closed: a word)
 */

/**
 * @typedef {object} Participant one participant of a session
 * @property {number} participant its number in the session
 * @property {string} kind CLIENT, AGENT, SUPERVISOR, EXTERNAL or SYSTEM
 * @property {string} name the name to show
 * @property {boolean} joined false once it has left
 */

/**
 * @typedef {object} SessionState everything about a session that is not its events
 * @property {'open'|'closed'} status whether it goes on
 * @property {string} [subject] what it is about
 * @property {Record<string, string>} [properties] the opener's own data
 * @property {Participant[]} participants everyone who ever joined
 */

/**
 * @typedef {object} Credentials what it takes to be a participant of a session
 * @property {string} session the session's id; not a secret
 * @property {string} token the participant's token; whoever has it is the participant
 * @property {number} participant the participant's number in the session
 */
