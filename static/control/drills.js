/**
 * Rehearsals of a failure: what one would do, how the one that runs gets on, and when failover was last proven. It runs in
 * the gateway, so this page may be closed meanwhile.
 */

import { announce } from '../shared/announcer.js';
import { whileBusy } from '../shared/busy.js';
import { byId, element, put } from '../shared/dom.js';
import { fillTable } from './tables.js';
import { drillOutcome, failureWord, micros, moment, number, proven } from './words.js';

/** The pause between two looks while none runs, and while one does. */
const IDLE_MS = 15_000;
const RUNNING_MS = 1_000;

/** Milliseconds between two messages of each synthetic session. */
const EVERY_MS = 100;

const SESSIONS_MAX = 1_000;

const ROWS = 20;

export class Drills {
  #control;
  #chosen;
  #signal;
  #timer;
  #begun = false;
  #isRunning = false;
  #dialog = /** @type {HTMLDialogElement} */ (byId('drill-dialog'));
  /** What the plan on the screen says, and the epoch of which it says it. */
  #plan = null;

  /**
   * @param {import('../client/control.js').Control} control
   * @param {() => import('../client/control.js').PairView|null} chosen
   * @param {AbortSignal} signal ends it
   */
  constructor(control, chosen, signal) {
    [this.#control, this.#chosen, this.#signal] = [control, chosen, signal];
    byId('rehearse').addEventListener('click', () => this.#opens(), { signal });
    byId('drill-form').addEventListener('submit', (submit) => {
      submit.preventDefault();
      this.#plans();
    }, { signal });
    byId('drill-form').addEventListener('input', () => this.#forgetsPlan(), { signal });
    byId('drill-yes').addEventListener('click', () => this.#begins(), { signal });
    byId('drill-cancel').addEventListener('click', () => this.#cancels(), { signal });
    this.#dialog.addEventListener('click', ({ target }) => {
      if (/** @type {HTMLElement} */ (target).closest('[data-close]')) this.#dialog.close();
    }, { signal });
    signal.addEventListener('abort', () => {
      clearTimeout(this.#timer);
      this.#dialog.close();
    });
  }

  sees() {
    const view = this.#chosen();
    const button = /** @type {HTMLButtonElement} */ (byId('rehearse'));
    button.disabled = (!view?.connected || this.#isRunning) && document.activeElement !== button;
    if (this.#begun) return;
    this.#begun = true;
    this.#look();
  }

  isElsewhere() {
    this.#look();
  }

  async #look() {
    clearTimeout(this.#timer);
    try {
      const pair = this.#chosen()?.pair;
      if (!document.hidden && pair !== undefined) this.#shows(await this.#control.drills({ pair }));
    } catch (refused) {
      // A gateway that knows none is no fault; everything else is tried again.
      if (refused.code === 'no_such_route') return;
    }
    if (!this.#signal.aborted) this.#timer = setTimeout(() => this.#look(), this.#isRunning ? RUNNING_MS : IDLE_MS);
  }

  #shows({ running, last, drills }) {
    byId('drills').hidden = false;
    byId('rehearse').hidden = false;
    if (this.#isRunning && !running && last) announce(`The rehearsal is over: ${ended(last)}`);
    const remarks = last && !running ? [last.not_begun, ...(last.remarks ?? [])].filter(Boolean) : [];
    put(byId('drill-remarks'), remarks.join(' '));
    byId('drill-remarks').hidden = remarks.length === 0;
    this.#isRunning = running !== null;
    byId('drill-running').hidden = !running;
    if (running) {
      put(byId('drill-says'), running.says);
      const progress = /** @type {HTMLProgressElement} */ (byId('drill-progress'));
      progress.max = Math.max(running.total, 1);
      progress.value = running.done;
    }
    put(byId('drills-proven'), proven(drills, Date.now()));
    showDrills(drills.slice(0, ROWS));
  }

  #opens() {
    this.#forgetsPlan();
    byId('drill-problem').hidden = true;
    this.#dialog.showModal();
  }

  #forgetsPlan() {
    this.#plan = null;
    byId('drill-plan').replaceChildren();
    byId('drill-yes').hidden = true;
  }

  #wish() {
    const form = /** @type {HTMLFormElement} */ (byId('drill-form'));
    const sessions = Number(/** @type {HTMLInputElement} */ (byId('drill-sessions')).value.trim());
    const failure = `${new FormData(form).get('failure')}`;
    return { pair: this.#chosen()?.pair, failure, sessions, every_ms: EVERY_MS };
  }

  async #plans() {
    this.#forgetsPlan();
    const [wish, problem] = [this.#wish(), byId('drill-problem')];
    if (!Number.isInteger(wish.sessions) || wish.sessions < 1 || wish.sessions > SESSIONS_MAX) {
      put(problem, `The number of sessions is 1 to ${SESSIONS_MAX}.`);
      problem.hidden = false;
      return byId('drill-sessions').focus();
    }
    const button = /** @type {HTMLButtonElement} */ (byId('drill-check'));
    const told = await whileBusy(() => this.#control.planDrill(wish), { button, busy: 'Looking…', problem });
    if (!told) return;
    const { says, blockers, epoch } = told;
    const lines = blockers.length > 0 ? blockers : says;
    const kind = blockers.length > 0 ? { class: 'blocked' } : {};
    byId('drill-plan').replaceChildren(...lines.map((line) => element('li', kind, line)));
    if (blockers.length > 0) return;
    this.#plan = { ...wish, epoch };
    byId('drill-yes').hidden = false;
    byId('drill-yes').focus();
  }

  async #begins() {
    const button = /** @type {HTMLButtonElement} */ (byId('drill-yes'));
    const how = { button, busy: 'Beginning…', problem: byId('drill-problem') };
    const begun = await whileBusy(() => this.#control.beginDrill(this.#plan), how);
    if (!begun) return;
    this.#dialog.close();
    announce('The rehearsal has begun.');
    this.#look();
  }

  async #cancels() {
    try {
      await this.#control.cancelDrill();
    } catch {
      // It may be over by now; the next look says so.
    }
    this.#look();
  }
}

/** What became of the last one of this gateway. */
const ended = ({ not_begun, drill }) => (drill ? `${drillOutcome(drill)}.` : `it was not begun: ${not_begun}`);

function showDrills(drills) {
  fillTable({ table: 'drill-table', rows: 'drill-rows', none: 'drills-none' }, drills, ({ id }) => id, (drill) => {
    const outcome = drillOutcome(drill);
    return [
      { text: moment(drill.at_ms) },
      { text: `${failureWord(drill.failure)}, ${number(drill.sessions)} sessions` },
      { text: outcome, mark: outcome === 'Passed' ? 'well' : 'bad' },
      { text: micros(drill.gaps?.p50_us), isNumber: true },
      { text: micros(drill.gaps?.p99_us), isNumber: true },
      { text: micros(drill.gaps?.max_us), isNumber: true },
      { text: number(drill.lost), isNumber: true },
      { text: number(drill.doubled), isNumber: true },
      { text: drill.by.who },
    ];
  });
}
