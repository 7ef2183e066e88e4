//! Where metrics are shown, and where traces go.

use super::*;

fn settings(text: &str) -> Settings {
    let (_folder, path) = file(text);
    load(&Given { file: Some(path), ..Given::default() }).expect("is fine").settings
}

#[test]
fn metrics_of_the_whole_are_on_five_ports_that_an_operator_knows_or_can_choose() {
    assert_eq!(settings("").run.metrics_ports(), Some([7311, 7312, 7313, 7314, 7315]));
    assert_eq!(settings("[run]\nmetrics-port = \"9100\"").run.metrics_ports(), Some([9100, 9101, 9102, 9103, 9104]));
    assert_eq!(settings("[run]\nmetrics-port = \"off\"").run.metrics_ports(), None);
    let free = Some([0; 5]);
    assert_eq!(settings("[run]\nmetrics-port = \"0\"").run.metrics_ports(), free);
    let any = "whoever takes any ports for the engines takes any for these";
    assert_eq!(settings("[run]\nengine-ports = \"0\"").run.metrics_ports(), free, "{any}");
}

#[test]
fn metrics_are_shown_nowhere_unless_told_and_to_other_machines_only_in_so_many_words() {
    assert_eq!(settings("").metrics.listen, None);
    let open = "[metrics]\nlisten = \"0.0.0.0:9100\"\nallow-plain-http = true";
    assert_eq!(settings(open).metrics.listen.expect("is set").0.port(), 9100);
    let expected = "FILE: metrics.listen = \"0.0.0.0:9100\" is refused: other machines reach it, and whoever connects \
                    reads all figures unencrypted; listen on a loopback address, or set metrics.allow-plain-http = \
                    true where only trusted machines connect";
    assert_eq!(refused("[metrics]\nlisten = \"0.0.0.0:9100\""), expected);
}

#[test]
fn traces_go_nowhere_unless_told_and_then_one_message_in_a_hundred_is_traced() {
    let default = settings("").traces;
    assert!(default.endpoint.is_none());
    assert_eq!(default.sample.0, 0.01);
    let traces = settings("[traces]\nendpoint = \"http://127.0.0.1:4318/\"\nsample = 1").traces;
    assert_eq!(traces.endpoint.expect("is set").0.to_string(), "http://127.0.0.1:4318");
    assert_eq!(traces.sample.0, 1.0);
    let environment = vec![variable("TANDEM_TRACES__SAMPLE", "0.25")];
    let given = Given { environment, ..Given::default() };
    assert_eq!(load(&given).expect("is fine").settings.traces.sample.0, 0.25);
}

#[test]
fn a_sample_beyond_the_whole_and_a_collector_behind_tls_are_refused() {
    let expected = "FILE: traces.sample = 1.5 is refused; it must be a number from 0 to 1, such as 0.01 for one in a \
                    hundred";
    assert_eq!(refused("[traces]\nsample = 1.5"), expected);
    let expected = "FILE: traces.endpoint = \"https://c:4318\" is refused; it must be http:// with a host and a port, \
                    such as \"http://127.0.0.1:4318\"; a collector beside Tandem can pass traces on by TLS";
    assert_eq!(refused("[traces]\nendpoint = \"https://c:4318\""), expected);
}
