//! A whole system that is upgraded while chats go on. The old processes are this executable that speaks as the release
//! before did; with `TANDEM_TEST_OLD_EXECUTABLE` they are that release itself.

use tandem_tests::{Backup, Spoken, System};

use crate::chatter::Chatter;

const OLD: Spoken = Spoken { old_a: true, old_b: true, old_roles: true };

/// D-2, D-3, D-4, R-3: the engines one after the other, which nobody notices, then everything else.
#[tokio::test]
async fn a_system_is_upgraded_process_by_process_and_loses_nothing() {
    let mut system = System::builder().echo().speaking(OLD).start().await;
    let chatter = Chatter::start(&system, 16).await;
    chatter.goes_on_for(50).await;
    for _ in 0..2 {
        system.upgrades_engine(Backup).await;
        chatter.goes_on_for(50).await;
        system.switches_over().await;
        chatter.goes_on_for(50).await;
    }
    assert_eq!((chatter.reconnects(), chatter.notices()), (0, 0));
    system.upgrades_roles().await;
    chatter.goes_on_for(100).await;
    system.switches_over().await;
    chatter.goes_on_for(100).await;
    chatter.settles(&system.rest()).await;
    system.finish().await;
}
