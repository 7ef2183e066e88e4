/**
 * What the agent has chosen to be, and the menu in which he chooses. What he chose last is shown at once, as on its
 * way, and as a fact when the view says so.
 */

import { byId, element, put } from '../shared/dom.js';
import { act } from './act.js';
import { showAge } from './ages.js';
import { keep } from '../shared/keyed.js';
import { Menu } from './menu.js';
import { ROLES, stateWords } from './words.js';

/** @typedef {import('../client/desk-protocol.js').ChosenState} ChosenState */

export class Presence {
  #desk;

  /** Chosen and not answered yet. @type {ChosenState|null} */
  #pending = null;

  /** @param {import('../client/desk.js').Desk} desk @param {AbortSignal} signal ends it */
  constructor(desk, signal) {
    this.#desk = desk;
    new Menu('presence-button', 'presence-menu', signal);
    for (const place of ['presence-menu', 'idle']) {
      byId(place).addEventListener('click', ({ target }) => {
        const button = /** @type {HTMLElement} */ (target).closest('[data-state]');
        if (button) this.choose(button.dataset.state, button.dataset.reason);
      }, { signal });
    }
  }

  /** Ready, or not ready if he is. */
  toggle() {
    const state = this.#pending?.state ?? this.#desk.view?.me.state;
    return this.choose(state === 'ready' ? 'not_ready' : 'ready');
  }

  /** @param {ChosenState['state']} state @param {string} [reason] */
  async choose(state, reason) {
    const chosen = reason ? { state, reason } : { state };
    this.#pending = chosen;
    this.show();
    await act(this.#desk, { do: 'state', ...chosen });
    if (this.#pending === chosen) this.#pending = null;
    this.show();
  }

  show() {
    const view = this.#desk.view;
    if (!view) return;
    const { me } = view;
    const chosen = this.#pending ?? me;
    const button = byId('presence-button');
    button.dataset.state = chosen.state;
    button.classList.toggle('busy', this.#pending !== null);
    put(byId('presence-text'), stateWords(chosen));
    showAge(byId('presence-since'), this.#pending === null ? me.since_ms : null);
    const taken = me.capacity - me.room;
    put(byId('presence-room'), `${taken} of ${me.capacity} chats`);
    for (const item of byId('presence-menu').querySelectorAll('[data-state]')) {
      const isIt = item.dataset.state === chosen.state && (item.dataset.reason ?? '') === (chosen.reason ?? '');
      item.setAttribute('aria-pressed', `${isIt}`);
    }
    keep(byId('presence-reasons'), view.reasons, { key: (reason) => reason, make: reasonButton, update: () => {} });
    put(byId('account-name'), me.display);
    put(byId('account-role'), ROLES[me.role] ?? me.role);
    put(byId('account-face'), initials(me.display));
  }
}

/** @param {string} reason */
function reasonButton(reason) {
  const attributes = { type: 'button', class: 'menu-item menu-reason', 'data-state': 'not_ready', 'data-reason': reason };
  return element('button', attributes, reason);
}

/** @param {string} name */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? '')][0] ?? '');
  return letters.join('').toUpperCase();
}
