/**
 * A chat to be read in a list of lines: an earlier one beside the conversation, one that was found. It is read as long
 * as nothing else is to be read in its place.
 */

import { Lines } from '../shared/lines.js';
import { Message } from '../shared/message.js';

/** @typedef {import('../client/protocol.js').SessionEvent} SessionEvent */

/**
 * @typedef {object} Part events of a chat that follow those before
 * @property {string} session
 * @property {SessionEvent[]} events
 * @property {Record<string, string>} names of its participants, by number
 */

export class Reader {
  #list;
  #happening;
  #lines;

  /** Ends the reading of what nobody waits for any more. */
  #reading = new AbortController();

  /**
   * @param {HTMLElement} list
   * @param {import('../shared/conversation.js').Happening} happening
   */
  constructor(list, happening) {
    this.#list = list;
    this.#happening = happening;
    this.#lines = new Lines(list, '');
  }

  /** Begins with another chat. @returns {AbortSignal} which ends when it is not wanted any more */
  begin() {
    this.clear();
    return this.#reading.signal;
  }

  /** Nothing is read. */
  clear() {
    this.#reading.abort();
    this.#reading = new AbortController();
    this.#lines.clear('');
  }

  /** @param {Part} part */
  add(part) {
    for (const event of part.events) this.#add(event, part);
  }

  /** Brings a message into sight and marks it. @param {string} session @param {number} seq */
  point(session, seq) {
    for (const pointed of this.#list.querySelectorAll('.pointed')) pointed.classList.remove('pointed');
    const line = document.getElementById(`meta-read-${session}-${seq}`)?.closest('li');
    line?.classList.add('pointed');
    line?.scrollIntoView({ block: 'center' });
  }

  #add(event, { session, names }) {
    const nameOf = (participant) => names[participant] ?? `Participant ${participant}`;
    if (event.type === 'message') {
      const { seq, text, at_ms, visibility, participant } = event;
      const sender = nameOf(participant);
      const shown = new Message({ key: `read-${session}-${seq}`, text, at_ms, mine: false, sender, visibility });
      this.#lines.message(shown.line, event);
      return;
    }
    const pieces = this.#happening(event, { mine: false, nameOf, kindOf: () => undefined });
    if (pieces !== null) this.#lines.note(event.at_ms, pieces);
  }
}
