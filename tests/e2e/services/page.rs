//! The page "High availability on two machines", as far as it needs no two machines: `fault/hosts.rs` runs it on two hosts.

use std::fs;

use tandem_tests::{
    command::{run, run_through},
    deployment,
};

/// What Tandem takes of the page's files for each machine, as its operator asks it.
#[test]
fn the_settings_of_the_page_are_taken_on_both_machines() {
    for (machine, engine) in [("machine 1", "engine-a.env"), ("machine 2", "engine-b.env")] {
        let folder = tempfile::tempdir().expect("the temp folder is writable");
        let settings = folder.path().join("tandem.toml");
        let text = deployment::below(folder.path(), &deployment::file("/etc/tandem/tandem.toml"));
        fs::write(&settings, text).expect("the temp folder is writable");
        for name in [engine.to_owned(), format!("gateway.env, on {machine}")] {
            let variables = deployment::file(&format!("/etc/tandem/{name}"));
            let variables = variables.lines().filter(|line| !line.starts_with('#')).map(Into::into);
            let prefix = ["env".into()].into_iter().chain(variables).collect::<Vec<_>>();
            let path = settings.to_str().expect("a temp folder's name is text");
            let checked = run_through(&prefix, ["config", "check", "--config", path], "");
            assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), "ok\n"), "{name}: {}", checked.stderr);
        }
    }
}

#[test]
fn every_file_of_the_page_has_its_name_in_its_first_line() {
    let files = deployment::blocks().into_iter().filter(|(language, _)| ["toml", "ini"].contains(&language.as_str()));
    let firsts: Vec<String> = files.map(|(_, text)| text.lines().next().unwrap_or_default().to_owned()).collect();
    assert!(firsts.len() > 4 && firsts.iter().all(|first| first.starts_with("# /etc/tandem/")), "{firsts:?}");
}

#[test]
fn manual_pages_and_completions_are_made_as_the_page_says() {
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    let dir = folder.path().to_str().expect("a temp folder's name is text");
    let said = run(["man", dir], "").done();
    let pages = fs::read_dir(dir).expect("it is there").count();
    assert_eq!(said, format!("{pages} manual pages in {dir}\n"));
    for entry in fs::read_dir(dir).expect("it is there") {
        let path = entry.expect("it can be read").path();
        let page = std::process::Command::new("man")
            .args(["--warnings", "-l"])
            .arg(&path)
            .envs([("MANPAGER", "cat"), ("LC_ALL", "C.UTF-8")])
            .output();
        let page = page.unwrap_or_else(|error| panic!("this test needs man: apt-get install man-db ({error})"));
        let (shown, warned) = (String::from_utf8_lossy(&page.stdout), String::from_utf8_lossy(&page.stderr));
        assert!(page.status.success() && warned.is_empty(), "{}: {warned}", path.display());
        assert!(shown.contains("SYNOPSIS") && shown.contains("tandem"), "{}:\n{shown}", path.display());
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(["completions", shell], "").done().contains("switchover"), "{shell}");
    }
    let script = run(["completions", "bash"], "").done();
    let bash = r#"source /dev/stdin; COMP_WORDS=(tandem swi); COMP_CWORD=1; _tandem tandem swi tandem; echo "${COMPREPLY[@]}""#;
    let mut child = std::process::Command::new("bash")
        .args(["-c", bash])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("bash is there");
    std::io::Write::write_all(&mut child.stdin.take().expect("it is piped"), script.as_bytes()).expect("bash reads");
    let output = child.wait_with_output().expect("a child can be waited for");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "switchover\n", "what bash completes `tandem swi` to");
    assert_eq!(run(["completions", "tcsh"], "").code, Some(2), "a shell that is none of them is refused by name");
}
