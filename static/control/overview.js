/**
 * The page of one login: looks, and shows what it sees of the pair that is chosen.
 */

import { Control } from '../client/tandem.js';
import { announce } from '../shared/announcer.js';
import { byId, element, put, within } from '../shared/dom.js';
import { keep } from '../shared/keyed.js';
import { ofTab } from '../shared/kept.js';
import { Drills } from './drills.js';
import { prepareLookup } from './lookup.js';
import { changes, isCurrent, picture } from './picture.js';
import { Records } from './records.js';
import { Sessions } from './sessions.js';
import { showStaff } from './staff.js';
import { SwitchDialog } from './switching.js';
import { Tiles, tilesOf } from './tiles.js';
import { Topology } from './topology.js';
import { Watch } from './watch.js';
import { LIVE, SILENCE, asOf, happening, headline, sentence, severityWord, wasSo } from './words.js';

const PAIR_KEY = 'tandem.control.pair';

/** What is this old is not called live any more: two looks were missed. */
const LIVE_MS = 3_500;

const TICK_MS = 1_000;

export class Overview {
  #life = new AbortController();
  #watch;
  #topology = new Topology();
  #tiles = new Tiles();
  /** @type {Map<string, import('./picture.js').Picture>} */
  #pictures = new Map();
  /** @type {{status: import('../client/control.js').Status, at_ms: number}|null} the last word */
  #seen = null;
  #isSilent = false;
  #pair = ofTab.get(PAIR_KEY);
  #parts;

  /**
   * @param {import('../client/desk-protocol.js').LoggedIn} login
   * @param {{onRefused: (refused: import('../client/rest.js').Refused) => void}} page
   */
  constructor(login, { onRefused }) {
    const { signal } = this.#life;
    const control = new Control(login.token, { signal });
    const chosen = () => this.#chosen();
    const soon = () => this.#watch.look();
    const lookup = prepareLookup(control, signal);
    const drills = new Drills(control, chosen, signal);
    const records = new Records(control, chosen, signal);
    const sessions = new Sessions(control, chosen, lookup, signal);
    const switching = new SwitchDialog(control, chosen, () => [soon(), records.look()], signal);
    this.#parts = { drills, records, sessions, switching };
    this.#watch = new Watch(() => control.status(), {
      onStatus: (status, at_ms) => this.#sees(status, at_ms),
      onSilence: () => this.#isUnanswered(),
      onRefused,
    }, { isHidden: () => document.hidden });
    put(byId('who'), login.display);
    document.body.dataset.view = 'control';
    byId('page').setAttribute('aria-busy', 'true');
    document.addEventListener('visibilitychange', () => !document.hidden && soon(), { signal });
    const tick = setInterval(() => this.#showAge(), TICK_MS);
    signal.addEventListener('abort', () => clearInterval(tick));
    soon();
  }

  stop() {
    this.#watch.stop();
    this.#topology.stop();
    this.#life.abort();
  }

  #chosen() {
    const pairs = this.#seen?.status.pairs ?? [];
    return pairs.find(({ pair }) => pair === this.#pair) ?? pairs[0] ?? null;
  }

  #sees(status, at_ms) {
    this.#seen = { status, at_ms };
    this.#isSilent = false;
    for (const view of status.pairs) this.#paint(view, at_ms);
    this.#show();
    byId('page').setAttribute('aria-busy', 'false');
    for (const part of Object.values(this.#parts)) part.sees?.();
  }

  #paint(view, at_ms) {
    const before = this.#pictures.get(view.pair) ?? null;
    const after = picture(before, view, at_ms);
    this.#pictures.set(view.pair, after);
    if (view.status && isCurrent(view)) this.#tiles.note(view.pair, tilesOf(view.status));
    const happened = changes(before, after);
    const where = this.#seen.status.pairs.length > 1 ? `Pair ${view.pair}: ` : '';
    for (const each of happened) announce(`${where}${happening(each)}`);
    if (happened.some(({ what }) => what === 'primary' || what === 'found')) this.#parts?.records.lookSoon();
  }

  #isUnanswered() {
    if (!this.#isSilent) announce(SILENCE);
    this.#isSilent = true;
    this.#showAge();
  }

  #show() {
    const view = this.#chosen();
    if (!view) return;
    const { status, at_ms } = this.#seen;
    const shown = this.#pictures.get(view.pair);
    this.#showPairs(status.pairs, view);
    const [title, detail] = headline(shown);
    put(byId('pair-title'), title);
    put(byId('pair-detail'), view.refusal ? `${detail} ${view.refusal}`.trim() : detail);
    this.#showOutlook(view);
    if (byId('hero').dataset.state !== shown.state) byId('hero').dataset.state = shown.state;
    this.#topology.show(shown, status.at_ms, at_ms);
    const isOld = !isCurrent(view) || !view.connected || view.age_ms > LIVE_MS;
    if (view.status) this.#tiles.show(view.pair, tilesOf(view.status), isOld);
    showStaff(status.agents, status.at_ms);
    this.#showAge();
  }

  #showPairs(pairs, chosen) {
    byId('pairs').hidden = pairs.length < 2;
    keep(byId('pair-list'), pairs, {
      key: ({ pair }) => pair,
      make: ({ pair }) => {
        const parts = [element('span', { class: 'pair-dot' }), element('b'), element('span', { class: 'pair-words' })];
        const button = element('button', { type: 'button', class: 'pair' }, ...parts);
        button.addEventListener('click', () => this.#choose(pair));
        return element('li', {}, button);
      },
      update: (item, { pair }) => {
        const button = within(item, 'button');
        const shown = this.#pictures.get(pair);
        button.dataset.state = shown.state;
        button.setAttribute('aria-pressed', `${pair === chosen.pair}`);
        put(within(button, 'b'), pair);
        put(within(button, '.pair-words'), headline(shown)[0]);
      },
    });
  }

  #choose(pair) {
    this.#pair = pair;
    ofTab.set(PAIR_KEY, pair);
    this.#show();
    for (const part of Object.values(this.#parts)) part.isElsewhere?.();
  }

  #showOutlook(view) {
    // What an older status says of processes is over.
    const outlook = view.connected && isCurrent(view) ? view.outlook ?? [] : [];
    byId('outlook-none').hidden = outlook.length > 0;
    // Several processes may have one name.
    const named = outlook.map((each, at) => ({ ...each, key: `${each.process} ${at}` }));
    keep(byId('outlook'), named, {
      key: ({ key }) => key,
      make: () => {
        const parts = [element('span', { class: 'severity' }), element('b'), element('span', { class: 'outlook-text' })];
        return element('li', {}, ...parts);
      },
      update: (item, { process, severity, says }) => {
        if (item.dataset.severity !== severity) item.dataset.severity = severity;
        put(within(item, '.severity'), severityWord(severity));
        put(within(item, 'b'), process);
        put(within(item, '.outlook-text'), sentence(says));
      },
    });
  }

  /** How old what is shown is, in the bar and above everything when nobody answers. */
  #showAge() {
    if (!this.#seen) {
      byId('banner').hidden = !this.#isSilent;
      if (this.#isSilent) put(byId('banner-text'), SILENCE);
      return;
    }
    const age_ms = Date.now() - this.#seen.at_ms + (this.#chosen()?.age_ms ?? 0);
    const isLive = !this.#isSilent && age_ms < LIVE_MS;
    const bar = isLive ? 'connected' : 'reconnecting';
    if (byId('status').dataset.status !== bar) byId('status').dataset.status = bar;
    put(byId('status-text'), isLive ? LIVE : asOf(age_ms));
    byId('page').classList.toggle('old', this.#isSilent);
    byId('banner').hidden = !this.#isSilent;
    // Not the age, which would be read aloud each second.
    if (!this.#isSilent) return;
    put(byId('banner-text'), SILENCE);
    put(byId('pair-detail'), wasSo(age_ms));
  }
}
