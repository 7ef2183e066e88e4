//! The certificate with which a server proves that it is `localhost`, and the one that vouches for it.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// A root certificate, and one for `localhost` with its key, in PEM.
pub(crate) fn certificates() -> (String, String, String) {
    let key = || KeyPair::generate().expect("a key is made");
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, key()).expect("signs");
    let own = key();
    let server = CertificateParams::new(["localhost".to_owned()]).expect("is a name");
    let server = server.signed_by(&own, &root).expect("signs");
    (root.pem(), server.pem(), own.serialize_pem())
}
