//! Who asks: the bearer of an administrator's login. He looks with an older word of the interaction server than he acts with.

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    app::Shared,
    control::{Asker, Overseer},
    problem::Problem,
    rest::{auth::Bearer, whence::Whence},
};

/// An administrator who looks.
pub(super) struct Looking(pub(super) Overseer);

/// An administrator who does something.
pub(super) struct Acting(pub(super) Overseer);

impl FromRequestParts<Shared> for Looking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        asker(parts, app).await?.looks(app).await.map(Self)
    }
}

impl FromRequestParts<Shared> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        asker(parts, app).await?.acts(app).await.map(Self)
    }
}

async fn asker(parts: &mut Parts, app: &Shared) -> Result<Asker, Problem> {
    let Bearer(token) = Bearer::from_request_parts(parts, app).await?;
    let Ok(Whence(from)) = Whence::from_request_parts(parts, app).await;
    Ok(Asker { token, from })
}
