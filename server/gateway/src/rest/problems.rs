//! `GET /api/v1/problems/{code}`: what the `type` of a problem leads to.

use axum::{Json, extract::Path};
use serde_json::{Value, json};

use crate::problem::{KINDS, Kind, Problem};

/// The title and status of the code.
pub(super) async fn show(Path(code): Path<String>) -> Result<Json<Value>, Problem> {
    let kind = KINDS.iter().find(|kind| kind.code() == code);
    let kind = kind.ok_or_else(|| Problem::new(Kind::NoSuchRoute, "There is no problem of this code."))?;
    Ok(Json(json!({ "code": kind.code(), "title": kind.title(), "status": kind.status().as_u16() })))
}
