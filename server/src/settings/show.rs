//! The effective settings as TOML that can be saved as a file, each line with where its value comes from.

use figment::{
    Figment,
    value::{Dict, Value},
};

use super::refusal::{is_secret, origin_of, written};

/// Comments begin in this column where the value leaves room.
const COMMENT_COLUMN: usize = 48;

/// All sections; `effective` is the settings as they were understood, `merged` knows the origins.
pub(super) fn show(effective: &Dict, merged: &Figment) -> String {
    let mut text = String::new();
    for (name, section) in effective {
        if let Value::Dict(_, section) = section {
            show_table(name, section, merged, &mut text);
        }
    }
    text
}

fn show_table(table: &str, values: &Dict, merged: &Figment, text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&format!("[{table}]\n"));
    for (name, value) in values {
        let key = format!("{table}.{name}");
        match value {
            Value::Dict(..) => {}
            Value::Empty(..) => text.push_str(&line(&format!("# {name} ="), "not set")),
            _ if is_secret(name) => {
                text.push_str(&line(&format!("# {name} ="), &format!("{}; not shown", origin_of(merged, &key))));
            }
            value => text.push_str(&line(&format!("{name} = {}", written(&key, value)), &origin_of(merged, &key))),
        }
    }
    // Nested tables come last: what follows a table's heading belongs to it.
    for (name, value) in values {
        if let Value::Dict(_, values) = value {
            show_table(&format!("{table}.{name}"), values, merged, text);
        }
    }
}

fn line(setting: &str, origin: &str) -> String {
    format!("{setting:<COMMENT_COLUMN$} # {origin}\n")
}
