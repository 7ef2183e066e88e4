/**
 * What the page shows of the desk's connection. While it is gone the lists show how things stood, and say so: nobody
 * takes an old list for the present one.
 */

import { byId, put, within } from '../shared/dom.js';
import { clock } from '../shared/words.js';
import { toast } from './toasts.js';
import { DESK_STATUS, DESK_STOPPED, deskLost, deskRestored } from './words.js';

/** A gap shorter than this is over before anybody could have wondered. */
const WORTH_TELLING_MS = 1_000;

/** @param {import('../client/desk.js').Desk} desk @param {AbortSignal} signal ends it */
export function showConnection(desk, signal) {
  let lostAt = 0;
  const show = () => {
    const { status } = desk;
    byId('desk-status').dataset.status = status;
    put(byId('desk-status-text'), DESK_STATUS[status]);
    const isOld = status === 'reconnecting' || status === 'stopped';
    byId('desk').dataset.stale = `${isOld}`;
    byId('desk-banner').hidden = !isOld;
    byId('desk-retry').hidden = status !== 'stopped';
    const text = status === 'stopped' ? DESK_STOPPED : deskLost(lostAt);
    put(byId('desk-banner-text'), isOld ? text : '');
    for (const mark of document.querySelectorAll('.stale')) {
      mark.hidden = !isOld;
      put(within(mark, 'time'), isOld ? clock(lostAt) : '');
    }
  };
  desk.addEventListener('state', () => {
    if (desk.status === 'reconnecting') lostAt = desk.now();
    show();
  }, { signal });
  desk.addEventListener('notice', ({ detail: { notice, gap_ms } }) => {
    if (notice === 'connection_restored' && gap_ms >= WORTH_TELLING_MS) toast(deskRestored(gap_ms));
  }, { signal });
  byId('desk-retry').addEventListener('click', () => desk.start(), { signal });
  show();
}
