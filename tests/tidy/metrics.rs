//! The page of metrics, the alert rules and the dashboard speak of metrics that exist, by labels that these have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tandem_telemetry::{Kind, Label, Row, table};

use crate::tree::{files, none};

const PAGE: &str = "server/METRICS.md";
const ALERTS: &str = "server/deploy/prometheus/alerts.yaml";
const DASHBOARD: &str = "server/deploy/grafana/tandem.json";

/// Labels that Prometheus itself puts on everything.
const OWN_LABELS: [&str; 2] = ["job", "instance"];

/// Labels that each metric of an engine carries.
const ENGINE_LABELS: [&str; 2] = ["pair", "engine"];

/// What stands before a parenthesis in the language.
const FUNCTIONS: [&str; 13] = [
    "absent",
    "avg",
    "deriv",
    "histogram_quantile",
    "increase",
    "label_values",
    "max",
    "min",
    "rate",
    "sum",
    "topk",
    "count",
    "time",
];

/// Words of the language that stand for themselves.
const WORDS: [&str; 4] = ["and", "or", "unless", "bool"];

/// Words that a list of labels follows.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

fn text_of(path: &str) -> String {
    let ending = path.rsplit('/').next().expect("a path has a name");
    let file = files(ending).into_iter().find(|file| file.path == path);
    file.unwrap_or_else(|| panic!("{path} is missing")).text
}

#[test]
fn the_page_of_metrics_is_the_table() {
    let page = text_of(PAGE);
    let mut offenders = Vec::new();
    for (title, rows) in table() {
        let section = page.split(&format!("\n## {title}\n")).nth(1).unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let written: BTreeSet<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let wanted: BTreeSet<String> = rows.iter().map(line_of).collect();
        let missing = wanted.iter().filter(|line| !written.contains(line.as_str()));
        offenders.extend(missing.map(|line| format!("{title} lacks: {line}")));
        let surplus = written.iter().filter(|line| !wanted.contains(**line));
        offenders.extend(surplus.map(|line| format!("{title} has: {line}")));
    }
    none("what server/METRICS.md and the table do not have in common", &offenders);
}

fn line_of(row: &Row) -> String {
    let label = |label: &Label| match label.values {
        [] => format!("`{}`", label.name),
        values => format!("`{}`: {}", label.name, values.join(", ")),
    };
    let labels: Vec<String> = row.labels.iter().map(label).collect();
    format!("| `{}` | {} | {} | {} |", row.name, row.kind.word(), labels.join("; "), row.help)
}

#[test]
fn the_alert_rules_speak_of_what_exists() {
    let alerts: Value = serde_yaml_ng::from_str(&text_of(ALERTS)).expect("is YAML");
    let groups = alerts["groups"].as_array().expect("there are groups");
    let rules: Vec<&Value> = groups.iter().flat_map(|group| group["rules"].as_array().expect("with rules")).collect();
    let names: BTreeSet<&str> = rules.iter().filter_map(|rule| rule["alert"].as_str()).collect();
    assert_eq!(names.len(), rules.len(), "each rule has a name of its own");
    let mut offenders = Vec::new();
    for rule in rules {
        let name = rule["alert"].as_str().expect("is named");
        offenders
            .extend(wrong(rule["expr"].as_str().expect("has an expression")).map(|wrong| format!("{name}: {wrong}")));
        for text in ["summary", "description"] {
            let text = rule["annotations"][text].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name} says what it means and what to do");
            let labels = text.split("$labels.").skip(1).filter_map(|rest| rest.split([' ', '}']).next());
            let unknown = labels.filter(|label| !is_label_of_any(label));
            offenders.extend(unknown.map(|label| format!("{name} tells of the label {label}")));
        }
        assert!(matches!(rule["labels"]["severity"].as_str(), Some("page" | "look")), "{name} has a severity");
    }
    none("alert rules about what does not exist", &offenders);
}

#[test]
fn the_dashboard_speaks_of_what_exists() {
    let dashboard: Value = serde_json::from_str(&text_of(DASHBOARD)).expect("is JSON");
    let expressions = expressions(&dashboard);
    assert!(expressions.len() > 50, "it shows something: {}", expressions.len());
    let offenders: Vec<String> =
        expressions.iter().flat_map(|text| wrong(text).map(move |wrong| format!("{text}: {wrong}"))).collect();
    none("panels about what does not exist", &offenders);
    let panels = dashboard["panels"].as_array().expect("there are panels");
    let rows = panels.iter().filter(|panel| panel["type"] == "row").filter_map(|row| row["title"].as_str());
    let wanted = ["Pair", "Traffic", "Saving", "Failover", "Gateway", "Agents", "Processes"];
    assert_eq!(rows.collect::<Vec<_>>(), wanted);
    let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
}

/// Every query, and every query behind a variable.
fn expressions(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
            let own = own("expr").into_iter().chain(own("definition"));
            own.chain(fields.values().flat_map(expressions)).collect()
        }
        Value::Array(values) => values.iter().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}

/// What the samples of all metrics are called, and by which labels they can be told apart.
fn samples() -> BTreeMap<String, Vec<Label>> {
    let plain = |name: &'static str| Label { name, values: &[] };
    let mut samples = BTreeMap::from([("up".to_owned(), OWN_LABELS.map(plain).to_vec())]);
    for (group, rows) in table() {
        for row in rows {
            let engine = ENGINE_LABELS.map(plain).into_iter().filter(|_| group == "Engine");
            let labels: Vec<Label> = row.labels.iter().copied().chain(OWN_LABELS.map(plain)).chain(engine).collect();
            if row.kind == Kind::Histogram {
                let bucket = labels.iter().copied().chain([plain("le")]).collect();
                samples.insert(format!("{}_bucket", row.name), bucket);
                samples.insert(format!("{}_sum", row.name), labels.clone());
                samples.insert(format!("{}_count", row.name), labels);
            } else {
                samples.insert(row.name.to_owned(), labels);
            }
        }
    }
    samples
}

fn is_label_of_any(name: &str) -> bool {
    samples().values().flatten().any(|label| label.name == name)
}

/// A piece of an expression.
#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// The pieces; what stands in brackets is a duration and left out.
fn tokens(expression: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = expression.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '"' => tokens.push(Token::Text(rest.by_ref().take_while(|c| *c != '"').collect())),
            '[' => drop(rest.by_ref().find(|c| *c == ']')),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let mut word = c.to_string();
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
            c if c.is_whitespace() || c.is_ascii_digit() || c == '.' => {}
            c => tokens.push(Token::Sign(c)),
        }
    }
    tokens
}

/// What an expression names that does not exist.
fn wrong(expression: &str) -> impl Iterator<Item = String> {
    let (samples, tokens) = (samples(), tokens(expression));
    let (mut wrong, mut used, mut grouping) = (Vec::new(), Vec::new(), Vec::new());
    let balance = |open, close| {
        let count = |sign| tokens.iter().filter(|token| **token == Token::Sign(sign)).count();
        count(open) == count(close)
    };
    if !balance('(', ')') || !balance('{', '}') {
        wrong.push("its parentheses do not match".to_owned());
    }
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let Token::Word(word) = token else { continue };
        let opens = |sign| tokens.get(at) == Some(&Token::Sign(sign));
        let is_operator = WORDS.contains(&word.as_str());
        let is_function = FUNCTIONS.contains(&word.as_str());
        let is_grouped = matches!(tokens.get(at), Some(Token::Word(next)) if GROUPING.contains(&next.as_str()));
        if GROUPING.contains(&word.as_str()) && opens('(') {
            let listed = tokens[at..].split(|token| *token == Token::Sign(')')).next().unwrap_or_default();
            let label = |token: &Token| if let Token::Word(label) = token { Some(label.clone()) } else { None };
            grouping.extend(listed.iter().filter_map(label));
            at += listed.len();
        } else if opens('(') && !is_function && !is_operator {
            wrong.push(format!("there is no function {word}"));
        } else if opens('(') && word == "label_values" {
            // Its second argument is a label.
            if let (Some(Token::Word(metric)), Some(Token::Word(label))) = (tokens.get(at + 1), tokens.get(at + 3)) {
                used.push(metric.clone());
                grouping.push(label.clone());
            }
            at = tokens.len();
        } else if let Some(labels) = samples.get(word) {
            used.push(word.clone());
            let matchers = tokens[at..].split(|token| *token == Token::Sign('}')).next().unwrap_or_default();
            wrong.extend(wrong_matchers(word, labels, if opens('{') { matchers } else { &[] }));
            at += if opens('{') { matchers.len() } else { 0 };
        } else if !(opens('(') || is_operator || is_function && is_grouped) {
            wrong.push(format!("there is no metric {word}"));
        }
    }
    let has = |label: &&String| {
        used.iter().any(|used| samples.get(used).is_some_and(|has| has.iter().any(|has| has.name == label.as_str())))
    };
    wrong.extend(
        grouping.iter().filter(|label| !has(label)).map(|label| format!("nothing in it has the label {label}")),
    );
    wrong.into_iter()
}

/// `{label="value", label=~"one|other"}` behind a metric.
fn wrong_matchers(metric: &str, labels: &[Label], matchers: &[Token]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut current = None;
    for token in matchers {
        match token {
            Token::Word(name) => {
                current = labels.iter().find(|label| label.name == name);
                if current.is_none() {
                    wrong.push(format!("{metric} has no label {name}"));
                }
            }
            Token::Text(text) => {
                let values = current.map_or(&[][..], |label| label.values);
                let alternatives = text.split('|').filter(|value| !value.starts_with('$') && !values.is_empty());
                let unknown = alternatives.filter(|value| !values.contains(value));
                wrong.extend(unknown.map(|value| format!("{metric} is never told apart by the value {value}")));
            }
            Token::Sign(_) => {}
        }
    }
    wrong
}

mod rules {
    //! The reading of expressions, on samples.

    use super::*;

    fn is_right(expression: &str) -> bool {
        wrong(expression).next().is_none()
    }

    #[test]
    fn what_exists_passes() {
        assert!(is_right(
            "histogram_quantile(0.99, sum by (le, pair) (rate(tandem_save_seconds_bucket{pair=~\"$pair\"}[5m])))"
        ));
        assert!(is_right("sum(tandem_queue_waiting) > 0 and up{job=\"tandem\"} == 0"));
        assert!(is_right("label_values(tandem_engine_primary, pair)"));
    }

    #[test]
    fn what_does_not_exist_is_told() {
        let told = |expression: &str| wrong(expression).next().expect("something is wrong");
        assert_eq!(told("rate(tandem_save_seconds[5m])"), "there is no metric tandem_save_seconds");
        assert_eq!(
            told("tandem_failovers_total{cause=\"tired\"}"),
            "tandem_failovers_total is never told apart by the value tired"
        );
        assert_eq!(told("tandem_agents{queue=\"x\"}"), "tandem_agents has no label queue");
        assert_eq!(told("sum by (queue) (tandem_agents)"), "nothing in it has the label queue");
        assert_eq!(told("quantiles(tandem_agents)"), "there is no function quantiles");
        assert_eq!(told("sum(tandem_agents"), "its parentheses do not match");
    }
}
