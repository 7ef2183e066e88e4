/**
 * The open sessions of the pair, a part at a time. The part that is shown is asked for again now and then.
 */

import { byId, element, put } from '../shared/dom.js';
import { fillTable } from './tables.js';
import { NOTHING, moment, number } from './words.js';

const PART = 20;

const PAUSE_MS = 10_000;

export class Sessions {
  #control;
  #chosen;
  #lookup;
  #signal;
  #after;
  #next;
  #timer;
  #begun = false;

  /**
   * @param {import('../client/control.js').Control} control
   * @param {() => import('../client/control.js').PairView|null} chosen
   * @param {(session: string) => void} lookup shows what was done to restore one
   * @param {AbortSignal} signal ends it
   */
  constructor(control, chosen, lookup, signal) {
    [this.#control, this.#chosen, this.#lookup, this.#signal] = [control, chosen, lookup, signal];
    byId('sessions-first').addEventListener('click', () => this.#show(undefined), { signal });
    byId('sessions-next').addEventListener('click', () => this.#show(this.#next), { signal });
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  sees() {
    if (this.#begun) return;
    this.#begun = true;
    this.#look();
  }

  isElsewhere() {
    this.#show(undefined);
  }

  #show(after) {
    this.#after = after;
    this.#look();
  }

  async #look() {
    clearTimeout(this.#timer);
    if (!this.#signal.aborted) this.#timer = setTimeout(() => this.#look(), PAUSE_MS);
    const [pair, after] = [this.#chosen()?.pair, this.#after];
    if (pair === undefined || document.hidden) return;
    try {
      const { sessions, next } = await this.#control.sessions({ pair, after, limit: PART });
      // Another part, or another pair, was asked for meanwhile.
      if (after !== this.#after || pair !== this.#chosen()?.pair) return;
      this.#next = next;
      put(byId('sessions-none'), 'No session is open.');
      this.#fill(sessions);
    } catch (refused) {
      if (!this.#signal.aborted) put(byId('sessions-none'), refused.message);
    }
  }

  #fill(sessions) {
    set('sessions-first', this.#after === undefined);
    set('sessions-next', this.#next === undefined);
    const parts = { table: 'session-table', rows: 'session-rows', none: 'sessions-none' };
    fillTable(parts, sessions, ({ session }) => session, (each) => [
      { text: each.session, hint: each.drill ? 'A synthetic session of a rehearsal' : undefined },
      { text: each.opened_at_ms ? moment(each.opened_at_ms) : NOTHING },
      { text: each.head === undefined ? NOTHING : number(each.head), isNumber: true },
      { text: each.live ? `${number(each.connected)} of ${number(each.participants)}` : NOTHING, isNumber: true },
      { text: each.waits_in ?? NOTHING },
      { text: each.live ? 'Yes' : 'Not yet' },
      { text: this.#button(each.session) },
    ]);
  }

  #button(session) {
    const name = { 'aria-label': `What was done to restore ${session}` };
    const button = element('button', { type: 'button', class: 'quiet small', ...name }, 'Log');
    button.addEventListener('click', () => this.#lookup(session));
    return button;
  }
}

/** A button that has the focus keeps it: it is said to be of no use, and does nothing. */
function set(id, isOff) {
  const button = /** @type {HTMLButtonElement} */ (byId(id));
  button.disabled = isOff && document.activeElement !== button;
}
