//! The metrics of a process as Prometheus reads them.

use std::collections::BTreeSet;

/// What `/metrics` answered once.
#[derive(Debug, Clone)]
pub struct Figures(Vec<Sample>);

/// One line.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Figures {
    /// Reads the metrics at `host:port`.
    ///
    /// # Panics
    /// When they are not there or are no text of Prometheus.
    pub async fn at(address: &str) -> Self {
        let response = reqwest::get(format!("http://{address}/metrics")).await;
        let response = response.unwrap_or_else(|error| panic!("no metrics at {address}: {error}"));
        assert_eq!(response.status(), 200);
        let kind = response.headers()["content-type"].to_str().expect("is ASCII").to_owned();
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        Self::read(&response.text().await.expect("the answer is whole"))
    }

    fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.map(|line| sample(line).unwrap_or_else(|| panic!("{line:?} is no sample"))).collect())
    }

    /// The sum over all that have this name and these labels, among others; none when there are none.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |sample: &&Sample| {
            let mut all = labels.iter();
            let is_there = |(k, v): &(&str, &str)| sample.labels.iter().any(|(name, value)| name == k && value == v);
            sample.name == name && all.all(is_there)
        };
        let found: Vec<f64> = self.0.iter().filter(has).map(|sample| sample.value).collect();
        (!found.is_empty()).then(|| found.iter().sum())
    }

    /// All names, those of a histogram's parts included.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        self.0.iter().map(|sample| sample.name.clone()).collect()
    }

    /// All values that a label has anywhere.
    #[must_use]
    pub fn values_of(&self, label: &str) -> BTreeSet<String> {
        let labels = self.0.iter().flat_map(|sample| &sample.labels);
        labels.filter(|(name, _)| name == label).map(|(_, value)| value.clone()).collect()
    }
}

/// `name{label="value",…} number`. No value of ours has a comma or a quote in it.
fn sample(line: &str) -> Option<Sample> {
    let (head, value) = line.rsplit_once(' ')?;
    let (name, labels) = match head.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}')?),
        None => (head, ""),
    };
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((name.to_owned(), value.trim_matches('"').to_owned()))
    };
    let labels = labels.split(',').filter(|pair| !pair.is_empty()).map(pair).collect::<Option<_>>()?;
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_by_its_name_and_some_of_its_labels() {
        let text =
            "# HELP a b.\n# TYPE a_total counter\na_total{x=\"1\",y=\"p\"} 2\na_total{x=\"1\",y=\"q\"} 3\nb 0.5\n";
        let figures = Figures::read(text);
        assert_eq!(figures.sum("a_total", &[("x", "1")]), Some(5.0));
        assert_eq!(figures.sum("a_total", &[("y", "q")]), Some(3.0));
        assert_eq!(figures.sum("b", &[]), Some(0.5));
        assert_eq!(figures.sum("b", &[("x", "1")]), None);
    }
}
