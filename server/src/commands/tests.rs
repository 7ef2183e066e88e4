//! The command line as a newcomer meets it.

use clap::error::ErrorKind;

use super::*;

fn help_of(arguments: &[&str]) -> String {
    let error = Cli::try_parse_from(arguments).expect_err("help is an error to clap");
    assert_eq!(error.kind(), ErrorKind::DisplayHelp, "{error}");
    error.to_string()
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_a_help_text_and_every_role_an_example() {
    let mut cli = Cli::command();
    cli.build();
    for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name} has no description");
        let hidden = command.get_arguments().filter(|argument| !argument.is_hide_set());
        hidden.for_each(|argument| assert!(argument.get_help().is_some(), "{name} {argument} has no help"));
        let help = help_of(&["tandem", name, "--help"]);
        assert!(help.contains("Example"), "{name} has no example:\n{help}");
    }
}

#[test]
fn a_wrong_flag_of_status_has_another_exit_code_than_that_of_a_pair_that_is_down() {
    let read = |line: &str| Cli::read(&line.split(' ').map(OsString::from).collect::<Vec<_>>()).map(|_| ());
    assert_eq!(read("tandem status --bogus"), Err(status::CANNOT_TELL));
    assert_eq!(read("tandem --log-level warn status --primary"), Err(status::CANNOT_TELL));
    assert_eq!(read("tandem sessions --limit 0"), Err(USAGE));
    assert_eq!(read("tandem status --json"), Ok(()));
}

#[test]
fn every_part_of_a_command_has_a_help_text() {
    let mut cli = Cli::command();
    cli.build();
    for command in ["agent", "config", "store", "transcript"] {
        let parts = cli.find_subcommand(command).expect("is a command").get_subcommands();
        for part in parts.filter(|part| part.get_name() != "help") {
            assert!(part.get_about().is_some(), "{command} {} has no description", part.get_name());
            let shown = part.get_arguments().filter(|argument| !argument.is_hide_set());
            shown.for_each(|argument| assert!(argument.get_help().is_some(), "{command} {argument} has no help"));
        }
    }
}

#[test]
fn what_the_help_gives_as_default_is_the_default() {
    let defaults = settings::load(&Given::default()).expect("defaults are fine").settings;
    let primary = defaults.gateway.place.primary.expect("one pair is the default").0.to_string();
    let cases = [
        ("run", defaults.gateway.place.listen.0.to_string()),
        ("run", defaults.run.engine_ports.0.to_string()),
        ("run", defaults.engine.data_dir.0.to_string()),
        ("engine", defaults.engine.name.0.to_string()),
        ("engine", defaults.engine.listen.0.to_string()),
        ("engine", defaults.engine.data_dir.0.to_string()),
        ("gateway", defaults.gateway.place.listen.0.to_string()),
        ("gateway", primary.clone()),
        ("interaction", defaults.interaction.primary.expect("one pair is the default").0.to_string()),
        ("interaction", defaults.interaction.data_dir.0.to_string()),
        ("agent", defaults.interaction.data_dir.0.to_string()),
        ("echo", defaults.echo.primary.0.to_string()),
        ("switchover", primary),
        ("run", defaults.log.format.0.to_string()),
        ("run", defaults.log.level.0.to_string()),
    ];
    for (command, default) in cases {
        let help = help_of(&["tandem", command, "--help"]).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(&format!("[default: {default}]")), "{command}: {default} is not in\n{help}");
    }
}

#[test]
fn tandem_alone_is_tandem_run() {
    let cli = Cli::try_parse_from(["tandem"]).expect("is a command line");
    assert!(cli.command.is_none());
}

#[test]
fn what_the_supervisor_needs_is_not_shown() {
    for role in ["engine", "gateway", "interaction", "echo"] {
        assert!(!help_of(&["tandem", role, "--help"]).contains("--supervisor"), "{role}");
    }
}
