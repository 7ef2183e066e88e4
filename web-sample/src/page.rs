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
    /// Where the page's files are: a path that changes with them, so that a browser may keep them for ever.
    fn assets(&self) -> String {
        format!("/static/{}", asset::release())
    }
}

/// Why a page could not be rendered: a fault of its template, never of what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("the page could not be rendered")]
pub struct PageError(#[from] askama::Error);

/// The HTML of `/sample`.
pub fn sample(page: &SamplePage<'_>) -> Result<String, PageError> {
    Ok(page.render()?)
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// Every page in every state that its template tells apart; a new template adds its own here.
    pub(crate) fn all() -> Vec<(&'static str, String)> {
        let rendered = |notices, version| sample(&SamplePage { notices, version }).expect("renders");
        vec![("sample/index.html", rendered(true, "0.1.0")), ("sample/index.html", rendered(false, "0.1.0 <&\">"))]
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
        let page = sample(&SamplePage { notices: true, version: "<b>" }).expect("renders");
        assert!(!page.contains("<b>"), "the value became markup");
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
