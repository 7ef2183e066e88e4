/**
 * Ids that a client makes itself: for messages, tabs and requests. The session's whole life relies on them being
 * different (D-3), so they come from the browser's cryptographic source, never from `Math.random`.
 */

/**
 * A new UUID of version 4.
 * @param {Crypto} [source] where chance comes from
 * @returns {string}
 */
export function newId(source = globalThis.crypto) {
  // Plain http on another host than localhost has no randomUUID, but it has getRandomValues.
  if (typeof source.randomUUID === 'function') return source.randomUUID();
  const bytes = source.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40; // version 4, RFC 9562 §5.4
  bytes[8] = (bytes[8] & 0x3f) | 0x80; // variant
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
