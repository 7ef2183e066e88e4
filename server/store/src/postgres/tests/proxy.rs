//! A network between a store and its server that breaks at the worst moment.
//!
//! It passes bytes on until it is told what to do with the next thing that a client says, and does that once.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinHandle,
};

use super::server::{Database, USER, parsed, within};
use crate::PostgresAddress;

/// How much a client says at once, at most.
const SAID_BYTES_MAX: usize = 64 * 1024;

/// What happens to the next thing that a client says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Break {
    /// It does not reach the server, and the connection is gone.
    BeforeTheServer,
    /// The server does it, and the connection is gone before its answer.
    AfterTheServer,
    /// The connection is gone for the client; the server hears it when [`Proxy::deliver`] says so.
    Late,
}

/// What is on its way to the server while its client has given up.
struct Late {
    server: UnixStream,
    said: Vec<u8>,
}

/// The network. It ends with the test.
pub(super) struct Proxy {
    port: u16,
    plan: Arc<Mutex<Option<Break>>>,
    late: Receiver<Late>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A network to the server of this database.
    pub(super) async fn to(database: &Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let plan = Arc::new(Mutex::new(None));
        let (sender, late) = channel(1);
        let (socket, of_all) = (database.server().socket(), Arc::clone(&plan));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                drop(tokio::spawn(pass(client, socket.clone(), Arc::clone(&of_all), sender.clone())));
            }
        });
        Self { port, plan, late, task }
    }

    /// The database by way of this network.
    pub(super) fn address(&self, database: &Database) -> PostgresAddress {
        parsed(&format!("postgres://{USER}@127.0.0.1:{}/{}?sslmode=disable", self.port, database.name()))
    }

    /// Breaks at the next thing that a client says.
    pub(super) fn will_break(&self, how: Break) {
        *self.plan.lock().expect("nobody panics while he plans") = Some(how);
    }

    /// Lets the server hear what was said late; gives its whole answer.
    pub(super) async fn deliver(&mut self) -> String {
        let mut late = within("something is said", self.late.recv()).await.expect("the network is there");
        late.server.write_all(&late.said).await.expect("the server reads");
        let mut answer = Vec::new();
        // The server's last word is that it is ready for more: Z, a length of five, and a state.
        while !answer.windows(5).any(|word| word == b"Z\0\0\0\x05") {
            let mut bytes = [0; 1024];
            let read = within("the server answers", late.server.read(&mut bytes)).await.expect("the server answers");
            assert_ne!(read, 0, "the server does not hang up");
            answer.extend_from_slice(&bytes[..read]);
        }
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, socket: PathBuf, plan: Arc<Mutex<Option<Break>>>, late: Sender<Late>) {
    let Ok(mut server) = UnixStream::connect(socket).await else { return };
    loop {
        let mut said = vec![0; SAID_BYTES_MAX];
        let mut answered = vec![0; SAID_BYTES_MAX];
        tokio::select! {
            read = client.read(&mut said) => {
                let Ok(read @ 1..) = read else { return };
                said.truncate(read);
                let how = plan.lock().expect("nobody panics while he plans").take();
                if let Some(how) = how {
                    return break_off(client, server, said, how, &late).await;
                }
                if server.write_all(&said).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                if client.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn break_off(client: TcpStream, mut server: UnixStream, said: Vec<u8>, how: Break, late: &Sender<Late>) {
    match how {
        Break::BeforeTheServer => {}
        Break::AfterTheServer => {
            let mut answer = [0; 1024];
            // Its answer comes after its commit.
            if server.write_all(&said).await.is_ok() {
                drop(server.read(&mut answer).await);
            }
        }
        Break::Late => drop(late.send(Late { server, said }).await),
    }
    drop(client);
}
