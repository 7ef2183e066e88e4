//! Logging: every line goes to stderr with the name of the role that wrote it, as text or JSON.
//!
//! Message text, tokens and people's names are never logged; a panic is logged once, as ERROR. Called once by each
//! command before it does anything else.

use std::{backtrace::Backtrace, fmt};

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use crate::settings::{LogFormat, LogSection};

/// Begins to log. `role` names the process in each line, such as `engine a`.
pub(crate) fn start(role: &str, log: &LogSection) {
    let lines = Lines { role: role.to_owned(), format: log.format.0 };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // Where stderr is gone, as a terminal that was closed, it takes no complaint about that either.
        .log_internal_errors(false)
        .with_env_filter(log.level.0.filter())
        .event_format(lines)
        .init();
    std::panic::set_hook(Box::new(log_panic));
}

/// Says where, and what where that cannot be anybody's data: a formatted payload may hold message text.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let why = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
    let thread = std::thread::current();
    let backtrace = Backtrace::capture();
    tracing::error!(place, why, thread = thread.name(), %backtrace, "a task panicked");
}

struct Lines {
    role: String,
    format: LogFormat,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if self.format == LogFormat::Json {
            return writeln!(writer, "{}", self.json(event));
        }
        SystemTime.format_time(&mut writer)?;
        write!(writer, " {:>5} {}: ", event.metadata().level(), self.role)?;
        ctx.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

impl Lines {
    fn json(&self, event: &Event<'_>) -> Value {
        let mut time = String::new();
        // Writing into a String cannot fail.
        let _ = SystemTime.format_time(&mut Writer::new(&mut time));
        let mut fields = Fields(Map::new());
        fields.0.insert("time".into(), time.into());
        fields.0.insert("level".into(), event.metadata().level().as_str().into());
        fields.0.insert("process".into(), self.role.clone().into());
        fields.0.insert("target".into(), event.metadata().target().into());
        event.record(&mut fields);
        Value::Object(fields.0)
    }
}

/// Collects an event's fields; numbers and booleans stay what they are.
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().into(), value.into());
    }
}
