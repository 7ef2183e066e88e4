/**
 * How long the waits between attempts are.
 */

import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS, backoffMs } from '/static/client/backoff.js';
import { equal, holds, test } from './harness.js';

test('the bound of the wait doubles up to its maximum', () => {
  const longest = () => 0.999999;
  holds(backoffMs(0, longest) < BACKOFF_FIRST_MS, 'the first wait is short');
  holds(backoffMs(1, longest) > BACKOFF_FIRST_MS, 'the second may be longer');
  for (const attempt of [10, 100, 5000]) holds(backoffMs(attempt, longest) < BACKOFF_MAX_MS, `attempt ${attempt}`);
});

test('the jitter is full: any wait from none to the bound', () => {
  equal(backoffMs(3, () => 0), 0);
  equal(backoffMs(3, () => 0.5), BACKOFF_FIRST_MS * 4);
});
