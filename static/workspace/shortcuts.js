/**
 * What the keyboard does everywhere in the workspace, and the list of it. All but `?` are chords with Alt, so that
 * they work while somebody writes and no single letter ever does something by accident.
 */

import { byId, element } from '../shared/dom.js';
import { dialog, isAsking } from './dialogs.js';

/**
 * @typedef {object} Deeds what the shortcuts do
 * @property {(answer: 'accept'|'decline') => void} answer
 * @property {(step: 1|-1) => void} step
 * @property {() => void} unread
 * @property {() => void} note
 * @property {() => void} ready
 * @property {(action: 'transfer'|'invite'|'end') => void} chat
 * @property {() => void} customer
 * @property {() => void} canned
 * @property {() => void} write
 * @property {() => void} search
 */

/** What it is called, the key, what it does. */
const SHORTCUTS = Object.freeze([
  { keys: 'Alt+Enter', code: 'Enter', what: 'Accept the offered chat', run: (deeds) => deeds.answer('accept') },
  { keys: 'Alt+Shift+Enter', code: 'Enter', shift: true, what: 'Decline it', run: (deeds) => deeds.answer('decline') },
  { keys: 'Alt+↓', code: 'ArrowDown', what: 'Next chat', run: (deeds) => deeds.step(1) },
  { keys: 'Alt+↑', code: 'ArrowUp', what: 'Previous chat', run: (deeds) => deeds.step(-1) },
  { keys: 'Alt+U', code: 'KeyU', what: 'Next chat with unread messages', run: (deeds) => deeds.unread() },
  { keys: 'Alt+N', code: 'KeyN', what: 'Note for staff, or reply again', run: (deeds) => deeds.note() },
  { keys: 'Alt+W', code: 'KeyW', what: 'To the field in which you write', run: (deeds) => deeds.write() },
  { keys: 'Alt+R', code: 'KeyR', what: 'Ready, or not ready', run: (deeds) => deeds.ready() },
  { keys: 'Alt+T', code: 'KeyT', what: 'Pass the chat on', run: (deeds) => deeds.chat('transfer') },
  { keys: 'Alt+I', code: 'KeyI', what: 'Invite an agent', run: (deeds) => deeds.chat('invite') },
  { keys: 'Alt+E', code: 'KeyE', what: 'End the chat', run: (deeds) => deeds.chat('end') },
  { keys: 'Alt+C', code: 'KeyC', what: 'The customer', run: (deeds) => deeds.customer() },
  { keys: 'Alt+S', code: 'KeyS', what: 'Search chats', run: (deeds) => deeds.search() },
  { keys: 'Alt+K', code: 'KeyK', what: 'Canned replies', run: (deeds) => deeds.canned() },
]);

/** Things that are typed or pressed in their place. */
const ELSEWHERE = Object.freeze([
  { keys: '/', what: 'In the field: a canned reply by its shortcut' },
  { keys: 'Enter', what: 'In the field: send' },
  { keys: 'Shift+Enter', what: 'In the field: a new line' },
  { keys: '?', what: 'This list' },
]);

/** @param {Deeds} deeds @param {AbortSignal} signal ends it */
export function prepareShortcuts(deeds, signal) {
  byId('shortcut-list').replaceChildren(...[...SHORTCUTS, ...ELSEWHERE].map(row));
  document.addEventListener('keydown', (key) => {
    if (isAsking() || key.ctrlKey || key.metaKey || key.isComposing) return;
    if (key.key === '?' && !isTypedInto(key.target)) return openShortcuts();
    const pressed = pressedCode(key);
    const isIt = ({ code, shift = false }) => code === pressed && shift === key.shiftKey;
    const shortcut = key.altKey && SHORTCUTS.find(isIt);
    if (!shortcut) return;
    key.preventDefault();
    shortcut.run(deeds);
  }, { signal });
}

/** By the letter, wherever it is on the keyboard; by the place where Alt makes other characters of it (macOS). */
function pressedCode({ key, code }) {
  return /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : code;
}

export function openShortcuts() {
  dialog('shortcuts-dialog').showModal();
}

/** @param {{keys: string, what: string}} shortcut */
function row({ keys, what }) {
  return element('div', {}, element('dt', {}, ...caps(keys)), element('dd', {}, what));
}

/** @param {string} keys */
function caps(keys) {
  return keys.split('+').flatMap((key, at) => (at === 0 ? [element('kbd', {}, key)] : ['+', element('kbd', {}, key)]));
}

/** @param {EventTarget|null} target */
function isTypedInto(target) {
  return target instanceof Element && target.matches('input:not([type="radio"], [type="checkbox"]), textarea, select');
}
