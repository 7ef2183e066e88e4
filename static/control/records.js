/**
 * What has happened: a pair's takeovers, and what operators did. Asked for now and then, and soon after something changed.
 */

import { byId, put } from '../shared/dom.js';
import { fillTable } from './tables.js';
import { actWord, causeWord, micros, millis, moment, number } from './words.js';

/** The pause between two looks, and the one after a change, by when it is written down and its gap is known. */
const PAUSE_MS = 15_000;
const SOON_MS = 2_500;

const ROWS = 20;

export class Records {
  #control;
  #chosen;
  #next;
  #signal;
  #begun = false;

  /**
   * @param {import('../client/control.js').Control} control
   * @param {() => import('../client/control.js').PairView|null} chosen
   * @param {AbortSignal} signal ends it
   */
  constructor(control, chosen, signal) {
    [this.#control, this.#chosen, this.#signal] = [control, chosen, signal];
    signal.addEventListener('abort', () => clearTimeout(this.#next));
  }

  /** The first word is there: from now on it looks by itself. */
  sees() {
    if (this.#begun) return;
    this.#begun = true;
    this.look();
  }

  isElsewhere() {
    this.look();
  }

  lookSoon() {
    this.#after(SOON_MS);
  }

  async look() {
    this.#after(PAUSE_MS);
    const pair = this.#chosen()?.pair;
    if (pair === undefined || document.hidden) return;
    await Promise.all([
      this.#showing('takeovers-none', this.#control.takeovers({ pair, limit: ROWS }), showTakeovers),
      this.#showing('acts-none', this.#control.acts({ limit: ROWS }), showActs),
    ]);
  }

  /** What cannot be had now stays as it was. */
  async #showing(none, asked, show) {
    try {
      show(await asked);
    } catch (refused) {
      if (!this.#signal.aborted) put(byId(none), refused.message);
    }
  }

  #after(ms) {
    clearTimeout(this.#next);
    if (!this.#signal.aborted) this.#next = setTimeout(() => this.look(), ms);
  }
}

function showTakeovers(takeovers) {
  put(byId('takeovers-none'), 'Nothing has happened yet.');
  const parts = { table: 'takeover-table', rows: 'takeover-rows', none: 'takeovers-none' };
  fillTable(parts, takeovers, ({ epoch }) => `${epoch}`, (takeover) => [
    { text: moment(takeover.at_ms) },
    { text: number(takeover.epoch), isNumber: true },
    { text: takeover.from ? `${takeover.from} → ${takeover.to}` : takeover.to },
    { text: causeWord(takeover.cause), mark: ['died', 'silent'].includes(takeover.cause) ? 'strong' : undefined },
    { text: micros(takeover.took_us), isNumber: true },
    { text: millis(takeover.gap_ms), isNumber: true },
    { text: number(takeover.sessions), isNumber: true },
  ]);
}

function showActs(acts) {
  put(byId('acts-none'), 'Nobody has done anything yet.');
  fillTable({ table: 'act-table', rows: 'act-rows', none: 'acts-none' }, acts, ({ id }) => id, (act) => [
    { text: moment(act.at_ms) },
    { text: act.by.who },
    { text: actWord(act.act) },
    { text: act.about },
    { text: act.outcome },
    { text: act.by.from },
  ]);
}
