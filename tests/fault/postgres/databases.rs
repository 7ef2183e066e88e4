//! A database server that dies, and a way to it that is cut, while the engines live.

use tandem_tests::{
    Engine, Primary, Role, System, eventually,
    postgres::{Database, Server, USER, Way},
    system::Builder,
};

use crate::chatter::Chatter;

/// What engines say while there is no database; and as long as that lasts, what is sent waits.
async fn patient(builder: Builder) -> System {
    let mut system = builder.echo().setting("engine.settings.transcript-resend-attempts", 1_000).start().await;
    for trouble in [
        "cannot read the lease",
        "cannot renew the lease",
        "not saved yet: trying again",
        "the connection broke while saving",
        "it cannot be looked up yet",
    ] {
        system.expect_log(trouble);
    }
    system
}

/// D-1, D-2: both engines know both servers, one of them the standby first.
#[tokio::test]
async fn a_failover_of_the_database_under_load_loses_nothing_and_no_engine_changes_its_part() {
    let first = Server::new();
    let running = first.start();
    let database = first.database("").await;
    let second = first.standby();
    let standby = second.start();
    first.waits_for_its_standby().await;
    let address = |ports: [u16; 2]| database.at(USER, &ports, "");
    let [of_a, of_b] = [address([first.port(), second.port()]), address([second.port(), first.port()])];
    let mut system = patient(System::builder().postgres_at(&of_a, [&of_a, &of_b])).await;
    let chatter = Chatter::start(&system, 12).await;
    chatter.goes_on_for(200).await;
    running.crash();
    second.is_promoted().await;
    chatter.goes_on_for(200).await;
    let dead = system.kill(Primary).await;
    assert_eq!(dead, Engine::A, "no engine took over for the database's sake");
    chatter.goes_on_for(200).await;
    system.restart(dead).await;
    system.is_complete().await;
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
    drop(standby);
}

/// D-2: as after a loss of power, and as an operator does it.
#[tokio::test]
async fn a_database_server_that_dies_and_comes_back_under_load_loses_nothing() {
    let server = Server::new();
    let mut running = server.start();
    let database = server.database("").await;
    let system = patient(System::builder().postgres(&database)).await;
    let chatter = Chatter::start(&system, 12).await;
    for is_crash in [true, false] {
        chatter.goes_on_for(100).await;
        if is_crash {
            running.crash();
        } else {
            running.stop();
        }
        running = server.start();
    }
    chatter.goes_on_for(100).await;
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
    drop(running);
}

/// F-2: it cannot learn from the store that it is deposed, and its links must not stay with it until it can.
#[tokio::test]
async fn chats_go_on_while_the_former_primary_is_cut_off_from_the_database_and_lives() {
    let database = Database::empty().await;
    let (of_a, of_b) = (Way::to(database.server().port()).await, Way::to(database.server().port()).await);
    let address = |way: &Way| database.at(USER, &[way.port()], "");
    let mut system = patient(System::builder().postgres_at(&address(&of_b), [&address(&of_a), &address(&of_b)])).await;
    let chatter = Chatter::start(&system, 4).await;
    chatter.goes_on_for(50).await;
    of_a.cut();
    system.expect_log("lost the primary");
    system.expect_log("deposed");
    eventually("the other engine is primary", async || {
        matches!(system.role_of(Engine::B).await, Role::Primary(_)).then_some(())
    })
    .await;
    chatter.goes_on_for(100).await;
    of_a.mend();
    system.is_complete().await;
    assert!(matches!(system.role_of(Engine::A).await, Role::Backup(_)));
    system.engine_logs(Engine::A, "deposed").await;
    assert_eq!(system.engine_log(Engine::A, "deposed").await.len(), 1, "one WARN");
    chatter.goes_on_for(50).await;
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
}
