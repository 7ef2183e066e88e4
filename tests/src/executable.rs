//! Finds the executables that the tests start: built beside the test itself, by `tests/run` or by hand.

use std::path::{Path, PathBuf};

/// The executable `tandem` of the profile in which this test is built.
///
/// # Panics
/// When it is missing; the message says how to build it.
#[must_use]
pub fn tandem() -> PathBuf {
    beside_the_test("tandem")
}

/// The environment variable with the executable of an earlier release, for whoever wants the stories of mixed versions told
/// with it instead of with this one that speaks as it does.
pub const OLD: &str = "TANDEM_TEST_OLD_EXECUTABLE";

/// The executable of an earlier release, where there is one at hand.
#[must_use]
pub fn old() -> Option<PathBuf> {
    std::env::var_os(OLD).map(PathBuf::from)
}

/// One of this package's own programs, such as `load`.
///
/// # Panics
/// When it is missing; the message says how to build it.
#[must_use]
pub fn own(name: &str) -> PathBuf {
    beside_the_test(name)
}

/// The top of the source tree.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is a folder of the workspace")
}

fn beside_the_test(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a running test has an executable");
    // A test runs as target/<profile>/deps/<name>-<hash>, a program as target/<profile>/<name>.
    let folder = own.parent().expect("an executable is in a folder");
    let folder = if folder.ends_with("deps") { folder.parent().expect("deps is in a folder") } else { folder };
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "{} is missing; build it in the profile of the tests, as tests/run does: cargo build --workspace --bins",
        path.display()
    );
    path
}
