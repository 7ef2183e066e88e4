//! `tandem certificates`: a private authority and the certificates of its machines, for who has no PKI.
//!
//! The authority's private key is needed to make further certificates and for nothing else: no process of Tandem reads it.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use clap::{Args, Subcommand};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use super::keys::write_secret;
use crate::lifecycle::failure::Failure;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the authority is believed: as long as whoever set it up may forget about it.
const AUTHORITY_DAYS: u32 = 10 * 365;

/// Its name in the certificates that it signs.
const AUTHORITY: &str = "Tandem private authority";

/// A clock that is behind by so much still believes a certificate that was made just now.
const BACKDATED: Duration = DAY;

/// Make certificates for links that are encrypted, without a PKI.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem certificates make --dir ./certificates --host engine-a.example.net --host 10.0.0.2
  tandem certificates make --dir ./certificates --host gateway-1.example.net      one more, of the same authority

A host is the name or address under which others dial the engine on that machine. Without an engine there, any name will do.")]
pub(super) struct CertificatesArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a certificate and a private key for each host, and the authority that signs them unless it is there already.
    Make(MakeArgs),
}

#[derive(Debug, Args)]
struct MakeArgs {
    /// Where the files are, made when missing. Only its owner can read the private keys in it.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// A host's name or IP address; once for each.
    #[arg(long = "host", value_name = "NAME", required = true)]
    hosts: Vec<String>,
    /// How long the certificates are good.
    #[arg(long, value_name = "DAYS", default_value_t = 730, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
}

impl CertificatesArgs {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let Action::Make(make) = self.action;
        make.execute()
    }
}

impl MakeArgs {
    fn execute(self) -> Result<(), Failure> {
        fs::create_dir_all(&self.dir)
            .map_err(|cause| Failure::runtime(anyhow::anyhow!("{} cannot be made: {cause}", self.dir.display())))?;
        // All names first: half of what was asked for would be in the way of asking again.
        let all: Result<Vec<_>, Failure> = self.hosts.iter().map(|host| self.asked_for(host)).collect();
        let all = all?;
        let issuer = authority(&self.dir)?;
        for (host, params) in all {
            let key = KeyPair::generate().map_err(Failure::runtime)?;
            let certificate = params.signed_by(&key, &issuer).map_err(Failure::runtime)?;
            write_secret(&self.dir.join(format!("{host}.key")), &key.serialize_pem())?;
            write_secret(&self.dir.join(format!("{host}.pem")), &certificate.pem())?;
        }
        self.tell()
    }

    fn asked_for(&self, host: &str) -> Result<(String, CertificateParams), Failure> {
        let refuse = |why: &str| Failure::usage(anyhow::anyhow!("--host {host} is refused; {why}"));
        if host.contains(['/', '\0']) || tandem_credentials::ServerName::try_from(host).is_err() {
            return Err(refuse("it must be the name of a host or an IP address"));
        }
        if [".pem", ".key"].iter().any(|ending| self.dir.join(format!("{host}{ending}")).exists()) {
            return Err(refuse("it has a certificate in this directory already, which is left as it is"));
        }
        let mut params = CertificateParams::new([host.to_owned()])
            .map_err(|_| refuse("it must be the name of a host or an IP address"))?;
        params.distinguished_name.push(DnType::CommonName, host);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // A machine's certificate is shown by whoever dials from there, too.
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        good_for(&mut params, self.days);
        Ok((host.to_owned(), params))
    }

    fn tell(&self) -> Result<(), Failure> {
        let dir = self.dir.display();
        let mut said = String::new();
        for host in &self.hosts {
            said.push_str(&format!("to {host}: {dir}/{host}.pem, {dir}/{host}.key and {dir}/authority.pem\n"));
        }
        said.push_str(&format!(
            "On each machine, in [links]: certificate and private-key are its own two files, authorities is \
             authority.pem.\nKeep {dir}/authority.key where no process of Tandem runs: it makes further certificates.\n"
        ));
        io::stdout().write_all(said.as_bytes()).map_err(Failure::runtime)
    }
}

/// The authority of this directory; made, where it has none.
fn authority(dir: &Path) -> Result<Issuer<'static, KeyPair>, Failure> {
    let (certificate, key) = (dir.join("authority.pem"), dir.join("authority.key"));
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    good_for(&mut params, AUTHORITY_DAYS);
    if certificate.exists() && key.exists() {
        let unreadable = |why: String| Failure::runtime(anyhow::anyhow!("{} cannot be read: {why}", key.display()));
        let pem = fs::read_to_string(&key).map_err(|cause| unreadable(cause.to_string()))?;
        let own = KeyPair::from_pem(&pem).map_err(|_| unreadable("it is no private key in PEM".into()))?;
        return Ok(Issuer::new(params, own));
    }
    if certificate.exists() || key.exists() {
        let (there, missing) = if certificate.exists() { (&certificate, &key) } else { (&key, &certificate) };
        return Err(Failure::usage(anyhow::anyhow!(
            "{} is there and {} is not; bring it back, or take another directory for a new authority",
            there.display(),
            missing.display()
        )));
    }
    let own = KeyPair::generate().map_err(Failure::runtime)?;
    let made = params.self_signed(&own).map_err(Failure::runtime)?;
    write_secret(&key, &own.serialize_pem())?;
    write_secret(&certificate, &made.pem())?;
    Ok(Issuer::new(params, own))
}

fn good_for(params: &mut CertificateParams, days: u32) {
    let now = SystemTime::now();
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + DAY * days).into();
}
