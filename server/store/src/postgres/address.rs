//! [`PostgresAddress`]: where a PostgreSQL database is and how to get in, as an operator writes it.
//!
//! It is parsed here and not by the driver so that every mistake has a sentence of its own, and so that nothing of a
//! password is ever printed: neither this type nor its errors repeat anything that may be a part of one.

use std::{fmt, path::PathBuf, str::FromStr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The port of a host that names none.
const DEFAULT_PORT: u16 = 5432;

/// Hosts of one address: a primary, its standbys, and room. Each may cost a connection attempt its time.
const HOSTS_MAX: usize = 8;

/// What a part of an address may have in it as it is: what RFC 3986 §2.3 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `postgres://user:password@host:port,host:port/database?sslmode=…&sslrootcert=…`, parsed. Prints without the
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    pub(super) user: String,
    pub(super) password: Option<Vec<u8>>,
    /// One at least, in the order in which they are tried.
    pub(super) hosts: Vec<Host>,
    pub(super) database: String,
    pub(super) tls: TlsMode,
}

/// One server of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) place: Place,
    pub(super) port: u16,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A name or an address.
    Network(String),
    /// The folder of its socket.
    Socket(PathBuf),
}

/// What is asked of the connection's encryption, by the names that PostgreSQL's own tools use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TlsMode {
    /// Never.
    Disable,
    /// If the server offers it; whoever sits between can take it away.
    Prefer,
    /// Always, with whichever server: helps against listeners only.
    Require,
    /// Always, with a server whose certificate is good and names the host.
    VerifyFull {
        /// A PEM file with the certificates to trust; without, those of the system.
        root: Option<PathBuf>,
    },
}

/// Why a text is not an address. One sentence for the operator; no part of the text is in it but a parameter's name,
/// which is read only once the user and the password are known to be something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It begins otherwise.
    #[error("it does not begin with postgres:// or postgresql://")]
    Scheme,
    /// There is no `user@`.
    #[error(
        "it names no user: write postgres://user:password@host/database, with %40 for @, %3A for :, %2F for / and %3F \
         for ? in a password"
    )]
    User,
    /// There is no host, neither before the database nor as `host=`.
    #[error("it names no host")]
    Host,
    /// There are too many hosts.
    #[error("it names more than {max} hosts", max = HOSTS_MAX)]
    Hosts,
    /// A port is no number from 1 to 65535.
    #[error("a port in it is not a number from 1 to 65535")]
    Port,
    /// There is no database.
    #[error("it names no database: write postgres://user:password@host/database")]
    Database,
    /// A `%` is not followed by two hexadecimal digits of UTF-8, or a NUL hides there.
    #[error("it has a % that stands for no character")]
    Encoding,
    /// A parameter is not known.
    #[error("it has the parameter {0:?}; known are host, sslmode and sslrootcert")]
    Parameter(String),
    /// `sslmode` has another value.
    #[error("its sslmode is none of disable, prefer, require and verify-full")]
    SslMode,
    /// `sslrootcert` would have no effect.
    #[error("its sslrootcert has an effect only with sslmode=verify-full")]
    RootWithoutVerification,
}

impl FromStr for PostgresAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let rest = rest.ok_or(AddressError::Scheme)?;
        // Whatever stands before the first / or ? is user and hosts; the last @ in it ends the password.
        let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(authority_end);
        let (credentials, hosts) = authority.rsplit_once('@').ok_or(AddressError::User)?;
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (credentials, None),
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let parameters = Parameters::parse(query)?;
        let database = decode(path.strip_prefix('/').unwrap_or_default())?;
        let user = decode(user)?;
        match () {
            () if user.is_empty() => Err(AddressError::User),
            () if database.is_empty() => Err(AddressError::Database),
            () => Ok(Self {
                user,
                password: password.map(decode).transpose()?.map(String::into_bytes),
                hosts: self::hosts(hosts, parameters.host)?,
                database,
                tls: tls(parameters.sslmode.as_deref(), parameters.sslrootcert)?,
            }),
        }
    }
}

impl PostgresAddress {
    /// Whether a password stands in it.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// The same with this password, which came another way.
    #[must_use]
    pub fn with_password(self, password: impl Into<Vec<u8>>) -> Self {
        Self { password: Some(password.into()), ..self }
    }

    /// As it may be written again, with everything in it but the password.
    #[must_use]
    pub fn without_password(&self) -> String {
        let [user, database] = [&self.user, &self.database].map(|part| utf8_percent_encode(part, RESERVED));
        format!("postgres://{user}@{}/{database}?{}", self.hosts(), self.tls)
    }

    fn hosts(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        hosts.join(",")
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = if self.password.is_some() { ":***" } else { "" };
        write!(f, "postgres://{}{password}@{}/{}", self.user, self.hosts(), self.database)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresAddress({self}, {:?})", self.tls)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Network(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Place::Network(name) => write!(f, "{}:{}", utf8_percent_encode(name, RESERVED), self.port),
            // As it may be written in an address, whose hosts end at the first slash.
            Place::Socket(folder) => {
                write!(f, "{}:{}", utf8_percent_encode(&folder.display().to_string(), RESERVED), self.port)
            }
        }
    }
}

impl fmt::Display for TlsMode {
    /// As the parameters of an address say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disable => f.write_str("sslmode=disable"),
            Self::Prefer => f.write_str("sslmode=prefer"),
            Self::Require => f.write_str("sslmode=require"),
            Self::VerifyFull { root: None } => f.write_str("sslmode=verify-full"),
            Self::VerifyFull { root: Some(root) } => {
                let root = root.display().to_string();
                write!(f, "sslmode=verify-full&sslrootcert={}", utf8_percent_encode(&root, RESERVED))
            }
        }
    }
}

/// The parameters as they stand.
#[derive(Default)]
struct Parameters {
    host: Option<String>,
    sslmode: Option<String>,
    sslrootcert: Option<PathBuf>,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, AddressError> {
        let mut parameters = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value)?;
            match key {
                "host" => parameters.host = Some(value),
                "sslmode" => parameters.sslmode = Some(value),
                "sslrootcert" => parameters.sslrootcert = Some(value.into()),
                unknown => return Err(AddressError::Parameter(unknown.to_owned())),
            }
        }
        Ok(parameters)
    }
}

/// The hosts before the database, or else the parameter's: the usual way to write the folder of a socket.
fn hosts(authority: &str, parameter: Option<String>) -> Result<Vec<Host>, AddressError> {
    let hosts: Vec<Host> = match parameter {
        Some(host) if authority.is_empty() => vec![Host { place: place(host), port: DEFAULT_PORT }],
        Some(_) => return Err(AddressError::Parameter("host".into())),
        None => authority.split(',').map(host).collect::<Result<_, _>>()?,
    };
    if hosts.len() > HOSTS_MAX { Err(AddressError::Hosts) } else { Ok(hosts) }
}

fn host(text: &str) -> Result<Host, AddressError> {
    let (name, port) = match text.strip_prefix('[') {
        // An IPv6 address has colons of its own.
        Some(inner) => {
            let (name, rest) = inner.split_once(']').ok_or(AddressError::Host)?;
            (name, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(AddressError::Port)?) })
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let name = decode(name)?;
    if name.is_empty() {
        return Err(AddressError::Host);
    }
    let port = port.map_or(Ok(DEFAULT_PORT), |port| port.parse().map_err(|_| AddressError::Port))?;
    if port == 0 { Err(AddressError::Port) } else { Ok(Host { place: place(name), port }) }
}

fn place(host: String) -> Place {
    if host.starts_with('/') { Place::Socket(host.into()) } else { Place::Network(host) }
}

fn tls(mode: Option<&str>, root: Option<PathBuf>) -> Result<TlsMode, AddressError> {
    let mode = match mode.unwrap_or("prefer") {
        "verify-full" => return Ok(TlsMode::VerifyFull { root }),
        "disable" => TlsMode::Disable,
        "prefer" => TlsMode::Prefer,
        "require" => TlsMode::Require,
        _ => return Err(AddressError::SslMode),
    };
    if root.is_some() { Err(AddressError::RootWithoutVerification) } else { Ok(mode) }
}

fn decode(text: &str) -> Result<String, AddressError> {
    let is_broken = |(at, _): (usize, _)| {
        let digits = text.as_bytes().get(at + 1..at + 3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| AddressError::Encoding)?;
    // The protocol ends every text with a NUL; one inside would cut it.
    if text.match_indices('%').any(is_broken) || decoded.contains('\0') {
        return Err(AddressError::Encoding);
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> PostgresAddress {
        text.parse().expect("is an address")
    }

    fn refused(text: &str) -> AddressError {
        text.parse::<PostgresAddress>().expect_err("is refused")
    }

    fn on_network(name: &str, port: u16) -> Host {
        Host { place: Place::Network(name.into()), port }
    }

    #[test]
    fn an_address_names_several_hosts() {
        let address = parsed("postgres://tandem:s%40cret@db1:5433,db2,[::1]:5434/chats?sslmode=require");
        assert_eq!(address.hosts, [on_network("db1", 5433), on_network("db2", 5432), on_network("::1", 5434)]);
        assert_eq!((address.user.as_str(), address.database.as_str()), ("tandem", "chats"));
        assert_eq!(address.password.as_deref(), Some(&b"s@cret"[..]));
        assert_eq!(address.tls, TlsMode::Require);
    }

    #[test]
    fn a_socket_is_named_by_its_folder_in_two_ways() {
        let expected = [Host { place: Place::Socket("/run/postgresql".into()), port: 5432 }];
        assert_eq!(parsed("postgresql://tandem@/chats?host=/run/postgresql").hosts, expected);
        assert_eq!(parsed("postgres://tandem@%2Frun%2Fpostgresql/chats").hosts, expected);
        let shown = parsed("postgresql://tandem@/chats?host=/run/postgresql").to_string();
        assert_eq!(shown, "postgres://tandem@%2Frun%2Fpostgresql:5432/chats");
    }

    #[test]
    fn encryption_is_asked_for_by_the_names_of_postgresql() {
        let tls = |mode: &str| parsed(&format!("postgres://u@h/d{mode}")).tls;
        assert_eq!(tls(""), TlsMode::Prefer);
        assert_eq!(tls("?sslmode=disable"), TlsMode::Disable);
        assert_eq!(tls("?sslmode=verify-full"), TlsMode::VerifyFull { root: None });
        let root = Some("/etc/ca.pem".into());
        assert_eq!(tls("?sslrootcert=/etc/ca.pem&sslmode=verify-full"), TlsMode::VerifyFull { root });
    }

    #[test]
    fn a_password_is_printed_nowhere() {
        let address = parsed("postgres://tandem:hunter2@db1,db2:5433/chats");
        assert_eq!(address.to_string(), "postgres://tandem:***@db1:5432,db2:5433/chats");
        assert!(!format!("{address:?}").contains("hunter2"), "{address:?}");
        assert_eq!(parsed("postgres://tandem@[::1]/chats").to_string(), "postgres://tandem@[::1]:5432/chats");
    }

    #[test]
    fn an_address_is_written_again_as_it_was_but_for_the_password() {
        for text in [
            "postgres://tandem@db1:5433,[::1]:5434/chats?sslmode=require",
            "postgres://o%2Fps%40home@%2Frun%2Fpost%20gres:5432/live%20chats?sslmode=prefer",
            "postgres://u@h:5432/d?sslmode=disable",
            "postgres://u@h:5432/d?sslmode=verify-full",
            "postgres://u@h:5432/d?sslmode=verify-full&sslrootcert=%2Fetc%2Fca%26co.pem",
        ] {
            assert_eq!(parsed(text).without_password(), text);
        }
        let guarded = parsed("postgres://tandem:hunter2@db1/chats");
        assert!(guarded.has_password());
        assert_eq!(guarded.without_password(), "postgres://tandem@db1:5432/chats?sslmode=prefer");
        assert_eq!(parsed(&guarded.without_password()).with_password("hunter2"), guarded);
    }

    #[test]
    fn every_mistake_has_its_sentence() {
        let mistakes = [
            ("mysql://u@h/d", AddressError::Scheme),
            ("postgres://h/d", AddressError::User),
            ("postgres://:p@h/d", AddressError::User),
            ("postgres://u@/d", AddressError::Host),
            ("postgres://u@a,,b/d", AddressError::Host),
            ("postgres://u@a:x/d", AddressError::Port),
            ("postgres://u@a:0/d", AddressError::Port),
            ("postgres://u@[::1]5432/d", AddressError::Port),
            ("postgres://u@a:70000/d", AddressError::Port),
            ("postgres://u@h", AddressError::Database),
            ("postgres://u@h/", AddressError::Database),
            ("postgres://u:%zz@h/d", AddressError::Encoding),
            ("postgres://u:%f0@h/d", AddressError::Encoding),
            ("postgres://u:%00@h/d", AddressError::Encoding),
            ("postgres://u@h/d?options=-c", AddressError::Parameter("options".into())),
            ("postgres://u@h/d?host=/run", AddressError::Parameter("host".into())),
            ("postgres://u@h/d?sslmode=verify-ca", AddressError::SslMode),
            ("postgres://u@h/d?sslmode=require&sslrootcert=/x", AddressError::RootWithoutVerification),
        ];
        for (text, expected) in mistakes {
            assert_eq!(refused(text), expected, "{text}");
        }
        assert_eq!(refused(&format!("postgres://u@{}/d", ["h"; 9].join(","))), AddressError::Hosts);
    }

    #[test]
    fn a_password_that_is_written_wrongly_is_not_repeated() {
        for text in [
            "postgres://u:hun/ter2@h/d",
            "postgres://u:hun?ter2@h/d",
            "postgres://u:hun:1@ter2@h/d",
            "postgres://u:%hunter2@h/d",
        ] {
            if let Err(error) = text.parse::<PostgresAddress>() {
                assert!(
                    !format!("{error} {error:?}").contains("hun") && !error.to_string().contains("ter2"),
                    "{error}"
                );
            }
        }
        assert_eq!(parsed("postgres://u:p@ss:w@h/d").password.as_deref(), Some(&b"p@ss:w"[..]));
    }
}
