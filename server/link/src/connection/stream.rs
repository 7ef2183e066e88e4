//! The bytes beneath a connection's WebSocket: plain, or encrypted. A plain one costs a call through a table.
//!
//! Until the other side has proven itself, only so many bytes are taken from it: a frame of the largest size is for those
//! who are believed (B-1).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::TlsStream;

/// Bytes of a handshake, a proof and a hello: many times what they have.
pub(super) const UNPROVEN_BYTES_MAX: usize = 64 * 1024;

/// See the module.
pub(super) struct Stream {
    bytes: Bytes,
    /// How many may still come from one who has not proven itself; none where that is not asked for, or done.
    allowance: Option<usize>,
}

enum Bytes {
    Plain(TcpStream),
    /// Boxed since what encrypts is large, and few links are ever moved.
    Tls(Box<TlsStream<TcpStream>>),
}

/// What both kinds have in common.
trait Both: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Both for T {}

impl Stream {
    pub(super) fn plain(tcp: TcpStream) -> Self {
        Self { bytes: Bytes::Plain(tcp), allowance: None }
    }

    pub(super) fn encrypted(tls: impl Into<TlsStream<TcpStream>>) -> Self {
        Self { bytes: Bytes::Tls(Box::new(tls.into())), allowance: None }
    }

    /// From now on the other side may say no more than [`UNPROVEN_BYTES_MAX`], until [`Stream::trust`].
    pub(super) fn distrust(&mut self) {
        self.allowance = Some(UNPROVEN_BYTES_MAX);
    }

    pub(super) fn trust(&mut self) {
        self.allowance = None;
    }

    fn inner(&mut self) -> Pin<&mut dyn Both> {
        match &mut self.bytes {
            Bytes::Plain(tcp) => Pin::new(tcp),
            Bytes::Tls(tls) => Pin::new(&mut **tls),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(allowance) = self.allowance else { return self.inner().poll_read(cx, buffer) };
        let had = buffer.filled().len();
        ready!(self.inner().poll_read(cx, buffer))?;
        match allowance.checked_sub(buffer.filled().len() - had) {
            None => Poll::Ready(Err(io::Error::new(io::ErrorKind::FileTooLarge, "too much before a proof"))),
            left => {
                self.allowance = left;
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.inner().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_shutdown(cx)
    }
}
