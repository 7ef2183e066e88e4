/**
 * What the workspace says of contacts and of what was found. Pure: values in, text or pieces of text out.
 */

/** @typedef {import('../client/archive.js').Contact} Contact */
/** @typedef {import('../client/archive.js').Identity} Identity */

/** By what a customer is known again. */
export const IDENTITIES = Object.freeze({ email: 'E-mail', phone: 'Phone', customer: 'Customer id' });

/** @param {number} count */
export const chats = (count) => `${count} ${count === 1 ? 'chat' : 'chats'}`;

/** What a contact is called; one that is being erased has no name any more. @param {Contact} contact */
export const contactName = ({ name, contact }) => name || `Contact ${contact}`;

/** A contact in one line. @param {Contact} contact */
export function contactWords(contact) {
  const known = contact.identities.map(({ value }) => value);
  return known.length === 0 ? contactName(contact) : `${contactName(contact)} (${known.join(', ')})`;
}

/** @param {Contact} stays @param {Contact} goes */
export const mergeQuestion = (stays, goes) => ({
  title: `Merge ${contactName(goes)} into ${contactName(stays)}?`,
  text: `${contactWords(goes)} becomes a part of ${contactWords(stays)}, who then has ${chats(stays.chats + goes.chats)} `
    + 'and all by which either is known. This cannot be undone.',
  yes: 'Merge',
});

/** @param {Contact} contact */
export const eraseQuestion = (contact) => ({
  title: `Erase ${contactName(contact)} for good?`,
  text: `All that was said in ${chats(contact.chats)}, by everybody, and all by which ${contactWords(contact)} is known is `
    + 'erased. That something stood there remains, but not what. A chat that goes on is erased when it has ended. This '
    + 'cannot be undone.',
  yes: 'Erase for good',
});

/** @param {{chats: number, erased: number}} progress */
export const erasureWords = ({ chats: all, erased }) => `Being erased: ${erased} of ${chats(all)} done.`;

/**
 * What a form asks of a contact: only what is another than before, so that what somebody else changed meanwhile stays.
 * @param {Contact} before
 * @param {{name: string, attributes: [string, string][], identities?: Identity[]}} form rows as they stand
 * @returns {import('../client/archive.js').Amendment}
 */
export function amendment(before, { name, attributes, identities }) {
  const change = {};
  if (name.trim() !== before.name) change.name = name.trim();
  const wanted = Object.fromEntries(attributes.map(([key, value]) => [key.trim(), value.trim()]).filter(([key]) => key));
  const changed = Object.entries(wanted).filter(([key, value]) => before.attributes[key] !== value);
  const removed = Object.keys(before.attributes).filter((key) => !Object.hasOwn(wanted, key)).map((key) => [key, null]);
  if (changed.length + removed.length > 0) change.attributes = Object.fromEntries([...changed, ...removed]);
  const known = identities?.map(({ kind, value }) => ({ kind, value: value.trim() })).filter(({ value }) => value);
  if (known && JSON.stringify(known) !== JSON.stringify(before.identities)) change.identities = known;
  return change;
}

/** What keeps a form from being sent. @param {{name: string, attributes: [string, string][]}} form @returns {string|null} */
export function formProblem({ name, attributes }) {
  if (name.trim() === '') return 'Please enter a name.';
  const keys = attributes.map(([key]) => key.trim());
  if (attributes.some(([key, value]) => key.trim() === '' && value.trim() !== '')) return 'An attribute needs a name.';
  const twice = keys.find((key, at) => key !== '' && keys.indexOf(key) !== at);
  return twice === undefined ? null : `There are two attributes ${twice}.`;
}

/**
 * An excerpt in pieces, some of them marked.
 * @param {import('../client/archive.js').Hit} hit
 * @returns {{text: string, isMarked: boolean}[]}
 */
export function excerptPieces({ excerpt, marks }) {
  const pieces = [];
  let at = 0;
  for (const [from, until] of [...marks].sort(([a], [b]) => a - b)) {
    const begin = Math.max(at, from);
    if (begin > at) pieces.push({ text: excerpt.slice(at, begin), isMarked: false });
    if (until > begin) pieces.push({ text: excerpt.slice(begin, until), isMarked: true });
    at = Math.max(begin, until);
  }
  if (at < excerpt.length) pieces.push({ text: excerpt.slice(at), isMarked: false });
  return pieces;
}

/**
 * The moments that two days mean where the reader is: from the first's beginning to the last's end.
 * @param {string} from as a date field has it; empty for any
 * @param {string} until
 * @returns {{from?: number, until?: number}}
 */
export function period(from, until) {
  const day = (text, days) => {
    const [year, month, date] = text.split('-').map(Number);
    return new Date(year, month - 1, date + days).getTime();
  };
  return { ...(from ? { from: day(from, 0) } : {}), ...(until ? { until: day(until, 1) } : {}) };
}
