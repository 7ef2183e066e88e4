//! Links of other versions: who is welcome, and what becomes of a side that does not keep to its version.

use tandem_protocol::{
    LinkVersion,
    control::{Actor, Control, ControlAsk},
};

use super::*;

fn speaks(least: u16, most: u16) -> Speaks {
    Speaks { least: LinkVersion(least), most: LinkVersion(most) }
}

async fn dials(engine: &Killable, speaks: Speaks) -> Peer {
    Peer::dial_speaking(speaks, LinkRole::Control, engine, "main", Epoch::ZERO).await
}

#[test]
fn a_link_is_welcome_when_it_has_a_version_in_common_with_the_engine() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async {
        primary.is(is_primary).await;
        for known in [speaks(1, 1), speaks(1, 2), speaks(2, 3)] {
            assert!(matches!(dials(&primary, known).await.hears().await, FromEngine::Welcome(_)), "{known:?}");
        }
        let FromEngine::Refused(refusal) = dials(&primary, speaks(3, 4)).await.hears().await else {
            panic!("they have nothing in common")
        };
        let sentence = "this engine speaks link versions 1 to 2, not 3 to 4: upgrade the older one";
        assert_eq!((refusal.code, refusal.message.as_str()), (ErrorCode::BadRequest, sentence));
    });
    primary.stop();
}

#[test]
fn a_link_that_says_what_is_newer_than_its_version_is_cut_off() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async {
        primary.is(is_primary).await;
        let mut peer = dials(&primary, speaks(1, 1)).await;
        assert!(matches!(peer.hears().await, FromEngine::Welcome(_)));
        let by = Actor { who: "root@here".into(), from: "a story".into() };
        let body = Request::Control(ControlAsk { by, act: Control::Acts { before_ms: None, limit: 1 } });
        peer.outbox
            .push(frame(&ToEngine::Request { id: RequestId(1), body, trace: None }))
            .expect("the connection holds");
        let ended = timeout(DEADLINE, async {
            while let Ok(Some(word)) = peer.reader.next().await {
                assert!(matches!(word, FromEngine::Heartbeat), "{word:?}");
            }
        });
        ended.await.expect("the connection ends in time");
    });
    primary.stop();
}
