//! The database's address: whom it comes from, what is refused, and that its password is repeated nowhere.

use super::*;

const GUARDED: &str = "postgres://tandem:hunter2@db-1,db-2:5433/chats?sslmode=require";

fn flagged(address: &str) -> Given {
    Given { flags: Flag::of("--store", "store.address", Some(address)).into_iter().collect(), ..Given::default() }
}

#[test]
fn the_flag_is_stronger_than_the_variable_than_the_file() {
    let address = |given: &Given| load(given).expect("is fine").settings.store.address.map(|found| found.0.to_string());
    let mut given = Given::default();
    assert_eq!(address(&given), None, "the embedded store");
    let (_folder, path) = file("[store]\naddress = \"postgres://u@file/d\"");
    given.file = Some(path);
    assert_eq!(address(&given).as_deref(), Some("postgres://u@file:5432/d"));
    given.environment = vec![variable("TANDEM_STORE__ADDRESS", "postgres://u@variable/d")];
    assert_eq!(address(&given).as_deref(), Some("postgres://u@variable:5432/d"));
    given.flags = flagged("postgres://u@flag/d").flags;
    assert_eq!(address(&given).as_deref(), Some("postgres://u@flag:5432/d"));
}

#[test]
fn a_bad_address_is_refused_with_what_is_wrong_and_without_a_word_of_it() {
    let cases = [
        ("mysql://u:hunter2@h/d", "it does not begin with postgres:// or postgresql://"),
        ("postgres://u:hunter2@h", "it names no database: write postgres://user:password@host/database"),
        (
            "postgres://u:hunter2@h/d?sslmode=verify-ca",
            "its sslmode is none of disable, prefer, require and verify-full",
        ),
    ];
    for (address, expected) in cases {
        let refused = refused(&format!("[store]\naddress = \"{address}\""));
        assert_eq!(refused, format!("FILE: store.address = (not shown) is refused; {expected}"));
    }
    let refused_of_variable = refused_variable("TANDEM_STORE__ADDRESS", "5432");
    let expected = "TANDEM_STORE__ADDRESS: store.address = (not shown) is refused; it must be a text in quotes";
    assert_eq!(refused_of_variable, expected);
    let expected = "FILE: store = (not shown) is refused; store is a table with address, password-file";
    assert_eq!(refused(&format!("store = \"{GUARDED}\"")), expected);
}

#[test]
fn a_password_on_the_command_line_is_refused() {
    let refused = load(&flagged(GUARDED)).expect_err("is refused").to_string();
    let expected = "--store: store.address = (not shown) is refused; every process on the machine can read a password on \
                    a command line: put it into store.password-file, or the whole address into TANDEM_STORE__ADDRESS \
                    or the settings file";
    assert_eq!(refused, expected);
    load(&flagged("postgres://tandem@db-1/chats")).expect("has none");
}

#[test]
fn a_password_file_is_refused_where_it_could_have_no_effect() {
    let expected = "FILE: store.password-file is refused: it has no effect without store.address";
    assert_eq!(refused("[store]\npassword-file = \"/run/password\""), expected);
    let expected =
        "FILE: store.password-file is refused: store.address has a password in it already; give it in one place";
    assert_eq!(refused(&format!("[store]\naddress = \"{GUARDED}\"\npassword-file = \"/run/password\"")), expected);
}

#[test]
fn an_address_is_shown_without_its_password_which_is_said() {
    let environment = vec![variable("TANDEM_STORE__ADDRESS", GUARDED)];
    let loaded = load(&Given { environment, ..Given::default() }).expect("is fine");
    let expected = "\n[store]\naddress = \"postgres://tandem@db-1:5432,db-2:5433/chats?sslmode=require\" \
                    # TANDEM_STORE__ADDRESS; its password is not shown\n";
    assert!(loaded.show().contains(expected), "{}", loaded.show());
    for printed in [loaded.show(), format!("{loaded:?}"), format!("{:?}", loaded.settings)] {
        assert!(!printed.contains("hunter2"), "{printed}");
    }
    let (_folder, path) = file(&loaded.show());
    let again = load(&Given { file: Some(path), ..Given::default() }).expect("is a valid file");
    let address = again.settings.store.address.clone().expect("is there").0;
    assert_eq!(Some(address.with_password("hunter2")), loaded.settings.store.address.map(|found| found.0));
    assert!(
        !again.show().contains("not shown\n[") && again.show().contains("?sslmode=require\" #"),
        "{}",
        again.show()
    );
}
