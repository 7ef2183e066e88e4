/**
 * Tabs by the pattern that screen readers know: one of them is in the tab order, arrows move between them.
 */

import { byId } from '../shared/dom.js';

/** @param {string[]} names as in `tab-<name>` and `panel-<name>` @param {AbortSignal} signal ends it */
export function prepareTabs(names, signal) {
  for (const name of names) {
    byId(`tab-${name}`).addEventListener('click', () => pick(names, name), { signal });
    byId(`tab-${name}`).addEventListener('keydown', (key) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key.key];
      if (!step || key.altKey) return;
      key.preventDefault();
      const shown = names.filter((each) => !byId(`tab-${each}`).hidden);
      const next = shown[(shown.indexOf(name) + step + shown.length) % shown.length];
      pick(names, next);
      byId(`tab-${next}`).focus();
    }, { signal });
  }
  pick(names, names[0]);
}

/** @param {string[]} names @param {string} picked */
function pick(names, picked) {
  for (const name of names) {
    const tab = byId(`tab-${name}`);
    tab.ariaSelected = `${name === picked}`;
    tab.tabIndex = name === picked ? 0 : -1;
    byId(`panel-${name}`).hidden = name !== picked;
  }
}
