/**
 * What the page says. Pure: sentences in, values in, text or pieces of text out. One place to translate.
 */

export const LOST = 'Connection to the chat was lost. You can keep typing; messages will be sent.';

/** @param {number} gap_ms as measured by whoever noticed the loss */
export const restored = (gap_ms) =>
  `Connected again. The session was restored after ${duration(gap_ms)}; nothing was lost.`;

/** What stands in the header, by the session's status. */
export const STATUS = Object.freeze({
  connecting: 'Connecting…',
  connected: 'Connected',
  reconnecting: 'Reconnecting…',
  stopped: 'Not connected',
  ended: 'Ended',
});

/** Below a message of one's own, by its state. */
export const MARK = Object.freeze({ sending: 'Sending…', saved: 'Saved', not_sent: 'Not sent' });

/** By leave reason; the sentence after the name. */
const LEFT = Object.freeze({
  0: 'left the chat',
  3: 'was away for too long and left the chat',
  4: 'was removed from the chat',
  5: 'was removed by the service',
  7: 'left because the chat was idle',
  8: 'did not come back',
});

/** @param {number} reason @param {boolean} mine */
export function leaving(reason, mine) {
  if (mine) return reason === 0 ? 'You left the chat' : 'You are no longer in the chat';
  return LEFT[reason] ?? LEFT[0];
}

/** @param {string|null} reason why the session closed */
export function ending(reason) {
  return reason === 'not_saved'
    ? 'The chat was ended because it could not be saved any more.'
    : 'The chat has ended.';
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
