/**
 * The control page: the picture of a pair through a failover, what is said of it, and how often it is looked.
 */

import { Refused } from '/static/client/tandem.js';
import { changes, picture } from '/static/control/picture.js';
import { points, tilesOf } from '/static/control/tiles.js';
import { Watch } from '/static/control/watch.js';
import { blocker, drillOutcome, happening, headline, micros, proven, span, switched } from '/static/control/words.js';
import { equal, holds, test } from './harness.js';

const known = (name) => ({ name, address: `${name}:1`, pid: name.charCodeAt(0) });
const engine = (name) => ({ ...known(name), host: 'h', version: '1', started_ms: 1 });

/** A pair as the gateway sees it; the engines are named by their role. */
function view({ primary, backup, epoch = 1, connected = true, moving = false, blockers = [], in_reach = true, links = [] }) {
  const standing = backup ? { engine: engine(backup), since_ms: 5, heard_ms_ago: 100 } : undefined;
  const status = { pair: 'main', epoch, since_ms: 9, primary: engine(primary), backup: standing, links, store: { place: '/d', in_reach }, blockers };
  const who = { epoch, primary: known(primary), ...(backup ? { backup: known(backup) } : {}) };
  return { pair: 'main', connected, moving, ...(connected ? {} : { away_ms: 2000 }), known: who, age_ms: 10, status };
}

const roles = ({ engines }) => engines.map(({ name, role }) => `${name} ${role}`);

test('a picture follows a failover: roles move, boxes stay in their order, and who died is shown as gone', () => {
  const before = picture(null, view({ primary: 'a', backup: 'b' }), 1000);
  equal([before.state, roles(before)], ['well', ['a primary', 'b backup']]);
  const lost = picture(before, view({ primary: 'a', backup: 'b', connected: false }), 2000);
  equal([lost.state, roles(lost)], ['lost', ['a lost', 'b backup']]);
  const after = picture(lost, view({ primary: 'b', epoch: 2 }), 3000);
  equal([after.state, roles(after), after.engines[0].gone_ms], ['unsafe', ['a gone', 'b primary'], 3000]);
  const whole = picture(after, view({ primary: 'b', backup: 'a', epoch: 2 }), 4000);
  equal([whole.state, roles(whole)], ['well', ['a backup', 'b primary']]);
  const said = [[before, lost], [lost, after], [after, whole]].map(([one, other]) => changes(one, other).map(happening));
  equal(said, [['Engine a is not reached any more.'], ['Engine b is the primary now, epoch 2.'], ['Engine a stands by.']]);
});

test('an older status says nothing of a newer primary but what stays true of its process', () => {
  const stale = { ...view({ primary: 'a', backup: 'b' }), known: { epoch: 2, primary: known('b') } };
  const seen = picture(null, stale, 1000);
  equal([seen.epoch, roles(seen), seen.engines[0].version, seen.engines[0].since_ms], [2, ['b primary'], '1', undefined]);
});

test('a planned move is no loss, and operators\u2019 links are no part of the picture', () => {
  const before = picture(null, view({ primary: 'a', backup: 'b' }), 1000);
  const link = (role) => ({ name: role, role, from: 'x', since_ms: 1, heard_ms_ago: 1, knows_pair: true });
  const moving = view({ primary: 'a', backup: 'b', connected: false, moving: true, links: [link('external'), link('control'), link('gateway')] });
  const seen = picture(before, moving, 2000);
  equal([seen.state, seen.links.map(({ role }) => role)], ['moving', ['gateway', 'external']]);
  equal(changes(before, seen), []);
});

test('a link that does not come back is shown as gone for a while, and one that comes from another port is the same', () => {
  const link = (name, from) => ({ name, role: 'gateway', from, since_ms: 1, heard_ms_ago: 1, knows_pair: true });
  const seen = (links, epoch = 1) => view({ primary: 'a', backup: 'b', epoch, links });
  const shown = ({ links }) => links.map(({ name, from, is_gone }) => `${name} ${from}${is_gone ? ' gone' : ''}`);
  const both = picture(null, seen([link('one', 'x:1'), link('two', 'y:1')]), 1000);
  const moved = picture(both, seen([link('two', 'y:2')], 2), 2000);
  equal(shown(moved), ['one x:1', 'two y:2']);
  const gone = picture(moved, seen([link('two', 'y:2')], 2), 5000);
  equal([shown(gone), changes(moved, gone).map(happening)], [['two y:2', 'one x:1 gone'], ['one is not linked to the primary any more.']]);
  const later = picture(gone, seen([link('two', 'y:2')], 2), 9000);
  equal([shown(later), changes(gone, later)], [['two y:2', 'one x:1 gone'], []]);
  equal(shown(picture(later, seen([link('two', 'y:2'), link('one', 'x:7')], 2), 9500)), ['one x:7', 'two y:2']);
  equal(shown(picture(later, seen([link('two', 'y:2')], 2), 700_000)), ['two y:2']);
  equal(shown(picture(later, { ...seen([]), status: undefined }, 9500)), shown(later));
});

test('of several links of one name the one that is gone is told from those that moved', () => {
  const links = (...from) => from.map((from) => ({ name: 'gateway', role: 'gateway', from, since_ms: 1, heard_ms_ago: 1, knows_pair: true }));
  const seen = (...from) => view({ primary: 'a', backup: 'b', links: links(...from) });
  const shown = ({ links }) => links.map(({ from, is_gone }) => `${from}${is_gone ? ' gone' : ''}`);
  const three = picture(null, seen('x:1', 'y:1', 'z:1'), 1000);
  const gone = picture(picture(three, seen('y:1', 'z:1'), 2000), seen('y:1', 'z:1'), 6000);
  equal(shown(gone), ['y:1', 'z:1', 'x:1 gone']);
  const moved = picture(gone, seen('y:2', 'z:2'), 7000);
  equal([shown(moved), changes(gone, moved)], [['y:2', 'z:2', 'x:1 gone'], []]);
  const elsewhere = picture(moved, seen('y:2', 'w:2'), 8000);
  equal(shown(elsewhere), ['w:2', 'y:2', 'x:1 gone']);
});

test('what stands in the way, or out of reach, is told on top', () => {
  const care = picture(null, view({ primary: 'a', backup: 'b', blockers: [{ link_unaware: { link: 'echo' } }] }), 1);
  equal(headline(care)[1], 'A switchover is not possible now: the link echo has not acknowledged who is primary and who is backup.');
  equal(headline(picture(null, view({ primary: 'a' }), 1))[0], 'Engine a serves alone');
  const store = picture(null, view({ primary: 'a', backup: 'b', in_reach: false }), 1);
  equal([store.state, headline(store)[0]], ['unsafe', 'Engine a does not reach the store']);
  equal(headline(picture(null, { pair: 'main', connected: false, moving: false, away_ms: 65_000 }, 1)), ['No primary is reached', 'For 1 min. Customers stay connected to the gateway; what they say waits in their pages.']);
});

test('outcomes, blockers and durations are said in words', () => {
  equal(switched({ done: { from: 'a', to: 'b', epoch: 2, held_us: 7900 } }).text, 'Engine b took over from engine a, epoch 2. Sends were held for 7.9 ms; nobody was disconnected.');
  equal([switched({ given_up: 'backup_lost' }).isWell, switched({ overtaken: { primary: 'b', epoch: 2 } }).isWell], [false, false]);
  equal([blocker('no_backup'), blocker({ backup_older: { backup: '1', primary: '2' } })], ['no backup stands by', 'the backup is of version 1, older than the primary\u2019s 2']);
  equal([micros(undefined), micros(640), micros(143_000), micros(3_120_000)], ['\u2013', '0.6 ms', '143 ms', '3.1 s']);
  equal([span(0), span(61_000), span(3_700_000), span(3 * 86_400_000)], ['0 s', '1 min', '1 h 1 min', '3 days']);
});

test('failover is proven by the last rehearsal that passed', () => {
  const drill = { at_ms: 1000, failure: 'kill', sessions: 50, acknowledged: 9, lost: 0, doubled: 0, out_of_order: 0, disconnected: 0, gaps: { max_us: 201_000 } };
  equal([drillOutcome(drill), drillOutcome({ ...drill, lost: 1 }), drillOutcome({ ...drill, aborted: 'no time' })], ['Passed', 'Not passed', 'Aborted: no time']);
  holds(proven([{ ...drill, lost: 1 }, drill], 61_000).startsWith('Failover was last proven 1 min ago'), 'the one that passed counts');
  equal(proven([{ ...drill, failure: 'switchover' }], 61_000), 'Failover has not been proven by a rehearsal yet.');
  equal(proven([], 1), 'Failover has not been proven by a rehearsal yet.');
});

test('figures name what is near its limit, and their line ends at the right edge', () => {
  const status = { sessions: { open: 95, waiting: 0, clients: 1, sessions_max: 100, clients_max: 100 }, traffic: { messages: 1, messages_per_s: 2 }, saving: { waiting: 0, sessions_behind: 0 } };
  equal(tilesOf(status).filter(({ isBad }) => isBad).map(({ title }) => title), ['Open sessions']);
  equal([points([]), points([5]), points([0, 5]).split(' ')[1]], ['', '120.0,2.0', '120.0,2.0']);
});

/** A watch whose clock the test turns, and what it was told. */
function watching(answers) {
  const [told, waits] = [[], []];
  let next = null;
  const surroundings = { now: () => 7, random: () => 1, after: (ms, then) => { waits.push(ms); next = then; return () => { next = null; }; } };
  const watch = new Watch(async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  }, {
    onStatus: (status, at_ms) => told.push([status, at_ms]),
    onSilence: () => told.push('silence'),
    onRefused: ({ code }) => told.push(code),
  }, { isHidden: () => false, surroundings });
  return { watch, told, waits, turn: async () => { await next?.(); }, isWaiting: () => next !== null };
}

test('it looks once a second, more and more seldom while nobody answers, and at once again when somebody does', async () => {
  const away = new Refused('away', 'unreachable');
  const { watch, told, waits, turn } = watching(['one', away, away, away, away, away, 'two']);
  await watch.look();
  for (let turns = 0; turns < 6; turns += 1) await turn();
  equal(told, [['one', 7], 'silence', 'silence', 'silence', 'silence', 'silence', ['two', 7]]);
  equal(waits, [1000, 1000, 2000, 4000, 8000, 8000, 1000]);
});

test('it stops for good when the login is not good', async () => {
  const { watch, told, isWaiting } = watching([new Refused('no', 'forbidden')]);
  await watch.look();
  equal([told, isWaiting()], [['forbidden'], false]);
  await watch.look();
  equal(told, ['forbidden']);
});
