//! The figures of a load run, for people and for programs.

use std::{fmt::Write, time::Duration};

use serde_json::{Value, json};

use crate::{
    idle::PerClient,
    party::{Plan, Tally},
};

/// What one server did.
pub(crate) struct Measured {
    pub(crate) tally: Tally,
    pub(crate) elapsed: Duration,
    /// The processor time of each process meanwhile.
    pub(crate) used: Vec<(&'static str, Duration)>,
}

impl Measured {
    fn per_second(&self) -> f64 {
        messages(self.tally.acked) / self.elapsed.as_secs_f64()
    }

    fn latency_ms(&self, quantile: f64) -> f64 {
        Duration::from_micros(self.tally.latency_us.value_at_quantile(quantile)).as_secs_f64() * 1_000.0
    }

    /// Processor time a message in microseconds, of each process.
    fn cost_us(&self) -> Vec<(&'static str, f64)> {
        let each = |used: &Duration| used.as_secs_f64() * 1_000_000.0 / messages(self.tally.acked).max(1.0);
        self.used.iter().map(|(name, used)| (*name, each(used))).collect()
    }

    fn value(&self) -> Value {
        let cost: serde_json::Map<String, Value> =
            self.cost_us().into_iter().map(|(name, us)| (name.to_owned(), json!(us))).collect();
        json!({
            "messages_per_second": self.per_second(),
            "p50_ms": self.latency_ms(0.5),
            "p99_ms": self.latency_ms(0.99),
            "processor_us_per_message": cost,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn messages(count: u64) -> f64 {
    count as f64
}

/// A whole run.
pub(crate) struct Report {
    pub(crate) plan: Plan,
    pub(crate) tandem: Measured,
    pub(crate) relay: Measured,
    pub(crate) idle: Option<Vec<PerClient>>,
    pub(crate) idle_relay: Option<Vec<PerClient>>,
}

impl Report {
    /// What broke a guarantee; empty when all held.
    pub(crate) fn faults(&self) -> Vec<String> {
        let fault = |name: &str, measured: &Measured| {
            let fault = measured.tally.fault.as_ref().map(|fault| format!("{name}: {fault}"));
            let silence = (measured.tally.acked == 0).then(|| format!("{name}: nothing was acknowledged"));
            fault.or(silence)
        };
        fault("tandem", &self.tandem).into_iter().chain(fault("relay", &self.relay)).collect()
    }

    pub(crate) fn table(&self) -> String {
        let Plan { sessions, window, text_bytes, duration } = &self.plan;
        let mut text = format!(
            "{sessions} sessions of two, {text_bytes} bytes, window {window}, {} s\n\n{:<26}{:>14}{:>14}\n",
            duration.as_secs(),
            "",
            "tandem",
            "bare relay"
        );
        let mut row = |name: &str, tandem: String, relay: String| {
            writeln!(text, "{name:<26}{tandem:>14}{relay:>14}").expect("a string takes everything");
        };
        let (tandem, relay) = (&self.tandem, &self.relay);
        row("messages/s, saved", format!("{:.0}", tandem.per_second()), format!("{:.0}", relay.per_second()));
        row("send to other, p50 ms", format!("{:.2}", tandem.latency_ms(0.5)), format!("{:.2}", relay.latency_ms(0.5)));
        row(
            "send to other, p99 ms",
            format!("{:.2}", tandem.latency_ms(0.99)),
            format!("{:.2}", relay.latency_ms(0.99)),
        );
        for (name, us) in tandem.cost_us() {
            row(&format!("processor µs, {name}"), format!("{us:.1}"), String::new());
        }
        for (name, us) in relay.cost_us() {
            row(&format!("processor µs, {name}"), String::new(), format!("{us:.1}"));
        }
        for each in self.idle.iter().flatten() {
            row(&format!("idle client, {}, PSS KB", each.name), kilobytes(each.pss_bytes), String::new());
            row(&format!("idle client, {}, RSS KB", each.name), kilobytes(each.rss_bytes), String::new());
        }
        for each in self.idle_relay.iter().flatten() {
            row(&format!("idle client, {}, PSS KB", each.name), String::new(), kilobytes(each.pss_bytes));
        }
        let part = tandem.per_second() / relay.per_second().max(1.0);
        row("of the relay", format!("{:.0} %", part * 100.0), String::new());
        text
    }

    pub(crate) fn json(&self) -> String {
        let memory = |clients: &Option<Vec<PerClient>>| -> Value {
            let each = |each: &PerClient| {
                (each.name.to_owned(), json!({ "pss_bytes": each.pss_bytes, "rss_bytes": each.rss_bytes }))
            };
            clients.iter().flatten().map(each).collect::<serde_json::Map<_, _>>().into()
        };
        json!({
            "sessions": self.plan.sessions,
            "window": self.plan.window,
            "text_bytes": self.plan.text_bytes,
            "seconds": self.plan.duration.as_secs(),
            "tandem": self.tandem.value(),
            "relay": self.relay.value(),
            "idle_client": { "tandem": memory(&self.idle), "relay": memory(&self.idle_relay) },
            "faults": self.faults(),
        })
        .to_string()
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn kilobytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1_000.0)
}
