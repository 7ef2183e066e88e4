/**
 * The control page: a login form, then how everything stands, then perhaps the next login. It shares the browser's login
 * with the workspace, where that of an agent is of use and stays.
 */

import { byId } from '../shared/dom.js';
import { Entry } from '../shared/entry.js';
import { Overview } from './overview.js';
import { NOT_ADMINISTRATOR } from './words.js';

const entry = new Entry(
  (login) => new Overview(login, { onRefused: ({ code }) => refused(login, code) }),
  ({ role }) => (role === 'administrator' ? null : NOT_ADMINISTRATOR),
);

/** @param {import('../client/desk-protocol.js').LoggedIn} login @param {string} code */
function refused(login, code) {
  if (code === 'forbidden') entry.toLogin(NOT_ADMINISTRATOR);
  else entry.revoked(login);
}

byId('logout').addEventListener('click', () => entry.leave());
entry.begin();
