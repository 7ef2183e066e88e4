//! Room for those who have connected and not yet shown that they mean it: bounded, and the one who has taken longest gives way.
//!
//! Whoever means it is through after a round trip or two, so those who give way are those who do not (B-1): however many of
//! them there are, they keep nobody out for long. An engine has one for links that have not said hello, a gateway one for
//! encrypted connections at their handshake. It decides only; whoever is sent away has to go by himself.

use std::collections::VecDeque;

use tokio::sync::oneshot;

/// See the module.
#[derive(Debug)]
pub struct Room {
    places: usize,
    /// The longest first; dropping one sends him away. Those who are through have closed their end.
    taken: VecDeque<oneshot::Sender<()>>,
}

/// Held by one who is let in, until he is through or gone.
#[derive(Debug)]
pub struct Place(oneshot::Receiver<()>);

impl Room {
    /// With so many places.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self { places, taken: VecDeque::new() }
    }

    /// A place for one more.
    pub fn enter(&mut self) -> Place {
        if self.taken.len() >= self.places {
            self.taken.retain(|place| !place.is_closed());
        }
        if self.taken.len() >= self.places {
            self.taken.pop_front();
        }
        let (taken, place) = oneshot::channel();
        self.taken.push_back(taken);
        Place(place)
    }
}

impl Place {
    /// Does this, unless the place has to be given up first.
    pub async fn meanwhile<T>(self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            _ = self.0 => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn the_longest_gives_way_and_those_who_are_through_take_no_place() {
        let mut room = Room::new(3);
        let [first, second, third] = std::array::from_fn(|_| room.enter());
        assert_eq!(second.meanwhile(ready("through")).await, Some("through"));
        let fourth = room.enter();
        let fifth = room.enter();
        assert_eq!(first.meanwhile(pending::<()>()).await, None);
        for place in [third, fourth, fifth] {
            assert_eq!(place.meanwhile(ready("has time")).await, Some("has time"));
        }
        assert!(room.taken.len() <= 3);
    }
}
