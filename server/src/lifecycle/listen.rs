//! Listening, with a refusal that says what to do.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
};

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    /// Another process does.
    #[error("{who} cannot listen on {address}: the port is in use by another program; end it or choose another port")]
    InUse {
        /// Who wants to listen.
        who: String,
        /// Where.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("{who} cannot listen on {address}: {cause}")]
    Failed {
        /// Who wants to listen.
        who: String,
        /// Where.
        address: SocketAddr,
        /// Why not.
        cause: io::Error,
    },
}

/// Listens; the socket is non-blocking, as tokio wants it.
pub(crate) fn listen(who: &str, address: SocketAddr) -> Result<TcpListener, ListenError> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|cause| match cause.kind() {
        ErrorKind::AddrInUse => ListenError::InUse { who: who.to_owned(), address },
        _ => ListenError::Failed { who: who.to_owned(), address, cause },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_named_with_what_to_do() {
        let first = listen("the gateway", SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let address = first.local_addr().expect("is bound");
        let refused = listen("the gateway", address).expect_err("is busy").to_string();
        let expected = format!(
            "the gateway cannot listen on {address}: the port is in use by another program; end it or choose another \
             port"
        );
        assert_eq!(refused, expected);
    }
}
