/**
 * A page behind a login: the form, then what is behind it, then perhaps the next login. It owns the one view of the page
 * and follows what other tabs of the browser do.
 */

import { logout } from '../client/tandem.js';
import { forgetLogin, keepLogin, keptLogin, onKeptLogin } from './account.js';
import { prepareLogin, showLogin } from './login.js';
import { LOGGED_OUT, LOGGED_OUT_ELSEWHERE, REVOKED } from './words.js';

/** @typedef {import('../client/desk-protocol.js').LoggedIn} LoggedIn */

export class Entry {
  #open;
  #unfit;
  /** What is shown; null while nobody is logged in. @type {{login: LoggedIn, view: {stop: () => void}}|null} */
  #shown = null;

  /**
   * @param {(login: LoggedIn) => {stop: () => void}} open shows what is behind the login
   * @param {(login: LoggedIn) => string|null} [unfit] why a login is of no use here; the browser keeps it for elsewhere
   */
  constructor(open, unfit = () => null) {
    [this.#open, this.#unfit] = [open, unfit];
  }

  begin() {
    prepareLogin((login) => {
      if (this.#unfit(login) === null) keepLogin(login);
      this.#enter(login);
    });
    onKeptLogin((login) => this.#follow(login));
    const kept = keptLogin();
    if (kept) this.#enter(kept);
    else showLogin(null);
  }

  /** The browser forgets the login at once, whether or not the service can be told. */
  leave() {
    const { token } = this.#shown.login;
    forgetLogin();
    this.toLogin(LOGGED_OUT);
    logout(token).catch(() => {}); // A login that is not ended ends by itself in time.
  }

  /** The login is not good any more. Another tab may have logged in meanwhile: its login stays. @param {LoggedIn} login */
  revoked({ token }) {
    if (keptLogin()?.token === token) forgetLogin();
    const kept = keptLogin();
    if (kept) this.#enter(kept);
    else this.toLogin(REVOKED);
  }

  /** @param {string|null} notice why nobody is logged in */
  toLogin(notice) {
    this.#stops();
    showLogin(notice);
  }

  /** @param {LoggedIn} login */
  #enter(login) {
    const why = this.#unfit(login);
    if (why !== null) return this.toLogin(why);
    this.#stops();
    this.#shown = { login, view: this.#open(login) };
  }

  #stops() {
    this.#shown?.view.stop();
    this.#shown = null;
  }

  /** Another tab has logged in or out. @param {LoggedIn|null} login */
  #follow(login) {
    if (login === null && this.#shown !== null) this.toLogin(LOGGED_OUT_ELSEWHERE);
    else if (login !== null && login.token !== this.#shown?.login.token) this.#enter(login);
  }
}
