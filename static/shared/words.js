/**
 * What every page says of a conversation and its connection, and of a login. Pure: sentences in, values in, text out.
 * One place to translate; what only one page says stands with that page.
 */

export const LOST = 'Connection to the chat was lost. You can keep typing; messages will be sent.';

/** @param {number} gap_ms as measured by whoever noticed the loss */
export const restored = (gap_ms) =>
  `Connected again. The session was restored after ${duration(gap_ms)}; nothing was lost.`;

/** The state of a session's connection, by the session's status. */
export const STATUS = Object.freeze({
  connecting: 'Connecting…',
  connected: 'Connected',
  reconnecting: 'Reconnecting…',
  stopped: 'Not connected',
  ended: 'Ended',
});

/** Why somebody who was logged in is not any more. */
export const LOGGED_OUT = 'You have logged out.';
export const LOGGED_OUT_ELSEWHERE = 'You have logged out in another tab.';
export const REVOKED = 'Your login has ended. Please log in again.';

/** Below the field, by the session's status. */
export const WAITING = Object.freeze({
  reconnecting: 'Messages wait until the connection is back.',
  stopped: 'Messages wait until the chat can be reached.',
});

export const TOO_MANY = 'Too many messages are waiting to be sent.';

/** @param {number} over bytes beyond what a message may have */
export const tooLong = (over) => `This message is too long by about ${over} characters.`;

/** Below a message of one's own, by its state. */
export const MARK = Object.freeze({
  sending: 'Sending…',
  unsaved: 'Sent, not saved yet',
  saved: 'Saved',
  not_sent: 'Not sent',
});

/** Read aloud when the first message of one's own is not saved, and when all are. */
export const NOT_SAVED = 'Your message was sent, but it is not saved yet.';
export const ALL_SAVED = 'All your messages are saved.';

/** By leave reason; the sentence after a customer's name. */
const LEFT = Object.freeze({
  0: 'left the chat',
  3: 'was away for too long and left the chat',
  4: 'was removed from the chat',
  5: 'was removed by the service',
  7: 'left because the chat was idle',
  8: 'did not come back',
});

/**
 * The sentence after a name. That somebody of the staff was relieved is no concern of the others.
 * @param {number} reason
 * @param {import('../client/protocol.js').Kind} [kind] of who left
 */
export function leaving(reason, kind) {
  const ofStaff = kind === 'AGENT' || kind === 'SUPERVISOR' || kind === 'EXTERNAL';
  return (ofStaff && reason === 4 ? LEFT[0] : LEFT[reason]) ?? LEFT[0];
}

/** By the close code with which the gateway refused. @param {number|null} code */
export function stopping(code) {
  if (code === 4501 || code === 4502) return 'This chat can no longer be opened.';
  return 'The chat refused the connection.';
}

/** @param {string[]} names who types */
export function typing(names) {
  if (names.length > 2) return 'Several people are typing';
  return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} typing`;
}

/** A length of time as one would say it. @param {number} ms */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

/** @param {number} at_ms */
export const clock = (at_ms) => CLOCK.format(at_ms);

/** @param {number} at_ms */
export const day = (at_ms) => DAY.format(at_ms);
