//! `[store]`: the database in which everything is kept that must outlive a process. Every role and command that opens it
//! reads the same section; without it, each has the embedded store in its data directory.

use figment::Figment;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tandem_store::PostgresAddress;

use super::{
    refusal::{NOT_SHOWN, Refusal, bad_value, origin_of},
    section_value,
    values::{FilePath, Reasoned, Text},
};

/// The key that may hold a password.
pub(crate) const ADDRESS: &str = "store.address";

/// The flag that sets it.
pub(crate) const FLAG: &str = "--store";

/// The variable that sets it: what `tandem run` tells its children in, since a command line can be read by everybody.
pub(crate) const VARIABLE: &str = "TANDEM_STORE__ADDRESS";

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct StoreSection {
    /// The PostgreSQL database that all roles of an installation share. Without it: the embedded store.
    pub(crate) address: Option<DatabaseAddress>,
    /// The file with the password of the address's user, so that no other setting has a secret in it.
    pub(crate) password_file: Option<Text<FilePath>>,
}

/// An address that is written back without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseAddress(pub(crate) PostgresAddress);

impl Serialize for DatabaseAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.without_password())
    }
}

impl<'de> Deserialize<'de> for DatabaseAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reasoned::deserialize(deserializer).map(|Reasoned(address)| Self(address))
    }
}

/// Reads the section.
pub(super) fn extract(merged: &Figment) -> Result<StoreSection, Refusal> {
    let section = section_value(merged, "store").deserialize();
    let section: StoreSection = section.map_err(|error| bad_value(merged, "store", &error))?;
    let origin = origin_of(merged, ADDRESS);
    let has_password = section.address.as_ref().is_some_and(|address| address.0.has_password());
    if has_password && origin == FLAG {
        return Err(Refusal::BadValue {
            origin,
            key: ADDRESS.to_owned(),
            value: NOT_SHOWN.to_owned(),
            why: format!(
                "every process on the machine can read a password on a command line: put it into \
                 store.password-file, or the whole address into {VARIABLE} or the settings file"
            ),
        });
    }
    Ok(section)
}
