//! `tandem engine`: opens the store, listens, and is one engine of a pair until it is asked to end.

use std::ffi::OsString;

use tandem_credentials::watch;
use tandem_engine::{Engine, EngineRole as State, EngineSettings, SaveSettings};
use tandem_link::Credentials;
use tandem_protocol::{EngineName, Epoch};
use tandem_session::{LeaseTimes, SessionSettings};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    credentials,
    lifecycle::{
        data_dir::DataDir,
        failure::Failure,
        listen::listen,
        notify::Notifier,
        report::{EngineRole, PairRole, Ready, Report},
        signals::{EndSignals, SwitchoverSignal},
    },
    metrics::{Metrics, Shown},
    settings::{EngineSection, LinksSection, MetricsSection, PairSection, StoreSection, TracesSection},
    store::Place,
    traces::Traces,
};

/// Serves until a signal asks to end.
pub(crate) async fn serve(
    pair: PairSection,
    store: StoreSection,
    engine: EngineSection,
    links: LinksSection,
    metrics: MetricsSection,
    traces: TracesSection,
) -> Result<(), Failure> {
    let mut signals = EndSignals::take().map_err(Failure::runtime)?;
    let mut switchover = SwitchoverSignal::take().map_err(Failure::runtime)?;
    let credentials = credentials::of_links(&links).map_err(Failure::runtime)?;
    let _watching = watch(credentials.to_watch());
    let name = engine.name.0.clone();
    let path = &engine.data_dir.0.0;
    let place = Place::of(&store, path).map_err(Failure::runtime)?;
    let Some(opened) = signals.unless_received(place.open_store(&pair.name.0)).await else { return Ok(()) };
    let store = opened.map_err(Failure::runtime)?;
    let _lock = DataDir::at(path).and_then(|data| data.lock_engine(&pair.name.0, &name)).map_err(Failure::runtime)?;
    let listener = listen(&format!("engine {name}"), engine.listen.0).map_err(Failure::runtime)?;
    let address = listener.local_addr().map_err(Failure::runtime)?.to_string();
    let advertise = engine.advertise.as_ref().map_or_else(|| address.clone(), |advertise| advertise.0.to_string());
    let store_place = place.clone().absolute().to_string();
    let settings = engine_settings(&pair, &engine, advertise, credentials, store_place);
    let listener = TcpListener::from_std(listener).map_err(Failure::runtime)?;
    let journal = place.open_journal();
    let about = [("tandem.pair", pair.name.0.to_string()), ("tandem.engine", name.to_string())];
    let traces = Traces::start(&traces, "engine", &about).map_err(Failure::runtime)?;
    let mut running = Engine::start(settings, store, journal, listener).map_err(Failure::runtime)?;
    let pid = std::process::id();
    let metrics = Metrics::show(&metrics, Shown::Engine(&pair.name.0, &name)).map_err(Failure::runtime)?;
    let (address, shown) = (Some(address), metrics.address());
    let ready = Ready { role: "engine".into(), name: name.to_string(), address, metrics: shown, pid };
    Report::Ready(ready).print();
    let notifier = Notifier::of_this_process();
    let roles = tokio::spawn(report_roles(name, running.role(), notifier.clone()));
    let pulse = running.pulse();
    let signs = tokio::spawn(notifier.clone().watch(async move || pulse.answers().await));
    let ended = loop {
        let restart = running.restart_asked();
        tokio::select! {
            () = signals.received() => break Ok(()),
            () = restart => break Err(Failure::StartAgain),
            error = running.failed() => break Err(Failure::runtime(error)),
            () = switchover.received() => {}
        }
        running.switch_over().await;
    };
    notifier.stopping();
    roles.abort();
    signs.abort();
    if !matches!(ended, Err(Failure::Runtime(_))) {
        running.shutdown().await.map_err(Failure::runtime)?;
    }
    traces.end().await;
    ended
}

fn engine_settings(
    pair: &PairSection,
    engine: &EngineSection,
    advertise: String,
    credentials: Credentials,
    store_place: String,
) -> EngineSettings {
    let options = &engine.settings;
    let resend_attempts = options.transcript_resend_attempts.0;
    EngineSettings {
        name: engine.name.0.clone(),
        pair: pair.name.0.clone(),
        advertise,
        software: env!("CARGO_PKG_VERSION").to_owned(),
        store_place,
        speaks: pair.speaks(),
        lease: LeaseTimes { renew: engine.lease.renew.0, expiry: engine.lease.expiry.0 },
        sessions: SessionSettings {
            client_disconnect_timeout: options.client_disconnect_timeout.0,
            sessions_max: options.limit_for_sessions.as_usize(),
            clients_max: options.limit_for_clients.as_usize(),
            message_bytes_max: options.message_bytes_max.as_usize(),
            restoration: options.session_restoration_mode.0,
            auto_save: options.auto_save(),
            on_save_error: options.transcript_save_on_error.0,
            kept_notices: options.transcript_save_notices.0,
            inactivity: engine.inactivity_control.inactivity(),
        },
        save: SaveSettings {
            resend_attempts: u32::try_from(resend_attempts).expect("the bound is 1,000"),
            resend_delay: options.transcript_resend_delay.0,
        },
        allow_drills: engine.allow_drills,
        waker: waker(),
        credentials,
    }
}

/// This very program, even where another one stands in its file by now.
fn waker() -> Vec<OsString> {
    ["/proc/self/exe", "wake"].map(OsString::from).into()
}

/// Says on stdout and to the service manager what the engine is, at each change, until the engine ends. To the manager it
/// is ready once it is anything: whoever is started after it finds a pair.
async fn report_roles(name: EngineName, mut roles: watch::Receiver<State>, notifier: Notifier) {
    let mut told = None;
    loop {
        let news = news(&roles.borrow_and_update(), told);
        if let Some((role, epoch)) = news {
            let report = Report::Role(EngineRole { name: name.clone(), role, epoch });
            report.print();
            match told.replace((role, epoch)) {
                Some(_) => notifier.status(&report.to_string()),
                None => notifier.ready(&report.to_string()),
            }
        }
        if roles.changed().await.is_err() {
            return;
        }
    }
}

/// What there is to say of a state after what was said last: an engine that was undecided for a moment and is what it was
/// has nothing to say.
fn news(state: &State, told: Option<(PairRole, Epoch)>) -> Option<(PairRole, Epoch)> {
    let now = match state {
        State::Undecided => return None,
        State::Primary { epoch } => (PairRole::Primary, *epoch),
        State::Backup { epoch, .. } => (PairRole::Backup, *epoch),
    };
    (told != Some(now)).then_some(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_is_what_it_was_after_a_moment_says_nothing() {
        let backup = |epoch| State::Backup { primary: EngineName::new("b").expect("is a name"), epoch: Epoch(epoch) };
        let told = Some((PairRole::Backup, Epoch(2)));
        assert_eq!(news(&backup(2), None), told);
        assert_eq!(news(&State::Undecided, told), None);
        assert_eq!(news(&backup(2), told), None);
        assert_eq!(news(&backup(3), told), Some((PairRole::Backup, Epoch(3))));
        assert_eq!(news(&State::Primary { epoch: Epoch(2) }, told), Some((PairRole::Primary, Epoch(2))));
    }
}
