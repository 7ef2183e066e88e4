/**
 * A button that opens a group of buttons. It closes when something else is wanted: Escape, a press elsewhere, one of
 * its own buttons, the focus going away.
 */

import { byId } from '../shared/dom.js';

export class Menu {
  #button;
  #menu;

  /** @param {string} buttonId @param {string} menuId @param {AbortSignal} signal ends it */
  constructor(buttonId, menuId, signal) {
    this.#button = byId(buttonId);
    this.#menu = byId(menuId);
    const host = /** @type {HTMLElement} */ (this.#button.parentElement);
    this.#button.addEventListener('click', () => (this.isOpen ? this.close() : this.open()), { signal });
    host.addEventListener('keydown', (key) => this.#key(key), { signal });
    this.#menu.addEventListener('click', ({ target }) => {
      if (/** @type {HTMLElement} */ (target).closest('button')) this.close();
    }, { signal });
    host.addEventListener('focusout', ({ relatedTarget }) => {
      if (relatedTarget && !host.contains(/** @type {Node} */ (relatedTarget))) this.#shut();
    }, { signal });
    document.addEventListener('pointerdown', ({ target }) => {
      if (!host.contains(/** @type {Node} */ (target))) this.#shut();
    }, { signal });
    this.#shut();
  }

  get isOpen() {
    return this.#button.ariaExpanded === 'true';
  }

  open() {
    this.#menu.hidden = false;
    this.#button.ariaExpanded = 'true';
    this.#buttons()[0]?.focus();
  }

  /** Closes it and gives the focus back. */
  close() {
    const held = this.#menu.contains(document.activeElement);
    this.#shut();
    if (held) this.#button.focus();
  }

  #shut() {
    this.#menu.hidden = true;
    this.#button.ariaExpanded = 'false';
  }

  #buttons() {
    return [...this.#menu.querySelectorAll('button')].filter((button) => button.checkVisibility() && !button.disabled);
  }

  #key(key) {
    if (key.key === 'Escape' && this.isOpen) {
      key.stopPropagation();
      return this.close();
    }
    // Where there is room the group stands open beside its button, which is hidden then.
    if (!this.#button.checkVisibility()) return undefined;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key.key];
    if (!step || key.altKey) return undefined;
    key.preventDefault();
    if (!this.isOpen) return this.open();
    const all = this.#buttons();
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    return all[(at + step + all.length) % all.length]?.focus();
  }
}
