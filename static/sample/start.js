/**
 * The form that begins a chat.
 */

import { openSession } from '../client/tandem.js';
import { whileBusy } from '../shared/busy.js';
import { byId } from '../shared/dom.js';

/** @param {(credentials: import('../client/protocol.js').Credentials) => void} onStarted */
export function prepareStart(onStarted) {
  const form = /** @type {HTMLFormElement} */ (byId('start'));
  const visitor = /** @type {HTMLInputElement} */ (byId('name'));
  const button = /** @type {HTMLButtonElement} */ (byId('start-button'));
  const problem = byId('start-problem');
  visitor.addEventListener('input', () => complain(visitor, false));
  form.addEventListener('submit', async (submit) => {
    submit.preventDefault();
    complain(visitor, visitor.value.trim() === '');
    if (visitor.value.trim() === '') return visitor.focus();
    const credentials = await whileBusy(() => openSession(wish(form)), { button, busy: 'Starting…', problem });
    return credentials && onStarted(credentials);
  });
}

/** What the form asks for. @param {HTMLFormElement} form */
function wish(form) {
  const data = new FormData(form);
  const subject = String(data.get('subject')).trim();
  return {
    name: String(data.get('name')).trim(),
    ...(subject === '' ? {} : { subject }),
    properties: data.get('echo') === null ? {} : { echo: 'on' },
  };
}

function complain(field, wrong) {
  byId('name-problem').hidden = !wrong;
  if (wrong) field.setAttribute('aria-invalid', 'true');
  else field.removeAttribute('aria-invalid');
}
