//! [`Way`]: a way through the network to a server, which can be cut and mended.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// A way to a server by a port of its own. It ends with the test.
#[derive(Debug)]
pub struct Way {
    port: u16,
    is_open: watch::Sender<bool>,
    /// Whoever listens and passes on; ended with this.
    _passing: JoinSet<()>,
}

impl Way {
    /// A way to a server that listens at this port of 127.0.0.1.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (is_open, open) = watch::channel(true);
        let mut passing = JoinSet::new();
        let server = SocketAddr::from(([127, 0, 0, 1], server));
        passing.spawn(listen(listener, server, open));
        Self { port, is_open, _passing: passing }
    }

    /// The port at which it begins.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every connection on it, and every one that is tried until it is mended.
    pub fn cut(&self) {
        self.is_open.send_replace(false);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.is_open.send_replace(true);
    }
}

async fn listen(listener: TcpListener, server: SocketAddr, open: watch::Receiver<bool>) {
    let mut passing = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        passing.spawn(pass(client, server, open.clone()));
        // What has ended is let go of, so that a long test does not gather it.
        while passing.try_join_next().is_some() {}
    }
}

/// Passes bytes on, both ways, until either side ends or the way is cut.
async fn pass(mut client: TcpStream, server: SocketAddr, mut open: watch::Receiver<bool>) {
    let passing = async {
        if let Ok(mut server) = TcpStream::connect(server).await {
            // How it ends is for its two sides to see.
            drop(copy_bidirectional(&mut client, &mut server).await);
        }
    };
    tokio::select! {
        // Looked at first: on a way that is cut nothing is passed on.
        biased;
        _ = open.wait_for(|is_open| !is_open) => {}
        () = passing => {}
    }
}
