/**
 * What was done to restore one session.
 */

import { byId, element, put } from '../shared/dom.js';
import { whileBusy } from '../shared/busy.js';
import { NEVER_RESTORED, moment, restoration } from './words.js';

/**
 * @param {import('../client/control.js').Control} control
 * @param {AbortSignal} signal ends it
 * @returns {(session: string) => void} looks one up
 */
export function prepareLookup(control, signal) {
  const field = /** @type {HTMLInputElement} */ (byId('lookup-session'));
  const [list, none, problem] = ['restorations', 'lookup-none', 'lookup-problem'].map(byId);
  const button = /** @type {HTMLButtonElement} */ (byId('lookup-button'));
  const look = async () => {
    const session = field.value.trim();
    if (session === '') return field.focus();
    none.hidden = true;
    const found = await whileBusy(() => control.restorations(session), { button, busy: 'Looking…', problem });
    list.replaceChildren(...(found ?? []).map(line));
    none.hidden = found === null || found.length > 0;
    put(none, NEVER_RESTORED);
  };
  byId('lookup').addEventListener('submit', (submit) => {
    submit.preventDefault();
    look();
  }, { signal });
  return (session) => {
    field.value = session;
    field.focus();
    field.scrollIntoView({ block: 'center' });
    look();
  };
}

function line(each) {
  const when = element('time', { datetime: new Date(each.at_ms).toISOString() }, moment(each.at_ms));
  return element('li', {}, when, element('span', {}, restoration(each)));
}
