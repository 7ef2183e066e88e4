//! A whole transcript as an answer. It is written while it is read, so a chat of any length costs one page of memory
//! (B-1); how far it goes is decided by the first page, so that a chat that goes on ends for its reader too.

use std::io;

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use tandem_protocol::Seq;

use super::{
    form::Form,
    pen::Pen,
    source::{Part, Source},
};
use crate::{app::Shared, problem::Problem};

/// A transcript that is on its way.
struct Sending {
    app: Shared,
    source: Source,
    pen: Pen,
    /// What was read and is not written yet.
    text: String,
    /// How far it was read.
    through: Seq,
    /// Where it ends.
    head: Seq,
    is_over: bool,
}

/// Answers with the transcript, once its first page is there: what is refused is refused as anywhere. When a later page
/// cannot be had, the connection is broken off, so that nobody takes the part for the whole.
pub(in crate::rest) async fn answer(app: Shared, source: Source, form: Form) -> Result<Response, Problem> {
    let (chat, part) = source.first(&app).await?;
    let pen = Pen::new(form, &chat);
    let text = pen.head(&chat, &part)?;
    let mut sending = Sending { app, source, pen, text, through: Seq::ZERO, head: part.head, is_over: false };
    sending.write(part)?;
    let body = Body::from_stream(stream::try_unfold(sending, Sending::next));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Authorization"));
    if form == Form::Html {
        let policy = HeaderValue::from_static(tandem_web::transcript::CONTENT_SECURITY_POLICY);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

impl Sending {
    /// Writes a page, and the foot after the last one.
    fn write(&mut self, mut part: Part) -> Result<(), Problem> {
        self.is_over = part.through >= self.head || part.through <= self.through;
        self.through = part.through;
        part.events.retain(|event| event.seq <= self.head);
        self.text.push_str(&self.pen.events(&part)?);
        if self.is_over {
            self.text.push_str(&self.pen.foot()?);
        }
        Ok(())
    }

    /// The next piece of the body.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        while self.text.is_empty() && !self.is_over {
            let part = self.source.after(&self.app, self.through).await;
            let written = part.and_then(|part| self.write(part));
            written.map_err(|problem| {
                tracing::debug!(?problem, "a transcript was broken off");
                io::Error::other("the rest of the transcript could not be read")
            })?;
        }
        let text = std::mem::take(&mut self.text);
        Ok((!text.is_empty()).then(|| (Bytes::from(text), self)))
    }
}
