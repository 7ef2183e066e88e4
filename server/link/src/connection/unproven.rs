//! Why the two sides of a connection do not believe each other, one sentence for each side's log.
//!
//! It says what a person has to change and nothing of a secret. The names of settings in it are those of `[links]`.

use tokio_rustls::rustls;

/// See the module. The first are of who dials, the next of who accepts, the last of both.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// Dialling: only the other side has keys.
    #[error("the engine asks for a shared key and this side has none; give it the same links.key-file")]
    KeyWanted,
    /// Dialling: only this side has keys.
    #[error("this side has a shared key and the engine has none; give it the same links.key-file")]
    NoKeyThere,
    /// Dialling: the engine does not accept this side's key.
    #[error("the engine does not have the shared key of this side; give both the same links.key-file")]
    KeyRefused,
    /// Dialling: whoever answers has accepted this side's key and cannot prove that it has it.
    #[error("whoever answers there does not prove that it has the shared key: it is no engine of this installation")]
    Impostor,
    /// Dialling: only the other side has a certificate.
    #[error("the engine's links are encrypted and this side has no certificate; set links.certificate")]
    TlsWanted,
    /// Dialling: only this side has a certificate.
    #[error("this side encrypts its links and the engine does not; set links.certificate there")]
    NoTlsThere,
    /// Dialling: no certificate can be for what is dialled.
    #[error("no certificate can be for the name that is dialled; set links.server-name")]
    NoServerName,
    /// Dialling: the engine has a list of peers, and this side is not on it.
    #[error("the engine's links.peers has none of the names in this side's certificate")]
    NoPeerThere,
    /// Accepting: only this side has keys.
    #[error("whoever connects has no shared key; give it the same links.key-file")]
    NoKey,
    /// Accepting: only the other side has keys.
    #[error("whoever connects has a shared key and this engine has none; give it the same links.key-file")]
    KeyUnwanted,
    /// Accepting: the keys differ, or the proof is not one for this connection.
    #[error("whoever connects does not have the shared key of this engine; give both the same links.key-file")]
    WrongKey,
    /// Accepting: only this side has a certificate.
    #[error("whoever connects does not encrypt; set links.certificate there")]
    Plain,
    /// Accepting: only the other side has a certificate.
    #[error("whoever connects encrypts and this engine does not; set links.certificate")]
    TlsUnwanted,
    /// The certificates or the encryption do not do. What rustls says holds no secret.
    #[error("the certificates are not accepted: {0}")]
    Tls(#[source] rustls::Error),
    /// The certificate is good and its name is not among the peers.
    #[error("the other side's certificate has none of the names in links.peers")]
    NoPeer,
}
