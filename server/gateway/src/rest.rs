//! The REST interface under `/api/v1`: one action a file, and what they share.
//!
//! The same sessions, events, cursor and guarantees as the WebSocket. Every action asks the engine through the link,
//! so a failover only makes it slower.

mod agent;
mod auth;
mod body;
mod client_id;
mod contacts;
mod control;
mod events;
mod limit;
mod look;
mod messages;
mod moment;
mod participants;
mod path;
mod problems;
mod query;
mod sessions;
mod transcripts;
mod whence;

use axum::{
    Router,
    routing::{get, post},
};

use crate::{app::Shared, socket};

/// All routes below `/api/v1`.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/sessions", post(sessions::create::create))
        .route("/sessions/{session}", get(sessions::show::show))
        .route("/sessions/{session}/leave", post(sessions::leave::leave))
        .route("/sessions/{session}/close", post(sessions::close::close))
        .route("/sessions/{session}/participants", post(participants::add::add))
        .route("/sessions/{session}/messages", post(messages::post::post))
        .route("/sessions/{session}/events", get(events::list::list))
        .route("/sessions/{session}/transcript", get(sessions::transcript::transcript))
        .route("/sessions/{session}/contact", get(sessions::contact::contact))
        .route("/transcripts", get(transcripts::search::search))
        .route("/transcripts/{session}", get(transcripts::show::show))
        .route("/contacts", get(contacts::list::list))
        .route(
            "/contacts/{contact}",
            get(contacts::show::show).patch(contacts::amend::amend).delete(contacts::erase::erase),
        )
        .route("/contacts/{contact}/chats", get(contacts::chats::chats))
        .route("/contacts/{contact}/merge", post(contacts::merge::merge))
        .route("/agent/login", post(agent::login::login))
        .route("/agent/logout", post(agent::logout::logout))
        .nest("/control", control::router())
        .route("/problems/{code}", get(problems::show))
        .route("/ws", get(socket::chat))
        .route("/desk", get(socket::desk))
}
