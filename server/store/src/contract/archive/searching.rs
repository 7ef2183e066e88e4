//! Stories of the full text.

use tandem_protocol::{AgentId, Visibility};

use super::story::{
    ana, at, comes, email, finds, hidden, learns, of, opened_by, places, says, session, sought, taken_by, who,
};
use crate::{MessageId, Reach, Sought, Words, contract::directory::Backend};

pub(crate) async fn all_words_must_be_in_one_message(backend: &impl Backend) {
    let archive = backend.open().await;
    let said = ["my parcel is late", "my refund", "the late refund of my parcel"];
    learns(&archive, vec![opened_by(1, &[]), comes(1, "Ana")]).await;
    learns(&archive, (3..).zip(said).map(|(seq, text)| says(1, seq, text)).collect()).await;
    assert_eq!(places(&archive, sought("refund parcel")).await, [(1, 5)]);
    assert_eq!(places(&archive, sought("parcel")).await, [(1, 5), (1, 3)]);
    assert_eq!(places(&archive, sought("parcel train")).await, []);
}

pub(crate) async fn the_last_word_may_be_a_beginning(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[]), says(1, 3, "refunds for parcels")]).await;
    assert_eq!(places(&archive, sought("refunds par")).await, [(1, 3)]);
    assert_eq!(places(&archive, sought("refund parcels")).await, []);
}

pub(crate) async fn accents_and_case_make_no_difference(backend: &impl Backend) {
    let archive = backend.open().await;
    let texts = ["Où est MON colis?", "Straße, Łódź; 退货", "e\u{301}te\u{301}", "mail ana@example.org re: #4711"];
    learns(&archive, vec![opened_by(1, &[])]).await;
    learns(&archive, (3..).zip(texts).map(|(seq, text)| says(1, seq, text)).collect()).await;
    for (text, seq) in
        [("ou mon", 3), ("OÙ", 3), ("łodz", 4), ("退货", 4), ("Été", 5), ("example.org", 6), ("#4711", 6)]
    {
        assert_eq!(places(&archive, sought(text)).await, [(1, seq)], "{text}");
    }
}

pub(crate) async fn the_newest_come_first_page_by_page(backend: &impl Backend) {
    let archive = backend.open().await;
    // Read in another order than said, as the logs of two pairs may be.
    for number in [4, 1, 3, 2, 5] {
        learns(&archive, vec![opened_by(number, &[]), says(number, 3, "hello"), says(number, 4, "hello again")]).await;
    }
    let expected: Vec<(u16, u64)> = (1..=5).rev().flat_map(|number| [(number, 4), (number, 3)]).collect();
    let mut read = Vec::new();
    let mut after = None;
    for page in 0.. {
        let found = finds(&archive, Sought { limit: 4, after, ..sought("hello") }).await;
        read.extend(of(&found));
        after = found.next.map(|next| MessageId::of(&next).expect("is one of ours"));
        if after.is_none() {
            assert_eq!(page, 2);
            break;
        }
    }
    assert_eq!(read, expected);
    let whole = finds(&archive, Sought { limit: 10, ..sought("hello") }).await;
    assert_eq!((whole.hits.len(), whole.next), (10, None));
}

pub(crate) async fn messages_of_one_millisecond_are_all_found_in_order(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[])]).await;
    let at_once = |seq| crate::Lesson { at: at(1, 2), ..says(1, seq, "hello") };
    learns(&archive, (2..6).map(at_once).collect()).await;
    learns(&archive, (6..9).map(at_once).collect()).await;
    assert_eq!(places(&archive, sought("hello")).await, (2..9).rev().map(|seq| (1, seq)).collect::<Vec<_>>());
    assert!(finds(&archive, sought("hello")).await.hits.iter().all(|hit| hit.at_ms == at(1, 2)));
}

pub(crate) async fn a_search_keeps_to_a_contact_and_a_time(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[ana()]), opened_by(2, &[]), opened_by(3, &[ana()])]).await;
    learns(&archive, (1..=3).map(|number| says(number, 3, "hello")).collect()).await;
    let contact = Some(who(&archive, &ana()).await.expect("is known").contact);
    assert_eq!(places(&archive, Sought { contact, ..sought("hello") }).await, [(3, 3), (1, 3)]);
    assert_eq!(places(&archive, Sought { from: Some(at(2, 3)), ..sought("hello") }).await, [(3, 3), (2, 3)]);
    assert_eq!(places(&archive, Sought { until: Some(at(2, 3)), ..sought("hello") }).await, [(1, 3)]);
}

pub(crate) async fn notes_are_found_only_by_those_who_may_read_them(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[]), says(1, 3, "secret for all")]).await;
    let notes = [(4, Visibility::Int), (5, Visibility::Vip)];
    learns(&archive, notes.map(|(seq, visibility)| hidden(1, seq, "a secret", visibility)).into()).await;
    for (sees, expected) in [(Visibility::All, 3..4), (Visibility::Int, 3..5), (Visibility::Vip, 3..6)] {
        let expected: Vec<(u16, u64)> = expected.rev().map(|seq| (1, seq)).collect();
        assert_eq!(places(&archive, Sought { sees, ..sought("secret") }).await, expected, "{sees:?}");
    }
}

pub(crate) async fn an_agent_finds_what_was_said_in_his_chats_and_to_his_customers(backend: &impl Backend) {
    let archive = backend.open().await;
    let (ann, ben) = (AgentId(1), AgentId(2));
    let other = email("other@example.org");
    learns(&archive, vec![opened_by(1, &[ana()]), opened_by(2, &[ana()]), taken_by(2, ann, "Ann")]).await;
    learns(&archive, vec![opened_by(3, &[]), taken_by(3, ben, "Ben"), opened_by(4, &[other]), opened_by(5, &[])]).await;
    learns(&archive, (1..=5).map(|number| says(number, 4, "hello")).collect()).await;
    assert_eq!(places(&archive, Sought { reach: Reach::Of(ann), ..sought("hello") }).await, [(2, 4), (1, 4)]);
    assert_eq!(places(&archive, Sought { reach: Reach::Of(ben), ..sought("hello") }).await, [(3, 4)]);
    assert_eq!(places(&archive, Sought { reach: Reach::Of(AgentId(3)), ..sought("hello") }).await, []);
}

pub(crate) async fn nothing_that_people_type_is_an_error(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(
        &archive,
        vec![opened_by(1, &[]), says(1, 3, "it's 5 o'clock \\ AND \"quoted\" * -minus (near) \0 :*&|!<->")],
    )
    .await;
    let typed = [
        "\"quoted", "AND", "NOT", "NEAR(it", "o'clock", "*", "-minus", "a:b", "'", "\\", "&|!", "<->", "\0", "OR OR",
        "{it}", "^it",
    ];
    for text in typed {
        let Some(words) = Words::of(text) else { continue };
        finds(&archive, Sought { words, ..sought("x") }).await;
    }
    assert_eq!(places(&archive, sought("o'clock")).await, [(1, 3)]);
    assert_eq!(places(&archive, sought("\"quoted\" AND -minus")).await, [(1, 3)]);
}

pub(crate) async fn a_hit_shows_where_the_words_stand(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[ana()]), comes(1, "Ana"), says(1, 3, "👋 my Parcel is late")]).await;
    let found = finds(&archive, sought("late parcel")).await;
    let hit = &found.hits[0];
    assert_eq!((hit.excerpt.as_str(), hit.name.as_str(), hit.at_ms), ("👋 my Parcel is late", "Ana", at(1, 3)));
    assert_eq!(hit.marks, [(6, 12), (16, 20)]);
    assert_eq!((hit.chat.session, hit.chat.subject.as_deref()), (session(1), Some("subject 1")));
}
