//! `[engine.inactivity-control]`: when a session is warned, when it ends, and what begins the time anew.

use tandem_protocol::{ClosedReason, NoticeKind, link::SessionNotice};

use super::{
    routing::{BEN, route_to},
    *,
};
use crate::{CountedNotices, Inactivity, KeptNotices};

fn inactivity() -> Inactivity {
    Inactivity {
        timeout_alert: Duration::from_secs(30),
        timeout_alert2: None,
        timeout_close: Duration::from_secs(10),
        message_alert: "still there?".into(),
        message_alert2: "really?".into(),
        message_close: "goodbye".into(),
        counted: CountedNotices::Typing,
    }
}

fn with(inactivity: Inactivity) -> Desk {
    let settings = SessionSettings { inactivity: Some(inactivity), ..SessionSettings::default() };
    let mut desk = Desk::with(settings, &[]);
    desk.opens(1).expect("opens");
    desk.attaches(1, Seq::ZERO);
    desk
}

impl Desk {
    fn passes_secs(&mut self, secs: u64) {
        self.passes(Duration::from_secs(secs));
    }

    /// The notices of the transcript so far.
    fn kept(&self) -> Vec<(NoticeKind, String)> {
        let notice = |body| match body {
            EventBody::Notice { notice, text } => Some((notice, text.unwrap_or_default())),
            _ => None,
        };
        self.last_events(self.stored.len()).into_iter().filter_map(notice).collect()
    }
}

fn alert() -> (NoticeKind, String) {
    (NoticeKind::IdleControlAlert, "still there?".into())
}

#[test]
fn an_idle_session_is_warned_and_then_ended() {
    let mut desk = with(inactivity());
    desk.passes_secs(29);
    assert_eq!(desk.kept(), []);
    desk.passes_secs(1);
    assert_eq!(desk.kept(), [alert()]);
    desk.passes_secs(9);
    assert_eq!(desk.core.counts().open, 1);
    desk.passes_secs(1);
    let ended = desk.last_events(3);
    assert!(matches!(&ended[0], EventBody::Notice { notice: NoticeKind::IdleControlClose, text: Some(text) }
        if text == "goodbye"));
    assert!(matches!(ended[1], EventBody::Left { reason: LeaveReason::Idle, .. }), "{ended:?}");
    assert!(matches!(ended[2], EventBody::Closed { reason: ClosedReason::Idle }), "{ended:?}");
    assert_eq!(desk.core.counts().open, 0);
}

#[test]
fn a_second_alert_comes_where_one_is_set() {
    let again = Inactivity { timeout_alert2: Some(Duration::from_secs(5)), ..inactivity() };
    let mut desk = with(again);
    desk.passes_secs(30);
    desk.passes_secs(5);
    assert_eq!(desk.kept(), [alert(), (NoticeKind::IdleControlAlert, "really?".into())]);
    desk.passes_secs(10);
    assert_eq!(desk.core.counts().open, 0);
}

#[test]
fn joins_leaves_messages_and_counted_notices_begin_the_time_anew_and_an_alert_does_not() {
    let mut desk = with(inactivity());
    desk.passes_secs(30);
    desk.passes_secs(9);
    desk.says(1, "m-1", "yes, here").expect("saved");
    desk.passes_secs(29);
    desk.ask(join(1, ParticipantKind::External, 8)).expect("joins");
    desk.passes_secs(29);
    let bot = Credential::Token(TokenHash([8; 32]));
    desk.ask(Request::Leave { session: session(1), by: bot }).expect("leaves");
    desk.passes_secs(29);
    desk.core.typing(desk.now, LINK, session(1), ParticipantId(1), true, &mut Vec::new());
    desk.passes_secs(29);
    assert_eq!(desk.kept(), [alert()]);
    desk.core.typing(desk.now, LINK, session(1), ParticipantId(1), false, &mut Vec::new());
    desk.passes_secs(1);
    assert_eq!(desk.kept(), [alert(), alert()], "that somebody stops typing is not counted");
}

#[test]
fn a_session_that_waits_for_an_agent_is_not_idle() {
    let mut desk = with(inactivity());
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    desk.passes_secs(3_600);
    assert_eq!(desk.kept(), []);
    desk.takes(BEN, queued).expect("takes");
    desk.passes_secs(29);
    assert_eq!(desk.kept(), []);
    desk.passes_secs(1);
    assert_eq!(desk.kept(), [alert()]);
}

#[test]
fn the_time_begins_anew_where_a_session_is_restored() {
    let mut first = with(inactivity());
    first.passes_secs(30);
    let settings = SessionSettings { inactivity: Some(inactivity()), ..SessionSettings::default() };
    let mut second = Desk::with(settings, &[OpenSession { session: session(1) }]);
    second.stored = first.stored;
    second.attaches(1, Seq::ZERO);
    second.passes_secs(29);
    assert_eq!(second.kept().len(), 1);
    second.passes_secs(1);
    assert_eq!(second.kept(), [alert(), alert()], "from the restoration on");
}

#[test]
fn a_notice_that_is_not_kept_is_told_to_those_who_are_there() {
    let (inactivity, kept_notices) = (Some(inactivity()), KeptNotices::None);
    let settings = SessionSettings { inactivity, kept_notices, ..SessionSettings::default() };
    let mut desk = Desk::with(settings, &[]);
    desk.opens(1).expect("opens");
    desk.attaches(1, Seq::ZERO);
    desk.passes_secs(30);
    desk.passes_secs(10);
    assert_eq!(desk.kept(), []);
    let said = desk.others.iter().filter_map(|effect| match effect {
        Effect::Notice { notice: SessionNotice::Said { notice, text }, .. } => Some((*notice, text.as_str())),
        _ => None,
    });
    let told = [(NoticeKind::IdleControlAlert, "still there?"), (NoticeKind::IdleControlClose, "goodbye")];
    assert!(said.eq(told), "{:?}", desk.others);
    assert_eq!(desk.core.counts().open, 0);
}

#[test]
fn nothing_is_said_where_there_is_no_message_and_the_session_ends_all_the_same() {
    let silent = Inactivity { message_alert: String::new(), message_close: String::new(), ..inactivity() };
    let mut desk = with(silent);
    desk.passes_secs(30);
    desk.passes_secs(10);
    assert_eq!(desk.kept(), []);
    assert!(matches!(desk.last_events(1)[0], EventBody::Closed { reason: ClosedReason::Idle }));
}
