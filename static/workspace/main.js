/**
 * The workspace page: a login form, then a desk, then perhaps the next login.
 */

import { Entry } from '../shared/entry.js';
import { followViewport } from '../shared/viewport.js';
import { Workspace } from './workspace.js';

const entry = new Entry(
  (login) => new Workspace(login, { onRevoked: () => entry.revoked(login), onLogout: () => entry.leave() }),
);

followViewport();
entry.begin();
