//! What an operator meets: settings that are refused by name, `tandem run` as a whole, and starts that cannot work.
