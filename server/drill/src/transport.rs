//! The way to a gateway: over the network, or within one.

use std::io;

use async_trait::async_trait;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// What a WebSocket goes over.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A gateway, as a customer's browser reaches it.
#[async_trait]
pub trait Gateway: Send + Sync + 'static {
    /// Its host, with the port where it is not the usual one, for the `Host` header.
    fn authority(&self) -> &str;

    /// A new connection, ready for HTTP.
    async fn connect(&self) -> io::Result<Box<dyn Stream>>;
}

/// A gateway that is reached in plain text.
#[derive(Debug, Clone)]
pub struct TcpGateway {
    /// `host:port`.
    pub address: String,
}

#[async_trait]
impl Gateway for TcpGateway {
    fn authority(&self) -> &str {
        &self.address
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(&self.address).await?;
        // Without it small frames wait for the acknowledgement of others.
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}
