//! That an administrator has come is written down, once for each login.

use sha2::{Digest, Sha256};
use tandem_protocol::{
    TokenHash,
    control::{Act, ActKind},
};
use uuid::Uuid;

use super::Overseer;
use crate::{app::Shared, clock, secret::uuid_of};

/// Has it written down, through whichever pair.
pub(super) fn note(app: &Shared, token: TokenHash, overseer: &Overseer) {
    let act = Act {
        id: id_of(token),
        at_ms: clock::now(),
        by: overseer.actor(),
        act: ActKind::ControlLogin,
        about: overseer.overview.me.name.to_string(),
        outcome: "done".into(),
    };
    let pair = app.engine.pairs().any().name.clone();
    super::note(app, &pair, overseer, act);
}

/// The same at every gateway, so that a login is written down once; nobody gets the token's hash from it.
fn id_of(token: TokenHash) -> Uuid {
    uuid_of(Sha256::new().chain_update("control login").chain_update(token.0).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_has_one_name_everywhere_and_another_one_another() {
        let [one, other] = [1, 2].map(|byte| TokenHash([byte; 32]));
        assert_eq!(id_of(one), id_of(one));
        assert_ne!(id_of(one), id_of(other));
        assert!(!String::from(one).contains(&id_of(one).simple().to_string()));
    }
}
