//! A way to a gateway that encrypts, for clients of the harness that do not: what they say goes through TLS and so arrives
//! as HTTPS and secure WebSockets.

use std::{io, path::Path, sync::Arc};

use tandem_credentials::{ClientConfig, ServerName, client_side};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// See the module. It ends when it is dropped.
#[derive(Debug)]
pub struct Tunnel {
    /// `host:port` of its plain end.
    pub address: String,
    accepting: JoinHandle<()>,
}

impl Tunnel {
    /// A tunnel to this gateway, which must show a certificate of these authorities.
    ///
    /// # Panics
    /// When there is no free port, or the file is none of certificates.
    pub async fn to(gateway: &str, authorities: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("is bound").to_string();
        let config = client_side(Some(authorities)).expect("are certificates");
        let gateway = gateway.to_owned();
        let accepting = tokio::spawn(async move {
            while let Ok((mut plain, _)) = listener.accept().await {
                let (gateway, config) = (gateway.clone(), config.clone());
                // It ends with either end. Whoever is at the plain one sees a connection that ended where there is no way.
                tokio::spawn(async move {
                    let Ok(mut encrypted) = encrypted(&gateway, config).await else { return };
                    let _ = copy_bidirectional(&mut plain, &mut encrypted).await;
                });
            }
        });
        Self { address, accepting }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A connection to a gateway, which must show a certificate of these authorities.
///
/// # Errors
/// When it does not.
pub async fn connect(gateway: &str, authorities: &Path) -> io::Result<TlsStream<TcpStream>> {
    encrypted(gateway, client_side(Some(authorities)).expect("are certificates")).await
}

async fn encrypted(gateway: &str, config: Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(gateway).await?;
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from("127.0.0.1").expect("is an address");
    TlsConnector::from(config).connect(name, tcp).await
}
