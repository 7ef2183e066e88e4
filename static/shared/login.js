/**
 * The form with which somebody logs in whose account the interaction server knows.
 */

import { login } from '../client/tandem.js';
import { whileBusy } from './busy.js';
import { byId, put } from './dom.js';

/** @param {(login: import('../client/desk-protocol.js').LoggedIn) => void} onLogin */
export function prepareLogin(onLogin) {
  const form = /** @type {HTMLFormElement} */ (byId('login-form'));
  const [who, password] = ['login-name', 'login-password'].map((id) => /** @type {HTMLInputElement} */ (byId(id)));
  const button = /** @type {HTMLButtonElement} */ (byId('login-button'));
  const problem = byId('login-problem');
  form.addEventListener('submit', async (submit) => {
    submit.preventDefault();
    const empty = [who, password].find((field) => field.value.trim() === '');
    empty?.setAttribute('aria-invalid', 'true');
    if (empty) return empty.focus();
    const asked = { name: who.value.trim(), password: password.value };
    const accepted = await whileBusy(() => login(asked), { button, busy: 'Logging in…', problem, sentence });
    if (!accepted) return password.focus();
    password.value = '';
    return onLogin(accepted);
  });
  for (const field of [who, password]) field.addEventListener('input', () => field.removeAttribute('aria-invalid'));
}

/** Shows the form. @param {string|null} notice why */
export function showLogin(notice) {
  document.body.dataset.view = 'login';
  byId('login-notice').hidden = notice === null;
  put(byId('login-notice'), notice ?? '');
  byId('login-problem').hidden = true;
  byId('login-name').focus();
}

/** @param {import('../client/tandem.js').Refused} refused */
function sentence({ code, message, retry_after_ms }) {
  if (code === 'unauthorized') return 'The name or the password is wrong.';
  if (code !== 'slow_down') return message;
  const seconds = Math.ceil((retry_after_ms ?? 0) / 1000);
  return `Too many attempts. Please try again ${seconds > 0 ? `in ${seconds} s` : 'later'}.`;
}
