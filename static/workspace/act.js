/**
 * Runs what a button does, such as an action of the desk, with the button showing that it is on its way, and says what
 * came of it when it was refused. A button that waits cannot be pressed twice; the view shows the rest.
 */

import { toast } from './toasts.js';
import { refusal } from './words.js';

/**
 * @param {import('../client/desk.js').Desk} desk
 * @param {import('../client/desk-protocol.js').DeskAction} action
 * @param {HTMLElement} [button] which was pressed
 * @returns {Promise<{done: true, result: any}|{done: false}>}
 */
export function act(desk, action, button) {
  return pressed(() => desk.do(action), button);
}

/**
 * @template Answer
 * @param {() => Promise<Answer>} request
 * @param {HTMLElement} [button] which was pressed
 * @returns {Promise<{done: true, result: Answer}|{done: false}>}
 */
export async function pressed(request, button) {
  if (button?.ariaDisabled === 'true') return { done: false };
  button?.setAttribute('aria-disabled', 'true');
  button?.classList.add('busy');
  try {
    return { done: true, result: await request() };
  } catch (refused) {
    // `stopped`: the page itself says that the desk is gone.
    if (refused.code !== 'stopped') toast(refusal(refused), { kind: 'problem' });
    return { done: false };
  } finally {
    button?.removeAttribute('aria-disabled');
    button?.classList.remove('busy');
  }
}
