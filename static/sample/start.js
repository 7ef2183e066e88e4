/**
 * The form that begins a chat.
 */

import { Refused, openSession } from '../client/tandem.js';
import { byId } from './dom.js';

/** @param {(credentials: import('../client/protocol.js').Credentials) => void} onStarted */
export function prepareStart(onStarted) {
  const form = /** @type {HTMLFormElement} */ (byId('start'));
  const visitor = /** @type {HTMLInputElement} */ (byId('name'));
  visitor.addEventListener('input', () => complain(visitor, false));
  form.addEventListener('submit', async (submit) => {
    submit.preventDefault();
    complain(visitor, visitor.value.trim() === '');
    if (visitor.value.trim() === '') return visitor.focus();
    const credentials = await whileBusy(() => openSession(wish(form)));
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

/** Runs the request with the button showing it; says what went wrong. */
async function whileBusy(request) {
  const button = /** @type {HTMLButtonElement} */ (byId('start-button'));
  const problem = byId('start-problem');
  problem.hidden = true;
  button.disabled = true;
  button.textContent = 'Starting…';
  try {
    return await request();
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    problem.textContent = refused.message;
    problem.hidden = false;
    return null;
  } finally {
    button.disabled = false;
    button.textContent = 'Start chat';
  }
}

function complain(field, wrong) {
  byId('name-problem').hidden = !wrong;
  if (wrong) field.setAttribute('aria-invalid', 'true');
  else field.removeAttribute('aria-invalid');
}
