/**
 * One message as it is shown: its text, its time, whom it is for where that is not everybody, and for one's own the
 * mark that says whether it is safe.
 */

import { element, icon, name } from './dom.js';
import { MARK, clock } from './words.js';

/** @typedef {import('../client/protocol.js').Visibility} Visibility */

/**
 * @typedef {object} Shown what a message shows
 * @property {string} key unique on the page
 * @property {string} text
 * @property {number} at_ms
 * @property {boolean} mine
 * @property {'mine'|'theirs'|'ours'} [side] where it stands: ours is what colleagues say
 * @property {string} [sender] the name above it, for the others' messages
 * @property {string} [tag] what the sender is, where the name alone does not say it
 * @property {Visibility} [visibility]
 * @property {'sending'|'unsaved'|'saved'|'not_sent'} [state] for one's own
 * @property {string} [reason] why it was not sent
 */

/** What the writer of a refused message can do; the conversation brings what happens then. */
const ACTIONS = Object.freeze([['again', 'Send again'], ['edit', 'Edit'], ['copy', 'Copy text']]);

/** Whom a message is for, by its visibility. */
export const FOR = Object.freeze({ INT: 'Note for staff', VIP: 'Note for supervisors' });

export class Message {
  /** @type {HTMLLIElement} */
  line;
  #meta;
  #time;
  #mark;
  #text;

  /** @param {Shown} shown */
  constructor(shown) {
    const side = shown.side ?? (shown.mine ? 'mine' : 'theirs');
    this.#text = shown.text;
    this.#time = element('time');
    this.#mark = element('span', { class: 'mark' });
    this.#meta = element('p', { class: 'meta', id: `meta-${shown.key}` }, this.#time);
    if (shown.mine) this.#meta.append(this.#mark);
    const text = element('p', { class: 'bubble', dir: 'auto', 'aria-describedby': this.#meta.id }, shown.text);
    this.line = element('li', { class: `line message ${side}` });
    this.line.append(sender(shown), ...whomFor(shown.visibility), text, this.#meta);
    if (FOR[shown.visibility]) this.line.dataset.visibility = shown.visibility;
    this.update(shown);
  }

  get text() {
    return this.#text;
  }

  /** What is not given stays. @param {Partial<Pick<Shown, 'at_ms'|'state'|'reason'>>} shown */
  update({ at_ms, state, reason }) {
    if (at_ms !== undefined) {
      this.#time.dateTime = new Date(at_ms).toISOString();
      this.#time.textContent = clock(at_ms);
    }
    if (!state) return;
    this.line.dataset.state = state;
    this.#mark.textContent = state === 'not_sent' ? `${MARK.not_sent}. ${reason ?? ''}` : MARK[state];
  }

  /**
   * Offers what can be done about a refused message; without a handler, nothing is offered.
   * @param {Partial<Record<'again'|'edit'|'copy', (click: MouseEvent) => void>>} handlers
   */
  offer(handlers) {
    this.line.querySelector('.actions')?.remove();
    const offered = ACTIONS.filter(([action]) => handlers[action]);
    if (offered.length === 0) return;
    const buttons = offered.map(([action, label]) => {
      const button = element('button', { type: 'button', 'aria-describedby': this.#meta.id }, label);
      button.addEventListener('click', handlers[action]);
      return button;
    });
    this.line.append(element('div', { class: 'actions' }, ...buttons));
  }
}

/** @param {Shown} shown */
function sender({ mine, sender: who, tag }) {
  if (mine) return element('p', { class: 'sr-only' }, 'You:');
  const pieces = tag ? [name(who), element('span', { class: 'tag' }, tag)] : [name(who)];
  return element('p', { class: 'sender' }, ...pieces);
}

/** Words and a picture, so that a note is known as one by whoever sees no colours. @param {Visibility} [visibility] */
function whomFor(visibility) {
  const words = FOR[visibility];
  return words ? [element('p', { class: 'whom' }, icon('lock'), words)] : [];
}
