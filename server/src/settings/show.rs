//! The effective settings as TOML that can be saved as a file, each line with where its value comes from.

use figment::{
    Figment,
    value::{Dict, Value},
};

use tandem_store::PostgresAddress;

use super::refusal::{is_secret, may_hold_password, origin_of, written};

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
    for (name, value) in values.iter().filter(|(_, value)| !is_nested(value)) {
        text.push_str(&setting(table, name, value, merged));
    }
    // Nested tables come last: what follows a table's heading belongs to it.
    for (name, value) in values {
        match value {
            Value::Dict(_, values) => show_table(&format!("{table}.{name}"), values, merged, text),
            Value::Array(_, entries) if is_nested(value) => {
                show_entries(&format!("{table}.{name}"), entries, merged, text)
            }
            _ => {}
        }
    }
}

/// A list of tables: each entry has a heading of its own.
fn show_entries(list: &str, entries: &[Value], merged: &Figment, text: &mut String) {
    for (at, values) in entries.iter().filter_map(Value::as_dict).enumerate() {
        text.push_str(&format!("\n[[{list}]]\n"));
        for (name, value) in values {
            text.push_str(&setting(&format!("{list}[{at}]"), name, value, merged));
        }
    }
}

fn setting(table: &str, name: &str, value: &Value, merged: &Figment) -> String {
    let key = format!("{table}.{name}");
    match value {
        Value::Empty(..) => line(&format!("# {name} ="), "not set"),
        _ if is_secret(name) => line(&format!("# {name} ="), &format!("{}; not shown", origin_of(merged, &key))),
        value => {
            let hidden = if has_password(&key, merged) { "; its password is not shown" } else { "" };
            line(&format!("{name} = {}", written(&key, value)), &(origin_of(merged, &key) + hidden))
        }
    }
}

/// Whether the value as it was given has a password in it, which the value as it was understood is shown without.
fn has_password(key: &str, merged: &Figment) -> bool {
    let given = merged.find_value(key).ok().filter(|_| may_hold_password(key));
    let address = given.and_then(|given| given.as_str()?.parse::<PostgresAddress>().ok());
    address.is_some_and(|address| address.has_password())
}

fn is_nested(value: &Value) -> bool {
    match value {
        Value::Dict(..) => true,
        Value::Array(_, entries) => matches!(entries.first(), Some(Value::Dict(..))),
        _ => false,
    }
}

fn line(setting: &str, origin: &str) -> String {
    format!("{setting:<COMMENT_COLUMN$} # {origin}\n")
}
