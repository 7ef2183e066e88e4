//! Somebody's presence at a desk: told to the interaction server, and taken back when it is dropped.

use std::{ops::Deref, sync::Arc};

use tandem_protocol::{ClientId, DeskId, TokenHash, desk::Action};
use uuid::Uuid;

use super::Engine;
use crate::{problem::Ending, registry::Desk};

/// See the module.
pub(crate) struct Presence {
    engine: Engine,
    desk: Arc<Desk>,
}

impl Engine {
    /// Somebody with this login is at a desk; the first thing that it yields is the welcome or an end.
    pub(crate) fn sit_down(&self, token: TokenHash, queue_bytes_max: usize) -> Result<Presence, Ending> {
        let desk = Arc::new(Desk::new(DeskId(Uuid::now_v7()), token, queue_bytes_max));
        self.0.desks.add(&desk)?;
        Ok(Presence { engine: self.clone(), desk })
    }
}

impl Presence {
    /// Does something; the mailbox gets the answer.
    pub(crate) fn does(&self, id: ClientId, action: Action) {
        self.engine.0.desks.does(self.desk.id, id, action);
    }
}

impl Deref for Presence {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.engine.0.desks.remove(self.desk.id);
    }
}
