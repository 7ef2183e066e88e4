/**
 * The contact stands beside the chat whose it is, and beside no other.
 */

import { byId, within } from '/static/shared/dom.js';
import { ContactPanel } from '/static/workspace/contact.js';
import { settled } from './fakes.js';
import { equal, test } from './harness.js';
import { withParts } from './parts.js';

const contact = (number, name) => ({ contact: number, name, identities: [], attributes: {}, since_ms: 1, chats: 1 });

test('a contact that was changed is not shown beside the chat that was opened meanwhile', () =>
  withParts(['contact-section', 'contact-dialog'], async (signal) => {
    const contacts = { a: contact(1, 'Ana'), b: contact(2, 'Ben') };
    let answer;
    const archive = {
      contactOf: async (session) => contacts[session],
      amend: () => new Promise((then) => { answer = then; }),
    };
    const panel = new ContactPanel(archive, 'agent', () => {}, signal);
    panel.open({ id: 'a', view: {} });
    await settled();
    within(byId('contact-section'), '[data-deed="contact-edit"]').click();
    byId('contact-form').requestSubmit();
    panel.open({ id: 'b', view: {} });
    await settled();
    answer({ ...contacts.a, name: 'Ana M.' });
    await settled();
    equal(byId('contact-name').textContent, 'Ben');
  }));

test('a contact that was changed is shown as it is then', () =>
  withParts(['contact-section', 'contact-dialog'], async (signal) => {
    const ana = contact(1, 'Ana');
    const archive = { contactOf: async () => ana, amend: async () => ({ ...ana, name: 'Ana M.' }) };
    const panel = new ContactPanel(archive, 'agent', () => {}, signal);
    panel.open({ id: 'a', view: {} });
    await settled();
    within(byId('contact-section'), '[data-deed="contact-edit"]').click();
    byId('contact-form').requestSubmit();
    await settled();
    equal([byId('contact-name').textContent, byId('contact-dialog').open], ['Ana M.', false]);
  }));

test('of a contact that is being erased nothing is shown that is erased already', () =>
  withParts(['contact-section', 'contact-dialog', 'confirm-dialog', 'toasts', 'announcer'], async (signal) => {
    const mail = { kind: 'email', value: 'ana@example.org' };
    const ana = { ...contact(1, 'Ana'), identities: [mail], attributes: { plan: 'gold' } };
    const archive = { contactOf: async () => ana, erase: async () => ({ chats: 1, erased: 0 }) };
    const panel = new ContactPanel(archive, 'administrator', () => {}, signal);
    panel.open({ id: 'a', view: {} });
    await settled();
    within(byId('contact-section'), '[data-deed="contact-erase"]').click();
    const closed = new Promise((then) => byId('confirm-dialog').addEventListener('close', then, { once: true }));
    byId('confirm-yes').click();
    await closed;
    await settled();
    const shown = byId('contact-section').innerText;
    equal(['Ana', 'ana@example.org', 'gold'].filter((word) => shown.includes(word)), [], shown);
    equal([byId('contact-name').textContent, byId('contact-erasing').hidden], ['Contact 1', false]);
  }));
