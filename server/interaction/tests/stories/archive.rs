//! What is looked up in what is over, by whom, and how it is erased.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tandem_interaction::InteractionSettings;
use tandem_protocol::{
    AgentId, ContactId, DeskId, ErrorCode, Refusal, Seq, SessionId, Timestamp, Visibility,
    archive::{Amendment, Contact, Erasure, Hits, Identity, LOOK_MAX, Look, PastChat, Search, TranscriptPage},
    desk::{Action, AgentRole, EarlierChat},
    link::Answer,
};
use tandem_store::{Directory, Login};

use crate::{House, log::Log, session, start, stores_in, taken, token, within};

/// A customer of most stories, as the property of a session.
const ANA: (&str, &str) = ("email", "Ana@example.org");

/// Somebody who looks things up.
#[derive(Clone, Copy)]
struct Looker(AgentId);

impl House {
    /// Somebody of this role who is logged in.
    async fn looker(&self, name: &str, role: AgentRole) -> Looker {
        let agent = self.hires(name, role).await;
        let login = Login { token: token(agent.0 as u8), agent, expires_at: Timestamp(u64::MAX / 2) };
        self.directory.add_login(login, Timestamp(1)).await.expect("can be kept");
        Looker(agent)
    }

    async fn tries(&mut self, looker: Looker, look: Look) -> Result<String, Refusal> {
        self.peer.looks(token(looker.0.0 as u8), look).await
    }

    async fn looks<T: DeserializeOwned>(&mut self, looker: Looker, look: Look) -> T {
        let told = self.tries(looker, look).await.expect("may");
        serde_json::from_str(&told).expect("is what was asked for")
    }

    async fn is_refused(&mut self, looker: Looker, look: Look) -> ErrorCode {
        self.tries(looker, look.clone()).await.expect_err(&format!("{look:?} is refused")).code
    }

    /// The archive has read all that was said until now.
    async fn has_read(&mut self, looker: Looker, last_word: &str) {
        let is_found = |found: Result<String, Refusal>| {
            found.is_ok_and(|told| !serde_json::from_str::<Hits>(&told).expect("are hits").hits.is_empty())
        };
        let reading = async { while !is_found(self.tries(looker, search(last_word)).await) {} };
        within("what was said last", reading).await;
    }

    /// The sessions and events in which something was said.
    async fn finds(&mut self, looker: Looker, text: &str) -> Vec<(SessionId, u64)> {
        let hits: Hits = self.looks(looker, search(text)).await;
        hits.hits.into_iter().map(|hit| (hit.chat.session, hit.seq.0)).collect()
    }

    async fn contact_of(&mut self, looker: Looker, number: u64) -> ContactId {
        let contact: Option<Contact> = self.looks(looker, Look::ContactOf { session: session(number) }).await;
        contact.expect("is no stranger").contact
    }
}

fn search(text: &str) -> Look {
    let (contact, from_ms, until_ms, after) = (None, None, None, None);
    Look::Search(Search { text: text.into(), contact, from_ms, until_ms, after, limit: LOOK_MAX })
}

fn transcript(number: u64) -> Look {
    Look::Transcript { session: session(number), after: Seq::ZERO }
}

/// Ana's two chats, of which an agent took the first, and another customer's; in each somebody says "parcel".
async fn three_chats(house: &House, agent: AgentId) -> Log {
    let mut log = Log::begin(&house.folder).await;
    for (number, properties) in [(1, &[ANA][..]), (2, &[ANA]), (3, &[("email", "ben@example.org")])] {
        log.opens(number, properties).await;
        if number == 1 {
            log.takes(number, agent).await;
        }
        log.says(number, &format!("where is parcel no. {number}?"), Visibility::All).await;
    }
    log
}

#[tokio::test]
async fn a_customer_who_comes_twice_is_one_contact_whose_words_are_found() {
    let mut house = House::start().await;
    let eve = house.looker("eve", AgentRole::Supervisor).await;
    let mut log = three_chats(&house, AgentId(9)).await;
    log.closes(1).await;
    log.says(3, "thats all", Visibility::All).await;
    house.has_read(eve, "thats all").await;
    let identity = Identity::Email("ANA@EXAMPLE.ORG".into());
    let ana: Option<Contact> = house.looks(eve, Look::ContactBy { identity }).await;
    let ana = ana.expect("is known");
    assert_eq!((ana.name.as_str(), ana.chats), ("Ana", 2));
    let chats: Vec<PastChat> = house.looks(eve, Look::Chats { contact: ana.contact, before_ms: None, limit: 9 }).await;
    assert_eq!(chats.iter().map(|chat| chat.session).collect::<Vec<_>>(), [session(2), session(1)]);
    assert_eq!(chats.iter().map(|chat| chat.closed_at_ms.is_some()).collect::<Vec<_>>(), [false, true]);
    assert_eq!(house.finds(eve, "parcel").await, [(session(3), 3), (session(2), 3), (session(1), 4)], "live and ended");
    let Look::Search(all) = search("parcel") else { unreachable!("it is a search") };
    let hits: Hits = house.looks(eve, Look::Search(Search { contact: Some(ana.contact), limit: 1, ..all })).await;
    assert_eq!((hits.hits.len(), hits.hits[0].excerpt.as_str()), (1, "where is parcel no. 2?"));
    assert!(hits.next.is_some());
    let known: Vec<Contact> = house.looks(eve, Look::Contacts { text: "example".into(), limit: 9 }).await;
    assert_eq!(known.len(), 2);
    house.shuts_down().await;
}

#[tokio::test]
async fn what_is_written_while_the_server_is_away_is_read_once_by_the_next() {
    let mut house = House::start().await;
    let eve = house.looker("eve", AgentRole::Supervisor).await;
    let mut log = three_chats(&house, AgentId(9)).await;
    house.has_read(eve, "parcel no 3").await;
    // Dropped where it stands, as a kill would end it.
    house.server = start(stores_in(&house.folder), &house.engine).await;
    house.peer = house.engine.welcomes().await;
    log.opens(4, &[ANA]).await;
    log.says(4, "thats all", Visibility::All).await;
    house.has_read(eve, "thats all").await;
    let contact = house.contact_of(eve, 1).await;
    let ana: Contact = house.looks(eve, Look::Contact { contact }).await;
    assert_eq!(ana.chats, 3);
    assert_eq!(house.finds(eve, "parcel").await.len(), 3);
    house.shuts_down().await;
}

#[tokio::test]
async fn an_agent_sees_what_he_had_and_his_customers_other_chats() {
    let mut house = House::start().await;
    let ben = house.looker("ben", AgentRole::Agent).await;
    let eve = house.looker("eve", AgentRole::Supervisor).await;
    let mut log = three_chats(&house, ben.0).await;
    log.says(1, "between supervisors", Visibility::Vip).await;
    log.says(1, "a note, thats all", Visibility::Int).await;
    house.has_read(eve, "thats all").await;
    assert_eq!(house.finds(ben, "parcel").await, [(session(2), 3), (session(1), 4)]);
    assert_eq!(house.finds(ben, "between").await, [], "supervisors only");
    assert_eq!(house.finds(ben, "note").await, [(session(1), 6)]);
    assert_eq!(house.finds(eve, "between").await, [(session(1), 5)]);
    let page: TranscriptPage = house.looks(ben, transcript(1)).await;
    assert_eq!((page.events.len(), page.head), (5, Seq(6)));
    let whole: TranscriptPage = house.looks(eve, transcript(1)).await;
    assert_eq!(whole.events.len(), 6);
    house.looks::<TranscriptPage>(ben, transcript(2)).await;
    let other = house.contact_of(eve, 3).await;
    assert_eq!(house.is_refused(ben, transcript(3)).await, ErrorCode::Forbidden);
    assert_eq!(house.is_refused(ben, transcript(99)).await, ErrorCode::UnknownSession);
    assert_eq!(house.is_refused(ben, Look::ContactOf { session: session(3) }).await, ErrorCode::Forbidden);
    for look in [
        Look::Contact { contact: other },
        Look::Chats { contact: other, before_ms: None, limit: 9 },
        Look::Amend { contact: other, change: Amendment::default() },
        Look::Merge { into: other, from: other },
    ] {
        assert_eq!(house.is_refused(ben, look).await, ErrorCode::UnknownContact);
    }
    let by = Look::ContactBy { identity: Identity::Email("ben@example.org".into()) };
    assert_eq!(house.looks::<Option<Contact>>(ben, by).await, None);
    let known: Vec<Contact> = house.looks(ben, Look::Contacts { text: String::new(), limit: 9 }).await;
    assert_eq!(known.len(), 1);
    house.shuts_down().await;
}

#[tokio::test]
async fn who_has_just_taken_a_chat_may_look_at_it_before_the_archive_has_read_it() {
    // As ever where an engine serves: its lease was written before. Else the log would seem to be elsewhere at first.
    let folder = tempfile::tempdir().expect("is writable");
    let mut log = Log::begin(&folder).await;
    let mut house = House::start_in(folder, InteractionSettings::default()).await;
    let ben = house.looker("ben", AgentRole::Agent).await;
    // The archive reads now and then: of so many chats most are not read when they are asked for.
    for number in 1..=20 {
        log.opens(number, &[("customer", &format!("c-{number}"))]).await;
        assert_eq!(house.is_refused(ben, transcript(number)).await, ErrorCode::Forbidden, "it is not his yet");
        log.takes(number, ben.0).await;
        house.looks::<Option<Contact>>(ben, Look::ContactOf { session: session(number) }).await;
        house.looks::<TranscriptPage>(ben, transcript(number)).await;
    }
    house.shuts_down().await;
}

#[tokio::test]
async fn an_agent_changes_his_contacts_and_makes_one_of_two_that_are_alike() {
    let mut house = House::start().await;
    let ben = house.looker("ben", AgentRole::Agent).await;
    let eve = house.looker("eve", AgentRole::Supervisor).await;
    let mut log = three_chats(&house, ben.0).await;
    log.opens(4, &[("customer", "17")]).await;
    log.opens(5, &[("customer", "17"), ANA]).await;
    log.says(5, "thats all", Visibility::All).await;
    house.has_read(eve, "thats all").await;
    let (ana, seventeen) = (house.contact_of(ben, 1).await, house.contact_of(eve, 4).await);
    let named = Amendment { name: Some("Ana Lopez".into()), ..Amendment::default() };
    let amended: Contact = house.looks(ben, Look::Amend { contact: ana, change: named }).await;
    assert_eq!((amended.name.as_str(), amended.similar.as_slice()), ("Ana Lopez", &[seventeen][..]));
    let known_by = |identities| Amendment { identities: Some(identities), ..Amendment::default() };
    let change = known_by(vec![Identity::Phone("12345".into())]);
    let look = Look::Amend { contact: ana, change };
    assert_eq!(house.is_refused(ben, look.clone()).await, ErrorCode::Forbidden);
    let twice = known_by(vec![Identity::Customer("17".into())]);
    assert_eq!(house.is_refused(eve, Look::Amend { contact: ana, change: twice }).await, ErrorCode::Taken);
    let similar: Contact = house.looks(ben, Look::Contact { contact: seventeen }).await;
    assert_eq!(similar.chats, 2, "he sees whom he may take for the same");
    let whole: Contact = house.looks(ben, Look::Merge { into: ana, from: seventeen }).await;
    assert_eq!((whole.contact, whole.chats, whole.similar.len()), (ana, 4, 0));
    assert_eq!(house.contact_of(ben, 4).await, ana);
    let old: Contact = house.looks(eve, Look::Contact { contact: seventeen }).await;
    assert_eq!(old, whole);
    let amended: Contact = house.looks(eve, look).await;
    assert_eq!(amended.identities, [Identity::Phone("12345".into())]);
    house.shuts_down().await;
}

#[tokio::test]
async fn an_agent_does_not_come_to_see_a_stranger_by_making_one_of_two_who_are_not_alike() {
    let mut house = House::start().await;
    let ben = house.looker("ben", AgentRole::Agent).await;
    let eve = house.looker("eve", AgentRole::Supervisor).await;
    let mut log = three_chats(&house, ben.0).await;
    log.opens(4, &[("customer", "17")]).await;
    log.takes(4, ben.0).await;
    log.opens(5, &[("customer", "18"), ("email", "x@example.org")]).await;
    log.opens(6, &[("customer", "17"), ("email", "x@example.org")]).await;
    log.says(6, "thats all", Visibility::All).await;
    house.has_read(eve, "thats all").await;
    let (ana, his, other) =
        (house.contact_of(ben, 1).await, house.contact_of(ben, 4).await, house.contact_of(eve, 5).await);
    let shown: Contact = house.looks(ben, Look::Contact { contact: other }).await;
    assert_eq!(shown.similar, [his], "he may see who is like a customer of his");
    for (into, from) in [(ana, other), (other, ana)] {
        assert_eq!(house.is_refused(ben, Look::Merge { into, from }).await, ErrorCode::UnknownContact);
    }
    house.looks::<Contact>(ben, Look::Merge { into: his, from: other }).await;
    house.looks::<Contact>(ben, Look::Merge { into: ana, from: his }).await;
    let again: Contact = house.looks(ben, Look::Merge { into: ana, from: other }).await;
    assert_eq!(again.chats, 5);
    house.shuts_down().await;
}

#[tokio::test]
async fn an_integrator_has_no_desk_and_reads_all_but_what_supervisors_say_among_themselves() {
    let mut house = House::start().await;
    let crm = house.looker("crm", AgentRole::Integrator).await;
    let mut log = three_chats(&house, AgentId(9)).await;
    log.says(3, "between supervisors", Visibility::Vip).await;
    log.says(3, "a note, thats all", Visibility::Int).await;
    house.has_read(crm, "thats all").await;
    assert_eq!(house.finds(crm, "parcel").await.len(), 3);
    assert_eq!(house.finds(crm, "between").await, []);
    let page: TranscriptPage = house.looks(crm, transcript(3)).await;
    assert_eq!(page.events.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [1, 2, 3, 5]);
    let contact = house.contact_of(crm, 3).await;
    house.looks::<Erasure>(crm, Look::Erase { contact }).await;
    let desk = DeskId(session(9).0);
    let refusal = house.peer.enters(desk, token(crm.0.0 as u8)).await.expect_err("has none");
    assert_eq!(refusal.code, ErrorCode::Forbidden);
    house.shuts_down().await;
}

#[tokio::test]
async fn bots_look_nothing_up_and_only_some_erase() {
    let mut house = House::start().await;
    let bot = house.looker("bot", AgentRole::Bot).await;
    let [ben, eve, adam] = [
        house.looker("ben", AgentRole::Agent).await,
        house.looker("eve", AgentRole::Supervisor).await,
        house.looker("adam", AgentRole::Administrator).await,
    ];
    let _log = three_chats(&house, ben.0).await;
    house.has_read(eve, "parcel no 3").await;
    let contact = house.contact_of(eve, 1).await;
    assert_eq!(house.is_refused(bot, transcript(1)).await, ErrorCode::Forbidden);
    assert_eq!(house.is_refused(bot, search("parcel")).await, ErrorCode::Forbidden);
    for looker in [ben, eve] {
        assert_eq!(house.is_refused(looker, Look::Erase { contact }).await, ErrorCode::Forbidden);
    }
    let unknown = Look::Erase { contact: ContactId(99) };
    assert_eq!(house.is_refused(adam, unknown).await, ErrorCode::UnknownContact);
    let refusal = house.peer.looks(token(77), transcript(1)).await.expect_err("is not logged in");
    assert_eq!(refusal.code, ErrorCode::Unauthorized);
    assert_eq!(house.is_refused(eve, search("  *  ")).await, ErrorCode::BadRequest);
    house.shuts_down().await;
}

#[tokio::test]
async fn an_erasure_goes_on_after_the_server_is_killed_in_its_middle() {
    let mut house = House::start().await;
    let adam = house.looker("adam", AgentRole::Administrator).await;
    let mut log = three_chats(&house, AgentId(9)).await;
    log.closes(1).await;
    log.closes(2).await;
    log.says(3, "thats all", Visibility::All).await;
    house.has_read(adam, "thats all").await;
    let contact = house.contact_of(adam, 1).await;
    let erase = Look::Erase { contact };
    assert_eq!(house.looks::<Erasure>(adam, erase.clone()).await, Erasure { chats: 2, erased: 0 });
    let (id, first) = house.peer.is_to_erase().await;
    house.peer.answers(id, Answer::Done);
    let (_, second) = house.peer.is_to_erase().await;
    assert_eq!([first, second], [session(1), session(2)]);
    let noted = async { while house.looks::<Erasure>(adam, erase.clone()).await.erased == 0 {} };
    within("the first chat's erasure", noted).await;
    // Dropped where it stands, as a kill would end it, while the second is asked for and not answered.
    house.server = start(stores_in(&house.folder), &house.engine).await;
    house.peer = house.engine.welcomes().await;
    let (id, again) = house.peer.is_to_erase().await;
    assert_eq!(again, session(2), "what is erased is not asked for again");
    house.peer.answers(id, Answer::Done);
    let gone = async { while house.tries(adam, Look::Contact { contact }).await.is_ok() {} };
    within("the contact's end", gone).await;
    assert_eq!(house.looks::<Erasure>(adam, erase).await, Erasure { chats: 2, erased: 2 });
    assert_eq!(house.finds(adam, "parcel").await, [(session(3), 3)]);
    house.shuts_down().await;
}

#[tokio::test]
async fn what_an_engine_cannot_erase_yet_is_asked_for_again() {
    let mut house = House::start().await;
    let adam = house.looker("adam", AgentRole::Administrator).await;
    let mut log = three_chats(&house, AgentId(9)).await;
    log.closes(3).await;
    log.says(2, "thats all", Visibility::All).await;
    house.has_read(adam, "thats all").await;
    let contact = house.contact_of(adam, 3).await;
    house.looks::<Erasure>(adam, Look::Erase { contact }).await;
    for code in [ErrorCode::Busy, ErrorCode::NotSaved] {
        let (id, erased) = house.peer.is_to_erase().await;
        assert_eq!(erased, session(3));
        house.peer.refuses(id, code);
    }
    // A lost engine is asked again by the link itself.
    house.peer.is_to_erase().await;
    house.peer.dies();
    house.peer = house.engine.welcomes().await;
    let (id, _) = house.peer.is_to_erase().await;
    house.peer.answers(id, Answer::Done);
    let gone = async { while house.tries(adam, Look::Contact { contact }).await.is_ok() {} };
    within("the contact's end", gone).await;
    house.shuts_down().await;
}

#[tokio::test]
async fn chats_that_ended_long_enough_ago_are_erased() {
    let retention = Some(Duration::from_secs(3_600));
    let mut house =
        House::start_with(InteractionSettings { transcript_retention: retention, ..Default::default() }).await;
    let eve = house.looker("eve", AgentRole::Supervisor).await;
    // The story's chats are some years old.
    let mut log = three_chats(&house, AgentId(9)).await;
    log.closes(1).await;
    let (id, erased) = house.peer.is_to_erase().await;
    assert_eq!(erased, session(1));
    house.peer.answers(id, Answer::Done);
    let gone = async { while house.looks::<TranscriptPage>(eve, transcript(1)).await.chat.subject.is_some() {} };
    within("the erasure", gone).await;
    assert_eq!(house.finds(eve, "parcel").await, [(session(3), 3), (session(2), 3)], "those that go on stay");
    let contact = house.contact_of(eve, 2).await;
    assert_eq!(house.looks::<Contact>(eve, Look::Contact { contact }).await.chats, 2, "the contact stays");
    house.shuts_down().await;
}

#[tokio::test]
async fn where_the_engines_keep_their_log_elsewhere_nothing_is_looked_up() {
    let mut house = House::start().await;
    let eve = house.looker("eve", AgentRole::Supervisor).await;
    let refused = async { while house.is_refused(eve, transcript(1)).await != ErrorCode::Unavailable {} };
    within("the refusal", refused).await;
    let _log = three_chats(&house, AgentId(9)).await;
    let found = async { while house.tries(eve, search("parcel")).await.is_err() {} };
    within("the log", found).await;
    house.has_read(eve, "parcel no 3").await;
    house.shuts_down().await;
}

#[tokio::test]
async fn a_desk_shows_the_other_chats_of_its_customer() {
    let mut house = House::start().await;
    let ben = house.logged_in("ben").await;
    let eve = house.looker("eve", AgentRole::Supervisor).await;
    let mut log = three_chats(&house, ben).await;
    log.closes(2).await;
    log.says(3, "thats all", Visibility::All).await;
    house.has_read(eve, "thats all").await;
    let (desk, _) = house.desk(ben).await;
    house.peer.changes(taken(1, ben));
    house.peer.shows(desk, "the chat", |view| view.chats.len() == 1).await;
    let told = house.peer.does(desk, "1", Action::Earlier { session: session(1) }).await.expect("may");
    let earlier: Vec<EarlierChat> = serde_json::from_str(&told).expect("are chats");
    assert_eq!(earlier.iter().map(|chat| chat.session).collect::<Vec<_>>(), [session(2)]);
    assert_eq!(earlier[0].subject.as_deref(), Some("subject 2"));
    house.shuts_down().await;
}
