//! `tandem engine`: opens the store, listens, and is one engine of a pair until it is asked to end.

use std::ffi::OsString;

use tandem_credentials::watch;
use tandem_engine::{Engine, EngineRole as State, EngineSettings, SaveSettings};
use tandem_link::Credentials;
use tandem_protocol::EngineName;
use tandem_session::{LeaseTimes, SessionSettings};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    credentials,
    lifecycle::{
        data_dir::DataDir,
        failure::Failure,
        listen::listen,
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
    let settings = engine_settings(&pair, &engine, advertise, credentials);
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
    let roles = tokio::spawn(report_roles(name, running.role()));
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
    roles.abort();
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
) -> EngineSettings {
    let options = &engine.settings;
    let resend_attempts = options.transcript_resend_attempts.0;
    EngineSettings {
        name: engine.name.0.clone(),
        pair: pair.name.0.clone(),
        advertise,
        software: env!("CARGO_PKG_VERSION").to_owned(),
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

/// Says on stdout what the engine is, at each change, until the engine ends.
async fn report_roles(name: EngineName, mut roles: watch::Receiver<State>) {
    loop {
        let state = roles.borrow_and_update().clone();
        let said = match state {
            State::Undecided => None,
            State::Primary { epoch } => Some((PairRole::Primary, epoch)),
            State::Backup { epoch, .. } => Some((PairRole::Backup, epoch)),
        };
        if let Some((role, epoch)) = said {
            Report::Role(EngineRole { name: name.clone(), role, epoch }).print();
        }
        if roles.changed().await.is_err() {
            return;
        }
    }
}
