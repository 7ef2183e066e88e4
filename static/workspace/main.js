/**
 * The workspace page: a login form, then a desk, then perhaps the next login. It owns the one workspace of the page
 * and follows what other tabs of the browser do.
 */

import { logout } from '../client/tandem.js';
import { prepareLogin, showLogin } from '../shared/login.js';
import { followViewport } from '../shared/viewport.js';
import { forgetLogin, keepLogin, keptLogin, onKeptLogin } from './account.js';
import { LOGGED_OUT, LOGGED_OUT_ELSEWHERE, REVOKED } from './words.js';
import { Workspace } from './workspace.js';

/** @typedef {import('../client/desk-protocol.js').LoggedIn} LoggedIn */

/** The desk that is shown; null while nobody is logged in. @type {{login: LoggedIn, workspace: Workspace}|null} */
let desk = null;

/** @param {LoggedIn} login */
function enter(login) {
  desk?.workspace.stop();
  const workspace = new Workspace(login, { onRevoked: () => revoked(login), onLogout: leave });
  desk = { login, workspace };
}

/** @param {string|null} notice why nobody is logged in */
function toLogin(notice) {
  desk?.workspace.stop();
  desk = null;
  showLogin(notice);
}

/** The browser forgets the login at once, whether or not the service can be told. */
function leave() {
  const { token } = desk.login;
  forgetLogin();
  toLogin(LOGGED_OUT);
  logout(token).catch(() => {}); // A login that is not ended ends by itself in time.
}

/** Another tab may have logged in meanwhile: its login stays. @param {LoggedIn} login */
function revoked({ token }) {
  if (keptLogin()?.token === token) forgetLogin();
  const kept = keptLogin();
  if (kept) enter(kept);
  else toLogin(REVOKED);
}

/** @param {LoggedIn|null} login */
function followOtherTabs(login) {
  if (login === null && desk !== null) toLogin(LOGGED_OUT_ELSEWHERE);
  else if (login !== null && login.token !== desk?.login.token) enter(login);
}

function begin() {
  followViewport();
  prepareLogin((login) => {
    keepLogin(login);
    enter(login);
  });
  onKeptLogin(followOtherTabs);
  const kept = keptLogin();
  if (kept) enter(kept);
  else showLogin(null);
}

begin();
