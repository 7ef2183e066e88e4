/**
 * The shapes of what a desk says and is told over `tandem.desk.v1`: types only.
 *
 * A **desk** is one page of an agent's workspace, or a bot's connection. It mirrors `protocol/src/desk.rs`.
 */

/** @typedef {import('./protocol.js').Kind} Kind */
/** @typedef {import('./protocol.js').SessionEvent} SessionEvent */
/** @typedef {import('./protocol.js').Visibility} Visibility */

/** @typedef {'bot'|'agent'|'supervisor'|'administrator'} Role what an account may do */

/**
 * @typedef {object} LoggedIn an accepted login
 * @property {string} token what proves it; a secret
 * @property {number} agent the account
 * @property {string} name what it logs in with
 * @property {string} display what customers see
 * @property {Role} role what it may do
 */

/** @typedef {{state: 'ready'|'not_ready'|'after_work', reason?: string}} ChosenState */

/**
 * @typedef {object} DeskAction what somebody at a desk does; `do` names it
 * @property {'state'|'accept'|'decline'|'transfer'|'invite'|'uninvite'|'leave'|'end'|'watch'|'take_over'|'earlier'
 *   |'transcript'|'canned'|'save_canned'|'delete_canned'} do what
 * @property {ChosenState['state']} [state] (state)
 * @property {string} [reason] (state: not_ready)
 * @property {string} [session] which session (all that are about one)
 * @property {number} [seq] the event that is answered (accept, decline)
 * @property {string} [queue] where to (transfer)
 * @property {number} [agent] to whom, or who is asked (transfer, invite, uninvite)
 * @property {string} [note] for whoever comes (transfer)
 * @property {string} [disposition] what came of it (end)
 * @property {string} [remark] for those who read it later (end)
 * @property {number} [after] the last event that is there already (transcript)
 * @property {Canned|string} [canned] the reply (save_canned), or its id (delete_canned)
 */

/**
 * @typedef {object} View all that a desk shows besides the conversations; always whole
 * @property {number} version the greater one is newer
 * @property {number} at_ms when it was made; ages are reckoned from it
 * @property {LoggedIn & ChosenState & {since_ms: number, capacity: number, room: number, skills: string[]}} me the
 *   agent himself, without the token
 * @property {Offer[]} offers what he is asked to take
 * @property {DeskChat[]} chats the sessions he is in, and those that ended and are not filed away
 * @property {QueueView[]} queues the queues there are
 * @property {WaitingView[]} waiting the sessions that wait, the next one first
 * @property {AgentView[]} agents everyone to whom a chat can be passed on
 * @property {LiveView[]} [live] for supervisors: the sessions that somebody is in
 * @property {string[]} dispositions what may be chosen at the end of a chat
 * @property {string[]} reasons what may be chosen as reason for not being ready
 */

/**
 * @typedef {object} Offer a session that an agent is asked to take
 * @property {string} session the session
 * @property {number} seq what the answer names
 * @property {string} [queue] where it waits; none for an invitation
 * @property {import('./protocol.js').QueueCause} [cause] why it waits; none for an invitation
 * @property {string} [from] who passed it on or invites
 * @property {string} customer the customer's name
 * @property {string} [subject] what it is about
 * @property {number} waiting_since_ms since when the customer waits
 * @property {number} expires_at_ms when it goes to somebody else
 */

/**
 * @typedef {object} DeskChat a session that an agent is in
 * @property {string} session the session
 * @property {number} participant his number in it
 * @property {string} token with which his page connects to it
 * @property {Kind} kind as what he is in it
 * @property {Visibility} visibility who sees him
 * @property {string} customer the customer's name
 * @property {string} [subject] what it is about
 * @property {Record<string, string>} [properties] the opener's own data
 * @property {string} [queue] the queue it came from
 * @property {number} opened_at_ms when the customer opened it
 * @property {{agent: number, display: string, invited?: boolean}[]} [others] who else of the staff is in it or asked
 * @property {string} [ended] why it ended; it stays until it is filed away
 */

/**
 * @typedef {object} QueueView a queue as everybody sees it
 * @property {string} queue the queue
 * @property {boolean} open whether it is within its hours
 * @property {boolean} bot whether bots take from it
 * @property {number} waiting sessions that wait in it
 * @property {number} [longest_since_ms] since when the first of them waits
 * @property {number} available agents who could take one now
 */

/**
 * @typedef {object} WaitingView a waiting session
 * @property {string} session the session
 * @property {number} seq what an `accept` names
 * @property {string} queue where it waits
 * @property {string} customer the customer's name
 * @property {string} [subject] what it is about
 * @property {number} since_ms since when the customer waits
 * @property {string} [offered_to] who is asked to take it at the moment
 * @property {boolean} may_take whether this agent may take it of his own accord
 */

/**
 * @typedef {object} AgentView an account as everybody sees it
 * @property {number} agent the account
 * @property {string} display the name
 * @property {Role} role what it may do
 * @property {boolean} connected whether a desk of its is there
 * @property {ChosenState['state']} state what it has chosen
 * @property {string} [reason] why it is not ready
 * @property {number} chats chats it is in
 * @property {number} room how many more it could take
 */

/**
 * @typedef {object} LiveView a session that somebody is in, for supervisors
 * @property {string} session the session
 * @property {string} customer the customer's name
 * @property {string} [subject] what it is about
 * @property {string} [queue] the queue it came from
 * @property {string[]} agents the names of the staff in it
 * @property {number} opened_at_ms when the customer opened it
 */

/**
 * @typedef {object} EarlierChat an earlier chat of a customer
 * @property {string} session the session
 * @property {number} opened_at_ms when it began
 * @property {string} [subject] what it was about
 * @property {string} [agent] who had it last
 * @property {string} [disposition] what came of it
 * @property {string} [remark] the remark at its end
 */

/**
 * @typedef {object} Transcript a part of an earlier chat
 * @property {string} session the session
 * @property {number} head its last event for this reader; more are to be asked for while the last of `events` is before
 * @property {SessionEvent[]} events in order
 * @property {Record<string, string>} names of its participants, by number
 */

/**
 * @typedef {object} Canned a reply that an agent need not write again
 * @property {string} id made by the desk that saved it first
 * @property {string} shortcut what is typed after `/`: 1 to 32 of a-z, 0-9, `-` and `_`
 * @property {string} text the reply
 * @property {boolean} shared whether everybody has it; only supervisors change such
 */

export {};
