//! `/api/v1/contacts`.

pub(super) mod amend;
pub(super) mod chats;
pub(super) mod erase;
pub(super) mod list;
pub(super) mod merge;
pub(super) mod show;
