/**
 * The control page: a login form, then how everything stands, then perhaps the next login. It shares the browser's login
 * with the workspace.
 */

import { logout } from '../client/tandem.js';
import { byId } from '../shared/dom.js';
import { prepareLogin, showLogin } from '../shared/login.js';
import { forgetLogin, keepLogin, keptLogin, onKeptLogin } from '../workspace/account.js';
import { Overview } from './overview.js';
import { LOGGED_OUT, LOGGED_OUT_ELSEWHERE, NOT_ADMINISTRATOR, REVOKED } from './words.js';

/** @typedef {import('../client/desk-protocol.js').LoggedIn} LoggedIn */

/** What is shown; null while no administrator is logged in. @type {{login: LoggedIn, overview: Overview}|null} */
let shown = null;

/** @param {LoggedIn} login */
function enter(login) {
  shown?.overview.stop();
  shown = null;
  // An agent's login is of use in the workspace, and stays there.
  if (login.role !== 'administrator') return showLogin(NOT_ADMINISTRATOR);
  shown = { login, overview: new Overview(login, { onRefused: ({ code }) => refused(login, code) }) };
}

/** @param {string|null} notice why nobody is logged in */
function toLogin(notice) {
  shown?.overview.stop();
  shown = null;
  showLogin(notice);
}

/** The browser forgets the login at once, whether or not the service can be told. */
function leave() {
  const { token } = shown.login;
  forgetLogin();
  toLogin(LOGGED_OUT);
  logout(token).catch(() => {}); // A login that is not ended ends by itself in time.
}

/** Another tab may have logged in meanwhile: its login stays. @param {LoggedIn} login @param {string} code */
function refused({ token }, code) {
  if (code === 'forbidden') return toLogin(NOT_ADMINISTRATOR);
  if (keptLogin()?.token === token) forgetLogin();
  const kept = keptLogin();
  if (kept) enter(kept);
  else toLogin(REVOKED);
}

/** @param {LoggedIn|null} login */
function followOtherTabs(login) {
  if (login === null && shown !== null) toLogin(LOGGED_OUT_ELSEWHERE);
  else if (login !== null && login.token !== shown?.login.token) enter(login);
}

function begin() {
  prepareLogin((login) => {
    // One who may not look here keeps the login that this browser has for the workspace.
    if (login.role === 'administrator') keepLogin(login);
    enter(login);
  });
  byId('logout').addEventListener('click', leave);
  onKeptLogin(followOtherTabs);
  const kept = keptLogin();
  if (kept) enter(kept);
  else showLogin(null);
}

begin();
