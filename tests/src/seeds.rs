//! Seeds of everything random in a test: printed, so that a failure can be had again.

/// The environment variable by which `tests/run --seed N` sets the fresh seed.
pub const VARIABLE: &str = "TANDEM_TEST_SEED";

/// A seed that was never run before, or the one that the caller asked for by [`VARIABLE`].
///
/// # Panics
/// When the variable holds no number: the asked run could not be had.
#[must_use]
pub fn fresh() -> u64 {
    match std::env::var(VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{VARIABLE} must be a number, not {text:?}")),
        Err(_) => fastrand::u64(1..1_000_000_000),
    }
}

/// Dice for one purpose; prints the seed with the command that runs it again.
#[must_use]
pub fn dice(purpose: &str, seed: u64) -> fastrand::Rng {
    eprintln!("{purpose}: seed {seed}; a fresh seed is repeated by tests/run --seed {seed}");
    fastrand::Rng::with_seed(seed)
}
