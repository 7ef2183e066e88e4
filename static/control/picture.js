/**
 * The picture of a pair: who is who, what is gone, and how it all stands, from what the gateway told and what the picture
 * showed before. Pure.
 */

/** @typedef {import('../client/control.js').PairView} PairView */

/**
 * @typedef {object} EngineBox
 * @property {string} name
 * @property {'primary'|'backup'|'lost'|'gone'} role `lost`: it was primary and is not reached, and nobody has followed yet
 * @property {string} address
 * @property {number} pid
 * @property {string} [host]
 * @property {string} [version]
 * @property {number} [started_ms]
 * @property {number} [since_ms] since when it has its role
 * @property {number} [heard_ms] how long ago the primary heard it
 * @property {number} [gone_ms] since when it is gone, by the page's clock
 */

/**
 * @typedef {import('../client/control.js').LinkStatus & {missing_ms?: number, is_gone?: boolean}} LinkBox
 *   `missing_ms`: since when the primary has not had it any more, by the page's clock
 */

/**
 * @typedef {object} Picture
 * @property {string} pair
 * @property {'well'|'care'|'unsafe'|'moving'|'lost'|'unknown'} state
 * @property {number} epoch
 * @property {EngineBox[]} engines in the order of their names, so that a role moves and no box does
 * @property {LinkBox[]} links all but operators'
 * @property {{place: string, in_reach: boolean}|null} store
 * @property {import('../client/control.js').Blocker[]} blockers
 * @property {number} [away_ms]
 */

/** Engines that a picture remembers; a pair has two, and one that was replaced may have another name. */
const ENGINES_MAX = 3;

/** Links come to a new primary one after the other: none is called gone before it had the time to. */
const GONE_AFTER_MS = 3_000;

/** One that has not come back for so long was taken away, as far as anybody knows. */
const FORGOTTEN_AFTER_MS = 600_000;

/** Gone links that a picture remembers. */
const GONE_MAX = 4;

const LINK_ORDER = ['gateway', 'interaction', 'external'];

/**
 * @param {Picture|null} before
 * @param {PairView} view
 * @param {number} now_ms of the page
 * @returns {Picture}
 */
export function picture(before, view, now_ms) {
  const engines = enginesOf(before, view, now_ms);
  const status = isCurrent(view) ? view.status : undefined;
  return {
    pair: view.pair,
    state: stateOf(view, engines, status),
    epoch: view.known?.epoch ?? 0,
    engines,
    links: linksOf(before, view, now_ms),
    store: view.status?.store ?? null,
    blockers: status?.blockers ?? [],
    away_ms: view.away_ms,
  };
}

/** Whether the status tells of the primary that serves. @param {PairView} view */
export function isCurrent({ status, known }) {
  return status !== undefined && status.epoch === (known?.epoch ?? status.epoch);
}

/** What changed between two pictures, as something that happened; for whoever does not see it. */
export function changes(before, after) {
  if (before === null || before.pair !== after.pair) return [];
  const had = (picture, role) => picture.engines.find((engine) => engine.role === role)?.name ?? null;
  const happened = [];
  const [was, is] = [had(before, 'primary') ?? had(before, 'lost'), had(after, 'primary')];
  if (is !== null && (was !== is || before.epoch !== after.epoch)) {
    happened.push({ what: 'primary', engine: is, epoch: after.epoch });
  } else if (is !== null && before.state === 'lost') {
    happened.push({ what: 'found', engine: is });
  }
  if (after.state === 'lost' && before.state !== 'lost') happened.push({ what: 'lost', engine: was });
  const [stood, stands] = [had(before, 'backup'), had(after, 'backup')];
  if (stands !== null && stands !== stood) happened.push({ what: 'backup', engine: stands });
  // Who has become primary does not stand by any more, which is said already.
  if (stands === null && stood !== null && stood !== is && after.state !== 'lost' && after.state !== 'moving') {
    happened.push({ what: 'alone', engine: stood });
  }
  for (const link of after.links.filter(({ is_gone }) => is_gone)) {
    const earlier = before.links.find(isLink(link));
    if (earlier && !earlier.is_gone) happened.push({ what: 'link_gone', link });
  }
  if (before.store?.in_reach === true && after.store?.in_reach === false) happened.push({ what: 'store_lost' });
  if (before.store?.in_reach === false && after.store?.in_reach === true) happened.push({ what: 'store_back' });
  return happened;
}

function stateOf({ connected, moving, known }, engines, status) {
  if (!known) return connected ? 'unknown' : 'lost';
  if (!connected) return moving ? 'moving' : 'lost';
  if (status?.store.in_reach === false) return 'unsafe';
  if (!engines.some(({ role }) => role === 'backup')) return 'unsafe';
  return (status?.blockers.length ?? 0) > 0 ? 'care' : 'well';
}

function enginesOf(before, view, now_ms) {
  const { known } = view;
  if (!known) return before?.engines ?? [];
  const there = [primaryBox(view), ...backupBox(view)];
  const gone = (before?.engines ?? []).filter(({ name }) => !there.some((engine) => engine.name === name));
  const boxes = gone.map((engine) => (engine.role === 'gone' ? engine : goneBox(engine, now_ms)));
  return [...there, ...boxes].slice(0, ENGINES_MAX).sort((one, other) => (one.name < other.name ? -1 : 1));
}

function primaryBox(view) {
  const { known, status, connected } = view;
  const about = isCurrent(view) ? { ...status.primary, since_ms: status.since_ms } : details(view, known.primary);
  return { ...about, ...known.primary, role: connected ? 'primary' : 'lost' };
}

function backupBox(view) {
  const { known, status } = view;
  if (!known.backup) return [];
  const told = isCurrent(view) && status.backup?.engine.name === known.backup.name ? status.backup : null;
  const about = told
    ? { ...said(told.engine), since_ms: told.since_ms, heard_ms: told.heard_ms_ago }
    : details(view, known.backup);
  return [{ ...about, ...known.backup, role: 'backup' }];
}

/** What an older status says of the same process. */
function details({ status }, { name, pid }) {
  const engine = [status?.primary, status?.backup?.engine].find((engine) => engine?.name === name && engine.pid === pid);
  return engine ? said(engine) : {};
}

/** What a backup has not said yet is empty or zero. */
function said(engine) {
  return Object.fromEntries(Object.entries(engine).filter(([, value]) => value !== '' && value !== 0));
}

function goneBox({ name, address, pid, host, version }, now_ms) {
  return { name, address, pid, host, version, role: 'gone', gone_ms: now_ms };
}

function linksOf(before, { status }, now_ms) {
  // Nobody has told of any yet.
  if (!status) return before?.links ?? [];
  const there = status.links.filter(({ role }) => LINK_ORDER.includes(role));
  const lost = (link) => {
    const missing_ms = link.missing_ms ?? now_ms;
    return { ...link, missing_ms, is_gone: now_ms - missing_ms >= GONE_AFTER_MS };
  };
  const missing = missingOf(before?.links ?? [], there)
    .map(lost)
    .filter(({ missing_ms }) => now_ms - missing_ms < FORGOTTEN_AFTER_MS)
    .slice(0, GONE_MAX);
  const group = ({ role, is_gone }) => LINK_ORDER.indexOf(role) + (is_gone ? LINK_ORDER.length : 0);
  const name = (link) => `${link.name} ${link.from}`;
  return [...there, ...missing].sort((one, other) => group(one) - group(other) || (name(one) < name(other) ? -1 : 1));
}

/**
 * Those that were there and are not, the newest losses first. One that is there again comes from another port, and perhaps
 * from another host, under its name, which others may have too: who went last is the likeliest to have come back.
 */
function missingOf(were, there) {
  const host = ({ from }) => from.slice(0, from.lastIndexOf(':'));
  const come = there.filter((link) => !were.some(isLink(link)));
  const takes = (link, isLike) => {
    const at = come.findIndex((other) => other.name === link.name && other.role === link.role && isLike(other));
    if (at >= 0) come.splice(at, 1);
    return at >= 0;
  };
  return were
    .filter((link) => !there.some(isLink(link)))
    .sort((one, other) => (other.missing_ms ?? Infinity) - (one.missing_ms ?? Infinity) || 0)
    .filter((link) => !takes(link, (other) => host(other) === host(link)))
    .filter((link) => !takes(link, () => true));
}

/** Whether another is this very link, and not its successor. */
const isLink = (one) => (other) => one.from === other.from && one.name === other.name && one.role === other.role;
