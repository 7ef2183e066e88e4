//! [`ServiceManager`]: what systemd is to a process that it starts: a socket on which it is told, and a watchdog.
//!
//! It knows `sd_notify(3)` and nothing of Tandem. It never acts on what it hears: a test does.

use std::{
    collections::HashMap,
    ffi::OsString,
    os::unix::net::UnixDatagram,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::deadline::eventually;

/// The longest datagram that is read whole; the states of one are some words.
const DATAGRAM_BYTES_MAX: usize = 4 * 1024;

/// How soon a listener sees that its manager is gone.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A manager of some services. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ServiceManager(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    /// Holds the sockets; deleted with the manager.
    folder: tempfile::TempDir,
    watchdog: Duration,
    services: Mutex<HashMap<String, Told>>,
}

/// What a service has told, every state in order, such as `READY=1`.
type Told = Arc<Mutex<Vec<String>>>;

impl ServiceManager {
    /// A manager that takes a service for hung when it gives no sign of life for so long.
    ///
    /// # Panics
    /// When no folder can be made.
    #[must_use]
    pub fn with_watchdog(watchdog: Duration) -> Self {
        let folder = tempfile::Builder::new().prefix("tandem-sd-").tempdir().expect("the temp folder is writable");
        Self(Arc::new(Inside { folder, watchdog, services: Mutex::default() }))
    }

    /// The begin of a command that runs as this service, in whichever of its lives.
    ///
    /// # Panics
    /// When its socket cannot be made.
    #[must_use]
    pub fn starts(&self, service: &str) -> Vec<OsString> {
        let path = self.path(service);
        let mut services = self.0.services.lock().expect("nobody panics while he holds it");
        services.entry(service.to_owned()).or_insert_with(|| listen(&path));
        let socket = format!("NOTIFY_SOCKET={}", path.display());
        let watchdog = format!("WATCHDOG_USEC={}", self.0.watchdog.as_micros());
        ["env".into(), socket.into(), watchdog.into()].to_vec()
    }

    /// Everything that a service has told so far, in order.
    ///
    /// # Panics
    /// When it was never started.
    #[must_use]
    pub fn told_by(&self, service: &str) -> Vec<String> {
        let services = self.0.services.lock().expect("nobody panics while he holds it");
        let told = services.get(service).unwrap_or_else(|| panic!("{service} was never started"));
        told.lock().expect("no listener panics").clone()
    }

    /// How often a service has told this.
    #[must_use]
    pub fn count(&self, service: &str, state: &str) -> usize {
        self.told_by(service).iter().filter(|told| *told == state).count()
    }

    /// Waits until a service has told this once more than `before`.
    ///
    /// # Panics
    /// When it does not.
    pub async fn hears_beyond(&self, before: usize, service: &str, state: &str) {
        let what = format!("{service} tells {state}");
        eventually(&what, async || (self.count(service, state) > before).then_some(())).await;
    }

    /// Waits until a service has told this.
    ///
    /// # Panics
    /// When it does not.
    pub async fn hears(&self, service: &str, state: &str) {
        self.hears_beyond(0, service, state).await;
    }

    fn path(&self, service: &str) -> std::path::PathBuf {
        self.0.folder.path().join(service.replace(' ', "-"))
    }
}

/// Listens in a thread of its own as long as the manager lives: what a service tells must not wait for a test to ask.
fn listen(path: &Path) -> Told {
    let socket = UnixDatagram::bind(path).expect("the folder is writable");
    socket.set_read_timeout(Some(LOOK_AGAIN)).expect("a socket can be made so");
    let told = Told::default();
    let kept = Arc::downgrade(&told);
    std::thread::spawn(move || {
        let mut datagram = [0; DATAGRAM_BYTES_MAX];
        while let Some(told) = kept.upgrade() {
            if let Ok(length) = socket.recv(&mut datagram) {
                let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
                told.lock().expect("nobody panics while he holds it").extend(text.lines().map(ToOwned::to_owned));
            }
        }
    });
    told
}
