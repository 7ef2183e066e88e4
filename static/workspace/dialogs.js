/**
 * What all dialogs have in common: buttons that close them, a press beside them closes them, and the question with two
 * answers.
 */

import { byId, put } from '../shared/dom.js';

/** @param {AbortSignal} signal ends it */
export function prepareDialogs(signal) {
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('click', ({ target }) => {
      if (/** @type {HTMLElement} */ (target).closest('[data-close]')) dialog.close();
    }, { signal });
    // A press, not a click: a selection that ends beside the dialog must not lose what is written in it.
    dialog.addEventListener('pointerdown', (press) => isBeside(dialog, press) && dialog.close(), { signal });
  }
  signal.addEventListener('abort', () => {
    for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  });
}

/** @param {string} id @returns {HTMLDialogElement} */
export function dialog(id) {
  return /** @type {HTMLDialogElement} */ (byId(id));
}

/** Whether a dialog is before everything else. */
export const isAsking = () => document.querySelector('dialog[open]') !== null;

/**
 * Asks; anything but the yes is a no.
 * @param {{title: string, text: string, yes: string}} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, yes }) {
  const ask = dialog('confirm-dialog');
  put(byId('confirm-title'), title);
  put(byId('confirm-text'), text);
  put(byId('confirm-yes'), yes);
  ask.returnValue = '';
  ask.showModal();
  return new Promise((then) => {
    ask.addEventListener('close', () => then(ask.returnValue === 'yes'), { once: true });
  });
}

/** The backdrop's presses are the dialog's own. */
function isBeside(dialog, { target, clientX, clientY }) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return target === dialog && (clientX < left || clientX > right || clientY < top || clientY > bottom);
}
