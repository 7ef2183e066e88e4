//! The pages: one type a template, with the values the template needs and samples that the tests render.

use askama::Template;

use crate::asset;

/// `/sample`, the customer's page that shows what a failover looks like.
#[derive(Debug, Clone, Template)]
#[template(path = "sample/index.html")]
pub struct SamplePage<'a> {
    /// Whether connection notices are shown until the visitor decides otherwise; a site's choice.
    pub notices: bool,
    /// The version of the executable that serves the page, for the details panel.
    pub version: &'a str,
}

impl SamplePage<'_> {
    /// See [`assets`]; a template sees methods of its page only.
    fn assets(&self) -> String {
        assets()
    }
}

/// `/workspace`, the agent's desktop. Who is at it is not known when it is served: it logs in by itself.
#[derive(Debug, Clone, Template)]
#[template(path = "workspace/index.html")]
pub struct WorkspacePage<'a> {
    /// The version of the executable that serves the page.
    pub version: &'a str,
}

impl WorkspacePage<'_> {
    /// See [`assets`]; a template sees methods of its page only.
    fn assets(&self) -> String {
        assets()
    }
}

/// `/control`, where administrators see how everything stands. Who looks is not known when it is served, as at the workspace.
#[derive(Debug, Clone, Template)]
#[template(path = "control/index.html")]
pub struct ControlPage<'a> {
    /// The version of the executable that serves the page.
    pub version: &'a str,
}

impl ControlPage<'_> {
    /// See [`assets`]; a template sees methods of its page only.
    fn assets(&self) -> String {
        assets()
    }
}

/// Where a page's files are: a path that changes with them, so that a browser may keep them for ever.
fn assets() -> String {
    format!("/static/{}", asset::release())
}

/// Why a page could not be rendered: a fault of its template, never of what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("the page could not be rendered")]
pub struct PageError(#[from] askama::Error);

/// The HTML of `/sample`.
pub fn sample(page: &SamplePage<'_>) -> Result<String, PageError> {
    Ok(page.render()?)
}

/// The HTML of `/workspace`.
pub fn workspace(page: &WorkspacePage<'_>) -> Result<String, PageError> {
    Ok(page.render()?)
}

/// The HTML of `/control`.
pub fn control(page: &ControlPage<'_>) -> Result<String, PageError> {
    Ok(page.render()?)
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::transcript;

    /// Every page in every state that its template tells apart; a new template adds its own here.
    pub(crate) fn all() -> Vec<(&'static str, String)> {
        let sample = |notices, version| sample(&SamplePage { notices, version }).expect("renders");
        let workspace = |version| workspace(&WorkspacePage { version }).expect("renders");
        let control = |version| control(&ControlPage { version }).expect("renders");
        vec![
            ("control/index.html", control("0.1.0 <&\">")),
            // Rendered within the pages that it is a part of.
            ("shared/login.html", workspace("0.1.0 <&\">")),
            ("sample/index.html", sample(true, "0.1.0")),
            ("sample/index.html", sample(false, "0.1.0 <&\">")),
            ("workspace/index.html", workspace("0.1.0 <&\">")),
        ]
    }

    /// Transcripts, which are made of all the templates in their folder.
    pub(crate) fn transcripts() -> Vec<String> {
        let chats = [transcript::tests::of_everything(), transcript::tests::erased()];
        chats.iter().map(|chat| chat.html().expect("renders")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_whether_notices_are_shown() {
        let page = |notices| sample(&SamplePage { notices, version: "1" }).expect("renders");
        assert!(page(true).contains(r#"data-notices="on""#));
        assert!(page(false).contains(r#"data-notices="off""#));
    }

    #[test]
    fn a_value_is_escaped() {
        let sample = sample(&SamplePage { notices: true, version: "<b>" }).expect("renders");
        let workspace = workspace(&WorkspacePage { version: "<b>" }).expect("renders");
        assert!(!sample.contains("<b>") && !workspace.contains("<b>"), "the value became markup");
        // The page itself has such an element.
        let control = control(&ControlPage { version: "<i>" }).expect("renders");
        assert!(!control.contains("<i>"), "the value became markup");
    }

    #[test]
    fn every_file_that_a_page_names_exists() {
        for (template, html) in samples::all() {
            let paths: Vec<_> = html.split('"').filter_map(|text| text.strip_prefix("/static/")).collect();
            assert!(!paths.is_empty(), "{template} names no file");
            for path in paths {
                assert!(
                    asset(path).is_some_and(|asset| asset.immutable),
                    "{template} names {path}, which is not there"
                );
            }
        }
    }
}
