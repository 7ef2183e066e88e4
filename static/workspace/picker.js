/**
 * A list of queues and agents of which one is picked: radio buttons with what helps to choose, kept current while it
 * is open, and a field that narrows it.
 */

import { element, name, put, within } from '../shared/dom.js';
import { keep } from '../shared/keyed.js';
import { ROLES, agentWords, queueWords } from './words.js';

/**
 * @typedef {object} Pick
 * @property {string} key unique
 * @property {string} group what it is, above the first of its kind
 * @property {string} title
 * @property {string} facts
 * @property {boolean} isOff whether it cannot be picked
 * @property {string} state for the mark beside it
 * @property {{queue?: string, agent?: number}} target
 */

export class Picker {
  #list;
  #search;
  #group;

  /** @type {Pick[]} */
  #picks = [];

  /** @param {string} listId @param {string} searchId @param {AbortSignal} signal ends it */
  constructor(listId, searchId, signal) {
    this.#list = /** @type {HTMLElement} */ (document.getElementById(listId));
    this.#search = /** @type {HTMLInputElement} */ (document.getElementById(searchId));
    this.#group = listId;
    this.#list.setAttribute('role', 'radiogroup');
    this.#list.setAttribute('aria-label', this.#search.labels[0].textContent);
    this.#search.addEventListener('input', () => this.show(this.#picks), { signal });
  }

  /** Begins anew. @param {Pick[]} picks */
  open(picks) {
    this.#search.value = '';
    this.#list.replaceChildren();
    this.show(picks);
  }

  /** @param {Pick[]} picks */
  show(picks) {
    this.#picks = picks;
    const wanted = this.#search.value.trim().toLowerCase();
    const shown = picks.filter(({ title }) => title.toLowerCase().includes(wanted));
    let group = '';
    const make = (pick) => row(pick, this.#group);
    keep(this.#list, shown, { key: ({ key }) => key, make, update: (line, pick) => {
      update(line, pick, pick.group === group ? '' : pick.group);
      group = pick.group;
    } });
  }

  /** What is picked; null while nothing is. @returns {Pick['target']|null} */
  get picked() {
    const chosen = this.#list.querySelector('input:checked');
    return this.#picks.find(({ key, isOff }) => key === chosen?.value && !isOff)?.target ?? null;
  }
}

/** @param {Pick} pick @param {string} group */
function row({ key, target }, group) {
  const mark = target.queue === undefined ? { 'data-agent': `${target.agent}` } : { 'data-queue': target.queue };
  return element(
    'div',
    {},
    element('p', { class: 'pick-group' }),
    element(
      'label',
      { class: 'pick', ...mark },
      element('input', { type: 'radio', name: group, value: key }),
      element('span', { class: 'presence-dot' }),
      element('span', { class: 'pick-title' }, name('')),
      element('span', { class: 'pick-facts' }),
    ),
  );
}

/** @param {HTMLElement} line @param {Pick} pick @param {string} heading */
function update(line, { title, facts, isOff, state }, heading) {
  put(within(line, '.pick-group'), heading);
  within(line, '.pick-group').hidden = heading === '';
  put(within(line, 'bdi'), title);
  put(within(line, '.pick-facts'), facts);
  within(line, '.presence-dot').dataset.state = state;
  /** @type {HTMLInputElement} */ (within(line, 'input')).disabled = isOff;
  within(line, '.pick').dataset.off = `${isOff}`;
}

/**
 * The agents who may be asked, those who are there first.
 * @param {import('../client/desk-protocol.js').AgentView[]} agents
 * @param {number[]} but accounts that make no sense
 * @returns {Pick[]}
 */
export function agentPicks(agents, but) {
  const others = agents.filter(({ agent }) => !but.includes(agent));
  const byUse = (a, b) => use(a) - use(b);
  return others.sort(byUse).map((each) => ({
    key: `agent ${each.agent}`,
    group: 'Agents',
    title: each.role === 'agent' ? each.display : `${each.display} (${ROLES[each.role] ?? each.role})`,
    facts: agentWords(each),
    isOff: !each.connected,
    state: each.connected ? each.state : 'away',
    target: { agent: each.agent },
  }));
}

/** Smaller is likelier to answer soon. @param {import('../client/desk-protocol.js').AgentView} agent */
function use({ connected, state, room }) {
  if (!connected) return 3;
  return state === 'ready' ? (room > 0 ? 0 : 1) : 2;
}

/** @param {import('../client/desk-protocol.js').QueueView[]} queues @returns {Pick[]} */
export function queuePicks(queues) {
  return queues.map((queue) => ({
    key: `queue ${queue.queue}`,
    group: 'Queues',
    title: queue.queue,
    facts: queueWords(queue),
    isOff: false,
    state: queue.open ? 'queue' : 'away',
    target: { queue: queue.queue },
  }));
}
