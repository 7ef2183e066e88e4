//! `tandem completions`: what a shell reads to complete commands and flags.

use std::io::Write;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};

use super::Cli;
use crate::lifecycle::failure::Failure;

/// Print what a shell reads to complete commands and options.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem completions bash > /etc/bash_completion.d/tandem
  tandem completions zsh > /usr/local/share/zsh/site-functions/_tandem
  tandem completions fish > /usr/share/fish/vendor_completions.d/tandem.fish
  source <(tandem completions bash)        for this shell only")]
pub(super) struct CompletionsArgs {
    /// The shell.
    shell: KnownShell,
}

/// The shells whose completions are tested.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum KnownShell {
    Bash,
    Zsh,
    Fish,
}

impl CompletionsArgs {
    pub(super) fn execute(self) -> Result<(), Failure> {
        std::io::stdout().write_all(&script(self.shell)).map_err(Failure::runtime)
    }
}

fn script(shell: KnownShell) -> Vec<u8> {
    let shell = match shell {
        KnownShell::Bash => Shell::Bash,
        KnownShell::Zsh => Shell::Zsh,
        KnownShell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "tandem", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_knows_every_command_and_every_option_that_is_shown() {
        let mut cli = Cli::command();
        cli.build();
        for shell in KnownShell::value_variants() {
            let script = String::from_utf8(script(*shell)).expect("a script is text");
            for command in cli.get_subcommands().filter(|command| !command.is_hide_set()) {
                assert!(script.contains(command.get_name()), "{shell:?}: {}", command.get_name());
                for option in command.get_arguments().filter(|option| !option.is_hide_set()) {
                    let Some(long) = option.get_long() else { continue };
                    assert!(script.contains(long), "{shell:?}: {} --{long}", command.get_name());
                }
            }
        }
    }
}
