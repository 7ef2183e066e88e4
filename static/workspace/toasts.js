/**
 * Short messages at the page's edge: what came of an action, what happened to a chat. Each is also read aloud, goes
 * by itself, and can be sent away.
 */

import { announce } from '../shared/announcer.js';
import { byId, element, icon } from '../shared/dom.js';

const SHOWN_MS = 9_000;

/** More would cover the page (B-1). */
const TOASTS_MAX = 4;

/**
 * @param {string} text
 * @param {{kind?: 'info'|'problem', action?: {label: string, run: () => void}}} [options] an action keeps it longer
 */
export function toast(text, { kind = 'info', action } = {}) {
  const place = byId('toasts');
  const line = element('li', { class: 'toast', 'data-kind': kind }, element('p', {}, text));
  if (action) line.append(button(action.label, {}, () => action.run()));
  const close = button('', { class: 'tool', 'aria-label': 'Dismiss' }, () => line.remove());
  close.append(icon('close'));
  line.append(close);
  place.append(line);
  while (place.childElementCount > TOASTS_MAX) place.firstElementChild.remove();
  announce(text);
  setTimeout(() => line.remove(), action ? 3 * SHOWN_MS : SHOWN_MS);
}

function button(label, attributes, run) {
  const made = element('button', { type: 'button', class: 'quiet small', ...attributes }, label);
  made.addEventListener('click', run);
  return made;
}

/** Nothing of it concerns whoever comes next. */
export function clearToasts() {
  byId('toasts').replaceChildren();
}
