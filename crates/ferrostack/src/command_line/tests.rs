use super::*;
use crate::exit::Exit;

fn read(line: &str) -> Result<Invocation, Told> {
    parse(format!("ferrostack {line}").split_whitespace().map(OsString::from).collect())
}

fn command(line: &str) -> Command {
    read(line).unwrap_or_else(|told| panic!("{line}: {}", told.text)).command
}

fn refused(line: &str) -> String {
    match read(&format!("{line} --language en")) {
        Err(told) => {
            assert_eq!(told.exit, Exit::Usage, "{line}");
            told.text
        }
        Ok(taken) => panic!("{line} was taken: {taken:?}"),
    }
}

/// Every command with the words that lead to it.
fn all(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
    for inner in command.get_subcommands() {
        let path = format!("{path} {}", inner.get_name()).trim().to_owned();
        found.push((path.clone(), inner.clone()));
        all(inner, &path, found);
    }
}

#[test]
fn the_definition_is_sound_in_every_language() {
    for language in Language::ALL {
        definition(Words::new(language)).debug_assert();
    }
}

#[test]
fn every_command_is_read() {
    assert_eq!(command("up --simulated --nodes 3"), Command::Up { simulated: true, isolate: None });
    assert_eq!(command("up"), Command::Up { simulated: false, isolate: None });
    assert_eq!(command("init"), Command::Init { node: None });
    let node = Some(NodeBundle { node: "n1".to_owned(), out: "d".into() });
    assert_eq!(command("init --node n1 --out d --state-dir s"), Command::Init { node });
    assert_eq!(command("controller --listen 127.0.0.1:1"), Command::Controller { isolate: None });
    assert_eq!(command("controller --isolate c1"), Command::Controller { isolate: Some("c1".to_owned()) });
    assert_eq!(command("agent --state-dir s"), Command::Agent { isolate: None });
    assert_eq!(command("migrate"), Command::Migrate);
    assert_eq!(command("config show --all"), Command::ConfigShow { all: true });
    assert_eq!(command("config explain api.listen"), Command::ConfigExplain { setting: Some("api.listen".to_owned()) });
    assert_eq!(command("config explain"), Command::ConfigExplain { setting: None });
    assert_eq!(command("config check f.toml"), Command::ConfigCheck { file: Some("f.toml".into()) });
    assert_eq!(command("status --json"), Command::Status { json: true });
    assert_eq!(command("trace req-1"), Command::Trace { request_id: "req-1".to_owned() });
    assert_eq!(command("explain 1"), Command::Explain { id: "1".to_owned() });
    assert_eq!(command("audit"), Command::Audit);
    assert_eq!(command("completion zsh"), Command::Completion { shell: Shell::Zsh });
    assert_eq!(command("version"), Command::Version);
}

#[test]
fn options_may_stand_before_and_after_the_command() {
    for line in [
        "--config f.toml status --state-dir s --database mysql://h/d --language ko",
        "--language=ko status --database mysql://h/d --state-dir s --config f.toml",
    ] {
        let taken = read(line).unwrap();
        assert_eq!(taken.words.language(), Language::Korean);
        assert_eq!(taken.options.config, Some("f.toml".into()));
        assert_eq!(taken.options.state_dir, Some("s".into()));
        assert_eq!(taken.options.database.as_deref(), Some("mysql://h/d"));
    }
}

#[test]
fn every_command_has_help_with_examples_that_are_read() {
    let mut commands = Vec::new();
    all(&definition(Words::new(Language::English)), "", &mut commands);
    assert_eq!(commands.len(), 15);
    for (path, _) in commands.iter().chain([&(String::new(), definition(Words::new(Language::English)))]) {
        for (language, titles) in [
            ("en", ["Usage: ", "Options:", "Examples:", "Print help"]),
            ("ko", ["사용법: ", "옵션:", "예제:", "도움말을 출력합니다"]),
        ] {
            let told = read(&format!("{path} --help --language {language}")).unwrap_err();
            assert_eq!(told.exit, Exit::Success, "{path}");
            for title in titles {
                assert!(told.text.contains(title), "{path}: no {title:?} in\n{}", told.text);
            }
            assert!(!told.text.contains("cli."), "{path}: a text is missing:\n{}", told.text);
            let (_, examples) = told.text.split_once(titles[2]).unwrap();
            let mut count = 0;
            for line in examples.lines().map(str::trim).filter(|line| !line.is_empty()) {
                let line = line.strip_prefix("ferrostack ").unwrap_or_else(|| panic!("{path}: {line}"));
                let line = line.split(['>', '|']).next().unwrap();
                assert!(line.starts_with(path.as_str()), "{path}: an example of something else: {line}");
                read(line).unwrap_or_else(|told| panic!("{path}: {line}: {}", told.text));
                count += 1;
            }
            assert!(count > 0, "{path} has no example");
        }
    }
}

#[test]
fn every_option_is_explained_in_the_language_of_the_help() {
    let mut commands = Vec::new();
    all(&definition(Words::new(Language::Korean)), "", &mut commands);
    for (path, command) in commands {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        for text in
            command.get_arguments().map(|argument| argument.get_help().map(ToString::to_string)).chain([Some(about)])
        {
            let text = text.unwrap_or_default();
            assert!(text.chars().any(|c| ('가'..='힣').contains(&c)), "{path}: {text:?}");
        }
    }
}

#[test]
fn mistakes_are_told_with_what_was_meant() {
    for (line, told) in [
        ("up --simulate", "Error: There is no option --simulate. Did you mean --simulated?\nTry: ferrostack up --help"),
        ("stauts", "Error: There is no command stauts. Did you mean status?\nTry: ferrostack --help"),
        ("config chek", "Error: There is no command chek. Did you mean check?\nTry: ferrostack config --help"),
        ("trace", "Error: <REQUEST-ID> is missing.\nTry: ferrostack trace --help"),
        ("up --nodes", "Error: --nodes <N> needs a value.\nTry: ferrostack up --help"),
        ("up --nodes 1 --nodes 2", "Error: --nodes <N> is given twice.\nTry: ferrostack up --help"),
        ("init --node n1", "Error: --out <DIR> is missing.\nTry: ferrostack init --help"),
        ("init --out d", "Error: --node <NAME> is missing.\nTry: ferrostack init --help"),
        ("audit x", "Error: x is one word too many.\nTry: ferrostack audit --help"),
    ] {
        // The language first: an option that lacks its value would swallow it.
        let told_now = read(&format!("--language en {line}")).unwrap_err();
        assert_eq!((told_now.text.as_str(), told_now.exit), (told, Exit::Usage), "{line}");
    }
    let shells = refused("completion cmd");
    assert!(
        shells.starts_with("Error: <SHELL> is cmd; it must be one of bash, elvish, fish, powershell, zsh."),
        "{shells}"
    );
    let korean = read("up --simulate --language ko").unwrap_err().text;
    assert!(korean.starts_with("오류: ") && korean.contains("--simulated") && !korean.contains("Error"), "{korean}");
    let language = read("status --language fr").unwrap_err();
    assert_eq!(language.exit, Exit::Usage);
    assert!(language.text.contains("fr"), "{}", language.text);
    assert_eq!(refused(""), "Error: A command is missing.\nTry: ferrostack --help");
    assert_eq!(refused("config"), "Error: A command is missing.\nTry: ferrostack config --help");
}

#[test]
fn the_version_is_told() {
    let told = read("--version").unwrap_err();
    assert_eq!(
        (told.text.as_str(), told.exit),
        (concat!("ferrostack ", env!("CARGO_PKG_VERSION"), "\n"), Exit::Success)
    );
}

#[test]
fn completion_scripts_name_every_command() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let script = crate::commands::completion::run(Words::new(Language::English), shell).text;
        for word in ["simulated", "controller", "explain", "state-dir"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
