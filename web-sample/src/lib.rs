//! The pages of Tandem and the files they load, all inside the executable, so that a gateway serves them from any
//! directory and without a build step.
//!
//! It answers for what the pages contain and under which policy a browser may run them; it must never know a store,
//! an engine or HTTP. The gateway calls [`sample`], [`workspace`] and [`control`] for the pages and [`asset`] for everything below `/static/`;
//! whoever hands out a chat to be read calls [`transcript`].

mod asset;
mod page;
#[cfg(test)]
mod policy_tests;
pub mod transcript;

pub use asset::{Asset, asset};
pub use page::{ControlPage, PageError, SamplePage, WorkspacePage, control, sample, workspace};

/// The `Content-Security-Policy` that every page is served with: nothing inline, nothing from another host, no frame
/// around it. The tests of this crate refuse a file that would need more.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
