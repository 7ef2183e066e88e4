/**
 * The login that this browser keeps for all tabs: whoever has its token is the agent, so it goes as soon as it is
 * not wanted any more, with everything else that the workspace keeps.
 */

import { forgetWaiting } from '../client/tandem.js';
import { ofSite, ofTab } from './kept.js';

/** @typedef {import('../client/desk-protocol.js').LoggedIn} LoggedIn */

const LOGIN_KEY = 'tandem.workspace.login';
const CHATS_KEY = 'tandem.workspace.chats';
const DRAFT = 'tandem.workspace.draft.';
const READ = 'tandem.workspace.read.';

/** @returns {LoggedIn|null} */
export function keptLogin() {
  const kept = ofSite.get(LOGIN_KEY);
  return typeof kept?.token === 'string' ? kept : null;
}

/** @param {LoggedIn} login */
export function keepLogin(login) {
  ofSite.set(LOGIN_KEY, login);
}

/** Forgets the login and what was kept of its chats. */
export function forgetLogin() {
  ofSite.remove(LOGIN_KEY);
  forgetChatsBut([]);
}

/** Calls when another tab logs in or out. @param {(login: LoggedIn|null) => void} then */
export function onKeptLogin(then) {
  globalThis.addEventListener('storage', ({ key }) => {
    if (key === LOGIN_KEY || key === null) then(keptLogin());
  });
}

/**
 * Forgets what is kept of chats that went away while no page looked: drafts, marks, and what waited to be sent.
 * @param {string[]} sessions those there are
 */
export function forgetChatsBut(sessions) {
  for (const session of keptChats()) if (!sessions.includes(session)) forgetChat(session);
  ofSite.set(CHATS_KEY, sessions);
}

/** Notes that something may be kept of a chat from now on. @param {string} session */
export function noteChat(session) {
  if (!keptChats().includes(session)) ofSite.set(CHATS_KEY, [...keptChats(), session]);
}

/** Forgets all that is kept of a chat. @param {string} session */
export function forgetChat(session) {
  forgetWaiting(session);
  ofSite.remove(READ + session);
  ofTab.remove(DRAFT + session);
  ofSite.set(CHATS_KEY, keptChats().filter((each) => each !== session));
}

/** @returns {string[]} */
function keptChats() {
  const kept = ofSite.get(CHATS_KEY);
  return Array.isArray(kept) ? kept : [];
}

/**
 * @typedef {object} Draft what is being written
 * @property {string} text
 * @property {import('../client/protocol.js').Visibility} visibility for whom
 * @property {boolean} isHidden whether the customer did not see the agent then
 */

/** @param {string} session @returns {Draft|null} */
export function keptDraft(session) {
  return ofTab.get(DRAFT + session);
}

/** @param {string} session @param {Draft|null} draft */
export function keepDraft(session, draft) {
  if (draft === null) ofTab.remove(DRAFT + session);
  else ofTab.set(DRAFT + session, draft);
}

/** Calls when another tab has read. @param {(session: string) => void} then @param {AbortSignal} signal ends it */
export function onRead(then, signal) {
  globalThis.addEventListener('storage', ({ key }) => {
    if (key?.startsWith(READ)) then(key.slice(READ.length));
  }, { signal });
}

/** The last event of a session that was before somebody's eyes. @param {string} session */
export function readTo(session) {
  return Number(ofSite.get(READ + session) ?? 0);
}

/** @param {string} session @param {number} seq */
export function keepRead(session, seq) {
  if (seq > readTo(session)) ofSite.set(READ + session, seq);
}
