//! What waiting customers are told of their place.

use tandem_protocol::{Place, SessionId, desk::Action};

use super::{
    House,
    house::{queue, seconds},
};

fn place_of(house: &House, session: SessionId) -> Place {
    let placed = house.places[&session];
    assert_eq!(placed.seq, house.waits_since(session));
    placed.place
}

#[test]
fn each_customer_is_told_his_place_and_again_when_it_changes() {
    let mut house = House::new();
    let sessions = [0, 1, 2].map(|_| {
        house.passes(seconds(1));
        house.customer()
    });
    house.passes(seconds(1));
    assert_eq!(sessions.map(|session| place_of(&house, session).place), [1, 2, 3]);
    house.customer_leaves(sessions[0]);
    house.passes(seconds(1));
    assert_eq!([sessions[1], sessions[2]].map(|session| place_of(&house, session).place), [1, 2]);
    let told = house.tellings;
    house.passes(seconds(60));
    assert_eq!(house.tellings, told, "nobody is told what he knows");
}

#[test]
fn each_queue_has_places_of_its_own() {
    let mut house = House::with(|settings| settings.queues = vec![queue("default"), queue("sales")]);
    let (one, other) = (house.customer(), house.customer_with(&[("queue", "sales")]));
    house.passes(seconds(1));
    assert_eq!([one, other].map(|session| place_of(&house, session).place), [1, 1]);
}

#[test]
fn the_expected_wait_is_told_once_it_is_known() {
    let mut house = House::new();
    let [first, second, third] = [0, 1, 2].map(|_| house.customer());
    house.passes(seconds(1));
    assert_eq!(place_of(&house, third).wait_ms, None);
    house.passes(seconds(29));
    let ben = house.agent("ben", 1);
    house.takes(ben, first);
    house.passes(seconds(1));
    assert_eq!(place_of(&house, second), Place { place: 1, wait_ms: Some(30_000) });
    assert_eq!(place_of(&house, third), Place { place: 2, wait_ms: Some(60_000) });
    house.does(ben, Action::End { session: first, disposition: "solved".into(), remark: None }).expect("ends");
    house.takes(ben, second);
    house.passes(seconds(1));
    let Place { place, wait_ms } = place_of(&house, third);
    assert!(place == 1 && wait_ms < Some(30_000), "it goes faster now: {wait_ms:?}");
}

#[test]
fn a_new_primary_is_told_all_places() {
    let mut house = House::new();
    let session = house.customer();
    house.passes(seconds(1));
    house.places.clear();
    house.loses_the_link();
    house.connects();
    house.passes(seconds(1));
    assert_eq!(place_of(&house, session).place, 1);
}

#[test]
fn outside_the_hours_no_wait_is_told_and_a_night_makes_nobodys_longer() {
    // The stories begin on a Monday at 16:00 UTC.
    let hours = "Mon 15:00-16:10, Mon 18:00-19:00".parse().expect("hours");
    let mut house = House::with(|settings| settings.queues[0].hours = Some(hours));
    let [first, second, third] = [0, 1, 2].map(|_| house.customer());
    house.passes(seconds(30));
    let ben = house.agent("ben", 1);
    house.takes(ben, first);
    house.passes(seconds(1));
    assert_eq!(place_of(&house, third), Place { place: 2, wait_ms: Some(60_000) });
    house.passes(seconds(600));
    assert_eq!(place_of(&house, third), Place { place: 2, wait_ms: None }, "the hours are over");
    house.does(ben, Action::End { session: first, disposition: "solved".into(), remark: None }).expect("ends");
    house.passes(seconds(7_200));
    house.is_ready(ben);
    house.takes(ben, second);
    house.passes(seconds(1));
    let Place { place, wait_ms } = place_of(&house, third);
    assert!(place == 1 && wait_ms < Some(200_000), "hours that nobody could be served in do not count: {wait_ms:?}");
}
