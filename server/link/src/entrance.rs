//! The first moment of a connection that should be encrypted and perhaps is not: what the other side begins with, and a last
//! word in its own language. An engine has it for links, a gateway for browsers.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// The first byte of TLS, a handshake's record (RFC 8446 §5.1); no request of HTTP begins with it.
const HANDSHAKE_RECORD: u8 = 0x16;

/// How long a last word may take to be read. Closing while bytes arrive would take it back.
const LAST_WORD_MAX: Duration = Duration::from_secs(1);

/// Whether the other side begins with TLS; none where it says nothing and is gone. What it says stays to be read.
pub async fn begins_tls(tcp: &TcpStream) -> io::Result<Option<bool>> {
    let mut first = [0];
    Ok((tcp.peek(&mut first).await? > 0).then_some(first[0] == HANDSHAKE_RECORD))
}

/// Says a last word and keeps the connection until the other side has ended it too, or has had the time to.
pub async fn say_last(mut stream: impl AsyncRead + AsyncWrite + Unpin, last: &[u8]) {
    let goodbye = async {
        stream.write_all(last).await?;
        stream.shutdown().await?;
        let mut ignored = [0; 1024];
        while stream.read(&mut ignored).await? > 0 {}
        io::Result::Ok(())
    };
    // Whoever does not take it is left to itself.
    let _ = timeout(LAST_WORD_MAX, goodbye).await;
}
