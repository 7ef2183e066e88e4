//! `tandem man`: manual pages of all commands, made of the same texts as their help.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::{Args, Command, CommandFactory};
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};

use super::Cli;
use crate::lifecycle::failure::Failure;

/// The section of the manual for what people run.
const SECTION: &str = "1";

/// Write the manual pages of all commands into a directory.
///
/// There is one for each command and each part of one, such as `tandem-engine.1` and `tandem-agent-add.1`. Pages of the
/// same name are replaced.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem man /usr/local/share/man/man1
  tandem man . && man ./tandem-engine.1")]
pub(super) struct ManArgs {
    /// The directory, made when missing.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

impl ManArgs {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let written = write(&self.dir).map_err(Failure::Runtime)?;
        writeln!(std::io::stdout(), "{written} manual pages in {}", self.dir.display()).map_err(Failure::runtime)
    }
}

fn write(dir: &Path) -> anyhow::Result<usize> {
    fs::create_dir_all(dir).with_context(|| format!("the directory {} cannot be made", dir.display()))?;
    let pages = pages();
    for (name, page) in &pages {
        let path = dir.join(name);
        fs::write(&path, page).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(pages.len())
}

/// Every page with its file's name.
fn pages() -> Vec<(String, Vec<u8>)> {
    let mut cli = Cli::command().disable_help_subcommand(true);
    // The options of every command, and the whole name of each, are there only once all is built.
    cli.build();
    let mut pages = Vec::new();
    collect(&cli, &mut pages);
    pages
}

fn collect(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    pages.push((format!("{name}.{SECTION}"), page(command)));
    for part in command.get_subcommands().filter(|part| !part.is_hide_set()) {
        collect(part, pages);
    }
}

fn page(command: &Command) -> Vec<u8> {
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let man =
        Man::new(command.clone().after_help(None::<&str>)).source(format!("Tandem {}", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    let made = man.render(&mut page).and_then(|()| examples(&after).to_writer(&mut page));
    made.expect("memory can be written to");
    page
}

/// What stands after a command's help: lines that are indented are examples, which a page must not fill up into a
/// paragraph.
fn examples(after: &str) -> Roff {
    let mut roff = Roff::new();
    let mut is_verbatim = false;
    if !after.is_empty() {
        roff.control("SH", ["EXAMPLES AND NOTES"]);
    }
    for line in after.lines().filter(|line| *line != "Examples:" && *line != "Example:") {
        if line.starts_with("  ") != is_verbatim {
            is_verbatim = !is_verbatim;
            roff.control(if is_verbatim { "nf" } else { "fi" }, []);
        }
        if line.is_empty() {
            roff.control("PP", []);
        } else {
            roff.text([roman(line)]);
        }
    }
    if is_verbatim {
        roff.control("fi", []);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_for_every_command_and_none_for_what_is_hidden() {
        let pages = pages();
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["tandem.1", "tandem-engine.1", "tandem-agent.1", "tandem-agent-add.1", "tandem-man.1"] {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
        let mut cli = Cli::command();
        cli.build();
        for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
            let name = format!("tandem-{}.1", command.get_name());
            assert_eq!(names.contains(&name.as_str()), !command.is_hide_set(), "{name}");
        }
    }

    #[test]
    fn a_page_has_the_options_of_its_command_those_of_every_command_and_the_examples_as_they_are() {
        let pages = pages();
        let (_, page) = pages.iter().find(|(name, _)| name == "tandem-gateway.1").expect("there is one");
        let page = String::from_utf8_lossy(page).replace("\\-", "-");
        for text in ["--primary", "--pair-cache", "--config", ".nf\n  tandem gateway --listen"] {
            assert!(page.contains(text), "{text} is not in\n{page}");
        }
        assert!(!page.contains("--supervisor"), "what is hidden is not shown");
    }
}
