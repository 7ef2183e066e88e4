/**
 * Tells when a page may have slept: it is looked at again, comes back from the browser's cache, or the network is
 * back. At such a moment a connection may be long dead without anybody having said so.
 */

/**
 * @param {() => void} then
 * @param {AbortSignal} signal ends it
 */
export function onWake(then, signal) {
  const page = globalThis.document;
  page?.addEventListener('visibilitychange', () => page.visibilityState === 'visible' && then(), { signal });
  globalThis.addEventListener('pageshow', ({ persisted }) => persisted && then(), { signal });
  globalThis.addEventListener('online', then, { signal });
}
