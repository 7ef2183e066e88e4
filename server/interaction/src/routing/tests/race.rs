//! 200 sessions meet 20 agents with limits.

use tandem_protocol::{
    AgentId, SessionId,
    desk::{Action, ChosenState},
};

use super::House;

const SESSIONS: usize = 200;
const AGENTS: u32 = 20;
const LIMIT: u32 = 3;

/// Everybody takes what he can, whether it is offered to him or only waits, all at once and late answers included.
#[test]
fn two_hundred_sessions_that_meet_twenty_agents_are_each_answered_once() {
    let mut house = House::new();
    let agents: Vec<AgentId> = (0..AGENTS).map(|number| house.agent(&format!("a{number}"), LIMIT)).collect();
    house.is_engine_slow = true;
    let sessions: Vec<SessionId> = (0..SESSIONS).map(|_| house.opens(&[])).collect();
    house.is_engine_slow = false;
    house.settles();
    let mut answered = vec![0; SESSIONS];
    for _round in 0..SESSIONS {
        rush(&mut house, &agents);
        for (number, session) in sessions.iter().enumerate() {
            let attending = house.attending(*session);
            assert!(attending.len() <= 1, "{attending:?} have the same session");
            for agent in attending {
                answered[number] += 1;
                let end = Action::End { session: *session, disposition: "solved".into(), remark: None };
                house.does(agent, end).expect("ends what he has");
            }
        }
        if answered.iter().all(|count| *count > 0) {
            break;
        }
    }
    assert!(answered.iter().all(|count| *count == 1), "{answered:?}");
    assert_eq!(house.directory.filed.len(), SESSIONS);
    assert_eq!(house.warnings(), 0, "{:?}", house.notes);
}

/// Each agent reaches for all that he sees, before anything is answered.
fn rush(house: &mut House, agents: &[AgentId]) {
    house.is_engine_slow = true;
    house.is_directory_slow = true;
    for agent in agents {
        let view = house.shown(*agent);
        assert_eq!(view.me.chosen, ChosenState::Ready);
        let offers = view.offers.iter().map(|offer| (offer.session, offer.seq));
        let waiting =
            view.waiting.iter().filter(|waiting| waiting.may_take).map(|waiting| (waiting.session, waiting.seq));
        for (session, seq) in offers.chain(waiting).take(8) {
            house.starts(*agent, Action::Accept { session, seq });
        }
    }
    house.is_engine_slow = false;
    house.is_directory_slow = false;
    house.settles();
    assert_eq!(house.unanswered(), 0);
    for agent in agents {
        let chats = house.shown(*agent).chats.len();
        assert!(chats <= LIMIT as usize, "{chats} chats of one agent");
    }
}
