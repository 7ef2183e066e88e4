/**
 * The dialog of a switchover: first finds out what would be in the way, says what will happen, and does it when it is told.
 */

import { byId, element, put } from '../shared/dom.js';
import { blocker, switched, willSwitch } from './words.js';

export class SwitchDialog {
  #control;
  #chosen;
  #afterwards;
  #dialog = /** @type {HTMLDialogElement} */ (byId('switch-dialog'));
  #open = /** @type {HTMLButtonElement} */ (byId('switch-over'));
  #yes = /** @type {HTMLButtonElement} */ (byId('switch-yes'));
  #again = /** @type {HTMLButtonElement} */ (byId('switch-again'));
  /** What is asked for: the pair and the epoch that is to end, as the dialog was opened. */
  #wish = null;

  /**
   * @param {import('../client/control.js').Control} control
   * @param {() => import('../client/control.js').PairView|null} chosen
   * @param {() => void} afterwards
   * @param {AbortSignal} signal ends it
   */
  constructor(control, chosen, afterwards, signal) {
    [this.#control, this.#chosen, this.#afterwards] = [control, chosen, afterwards];
    this.#open.addEventListener('click', () => this.#begin(), { signal });
    this.#again.addEventListener('click', () => this.#begin(), { signal });
    this.#yes.addEventListener('click', () => this.#do(), { signal });
    this.#dialog.addEventListener('cancel', (cancel) => this.#isUnderWay() && cancel.preventDefault(), { signal });
    byId('switch-close').addEventListener('click', () => this.#dialog.close(), { signal });
    signal.addEventListener('abort', () => this.#dialog.close());
  }

  /** There is something new: whether there is a primary to be asked. */
  sees() {
    const isThere = this.#chosen()?.connected === true;
    this.#open.disabled = !isThere && document.activeElement !== this.#open;
  }

  async #begin() {
    const view = this.#chosen();
    if (!view?.known) return;
    const wish = { pair: view.pair, epoch: view.known.epoch };
    this.#wish = wish;
    this.#says('Finding out whether anything is in the way…');
    if (!this.#dialog.open) this.#dialog.showModal();
    try {
      const { clear, ...other } = await this.#control.switchover({ ...wish, dry_run: true });
      if (this.#wish !== wish) return;
      if (!clear) return this.#isOver(switched(other));
      this.#says(`Pair ${wish.pair}: nothing is in the way.`, willSwitch(clear));
      this.#offers({ yes: true });
      this.#yes.focus();
    } catch (refused) {
      if (this.#wish === wish) this.#isRefused(refused);
    }
  }

  async #do() {
    const wish = this.#wish;
    this.#says('Switching over…');
    this.#dialog.setAttribute('aria-busy', 'true');
    byId('switch-close').hidden = true;
    try {
      this.#isOver(switched(await this.#control.switchover(wish)));
    } catch (refused) {
      this.#isRefused(refused);
    } finally {
      this.#dialog.removeAttribute('aria-busy');
      this.#afterwards();
    }
  }

  #isUnderWay() {
    return this.#dialog.getAttribute('aria-busy') === 'true';
  }

  #isOver({ text, isWell }) {
    this.#says(isWell ? text : '');
    if (!isWell) this.#complains(text);
    this.#offers({ isOver: true });
  }

  #isRefused({ code, message, blockers }) {
    const isBlocked = code === 'switchover_blocked';
    this.#says(isBlocked ? 'It is not possible now:' : '', isBlocked ? blockers.map(blocker) : []);
    if (!isBlocked) this.#complains(message);
    this.#offers({ again: true });
  }

  #says(text, lines = []) {
    put(byId('switch-text'), text);
    byId('switch-text').hidden = text === '';
    byId('switch-says').replaceChildren(...lines.map((line) => element('li', {}, line)));
    byId('switch-problem').hidden = true;
    this.#yes.hidden = true;
    this.#again.hidden = true;
  }

  #complains(sentence) {
    put(byId('switch-problem'), sentence);
    byId('switch-problem').hidden = false;
  }

  #offers({ yes = false, again = false, isOver = false }) {
    const close = byId('switch-close');
    this.#yes.hidden = !yes;
    this.#again.hidden = !again;
    close.hidden = false;
    put(close, isOver ? 'Close' : 'Cancel');
    if (!yes) close.focus();
  }
}
