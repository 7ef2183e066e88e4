//! What a person reads of a drill.

use tandem_drill::Report;
use tandem_protocol::control::{Drill, DrillFailure, Gaps};

/// The result, a line each.
pub(super) fn result(report: &Report) -> String {
    let Drill { acknowledged, lost, doubled, out_of_order, disconnected, sessions, every_ms, took_ms, .. } =
        report.drill;
    let mut lines = vec![verdict(&report.drill)];
    if let Some(gaps) = &report.drill.gaps {
        let [p50, p99, max] = figures(gaps);
        lines.push(format!(
            "  gap       p50 {p50}, p99 {p99}, max {max}; {sessions} sessions, a message every {every_ms} ms"
        ));
        lines.push(format!(
            "  messages  {acknowledged} acknowledged, {lost} lost, {doubled} doubled, {out_of_order} out of order"
        ));
        lines.push(format!("  clients   {disconnected} disconnected"));
    }
    let took = took_ms as f64 / 1_000.0;
    lines.push(format!("  took      {took:.1} s"));
    lines.extend(report.remarks.iter().map(|remark| format!("  note      {remark}")));
    lines.join("\n")
}

fn verdict(drill: &Drill) -> String {
    let (from, what) = (&drill.from, rehearsed(drill.failure));
    match (&drill.aborted, &drill.to) {
        (Some(why), _) => format!("not carried through: {why}"),
        (None, Some(to)) if drill.is_passed() => format!("passed: engine {from} {what}, engine {to} took over"),
        (None, Some(to)) => format!("NOT PASSED: engine {from} {what}, engine {to} took over"),
        (None, None) => format!("NOT PASSED: engine {from} {what}, nobody took over"),
    }
}

fn rehearsed(failure: DrillFailure) -> &'static str {
    match failure {
        DrillFailure::Kill => "was killed",
        DrillFailure::Hang => "hung",
        DrillFailure::Switchover => "handed over",
    }
}

/// The three figures of a gap.
pub(super) fn figures(gaps: &Gaps) -> [String; 3] {
    [gaps.p50_us, gaps.p99_us, gaps.max_us].map(|us| format!("{:.0} ms", us as f64 / 1_000.0))
}

#[cfg(test)]
mod tests {
    use super::{super::history::tests::drill, *};

    #[test]
    fn a_person_reads_whether_it_is_passed_and_what_it_cost() {
        let report = Report { drill: drill(1, DrillFailure::Kill), remarks: vec!["All is well.".into()] };
        assert_eq!(
            result(&report),
            "passed: engine a was killed, engine b took over\n  \
             gap       p50 210 ms, p99 240 ms, max 251 ms; 50 sessions, a message every 100 ms\n  \
             messages  1840 acknowledged, 0 lost, 0 doubled, 0 out of order\n  \
             clients   0 disconnected\n  \
             took      9.8 s\n  \
             note      All is well."
        );
    }

    #[test]
    fn what_is_not_passed_or_not_carried_through_says_so() {
        let mut drill = drill(1, DrillFailure::Hang);
        drill.lost = 1;
        assert_eq!(verdict(&drill), "NOT PASSED: engine a hung, engine b took over");
        drill.aborted = Some("called off by the operator".into());
        assert_eq!(verdict(&drill), "not carried through: called off by the operator");
    }
}
