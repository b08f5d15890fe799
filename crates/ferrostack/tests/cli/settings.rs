//! Settings: shown, explained, checked, refused.

use std::fs;

use crate::program::run;

#[test]
fn an_unknown_setting_is_told_with_its_line_and_the_nearest_name_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.toml");
    fs::write(&path, "# A comment.\n[network]\nphysical_mut = 9000\n").unwrap();
    let path = path.to_str().unwrap();
    for command in [&["status"][..], &["up", "--simulated"], &["config", "show"], &["migrate"], &["config", "check"]] {
        let mut args = command.to_vec();
        args.extend(["--config", path]);
        let ended = run(&args);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{command:?}");
        let told = format!("{path}:3:1: unknown setting network.physical_mut; did you mean network.physical_mtu?");
        assert!(ended.err.starts_with("Error: ") && ended.err.contains(&told), "{command:?}: {}", ended.err);
        args.extend(["--language", "ko"]);
        let ended = run(&args);
        assert_eq!(ended.code, 2);
        let told =
            format!("{path} 3행 1열: network.physical_mut은(는) 알 수 없는 설정입니다; 혹시 network.physical_mtu");
        assert!(ended.err.starts_with("오류: ") && ended.err.contains(&told), "{command:?}: {}", ended.err);
    }
}

#[test]
fn an_option_that_no_setting_takes_is_refused_as_the_setting() {
    for (args, told) in [
        (["up", "--simulated", "--nodes", "0"], "simulated.nodes = 0: must be between 1 and 10000"),
        (["up", "--simulated", "--nodes", "two"], "simulated.nodes = two: a whole number is wanted"),
        (["up", "--simulated", "--listen", "8080"], "api.listen = 8080: an address with port"),
        (["up", "--simulated", "--database", "postgres://db/x"], "database.url = ***: must be sqlite:"),
    ] {
        let ended = run(&args);
        assert_eq!(ended.code, 2, "{args:?}");
        assert!(ended.err.contains(told), "{args:?}: {}", ended.err);
    }
}

#[test]
fn a_settings_file_that_is_not_there_is_named() {
    let ended = run(&["config", "show", "--config", "/nonexistent/f.toml"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("/nonexistent/f.toml cannot be read") && ended.err.contains("Cause: "), "{}", ended.err);
}

#[test]
fn settings_are_shown_with_their_origin_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.toml");
    fs::write(&path, "[api]\nregion = \"Seoul\"\n[identity]\nadmin_password = \"hunter2\"\n").unwrap();
    let path = path.to_str().unwrap();
    let ended = run(&["config", "show", "--config", path, "--database", "mysql://stack:geheim@db:3306/x"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains(&format!("region = \"Seoul\"  # {path}, line 2\n")), "{}", ended.out);
    assert!(ended.out.contains("# command line"), "{}", ended.out);
    assert!(!ended.out.contains("hunter2") && !ended.out.contains("geheim"), "{}", ended.out);
    assert!(!ended.out.contains("physical_mtu"), "{}", ended.out);
    let all = run(&["config", "show", "--all", "--config", path]);
    assert!(all.out.contains("physical_mtu = 1500  # default\n"), "{}", all.out);
}

#[test]
fn settings_are_explained_in_both_languages() {
    let ended = run(&["config", "explain", "network.physical_mtu"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    for title in ["What it does", "Why this default", "What it affects", "When to change it"] {
        assert!(ended.out.contains(title), "{}", ended.out);
    }
    assert!(run(&["config", "explain", "network.physical_mtu", "--language", "ko"]).out.contains("기본값의 근거"));
    let wrong = run(&["config", "explain", "network.mtu"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("Did you mean network.physical_mtu"), "{}", wrong.err);
    let all = run(&["config", "explain"]);
    for key in ["api.listen\n", "network.physical_mtu\n"] {
        assert!(all.out.contains(key), "{}", all.out);
    }
}

#[test]
fn a_file_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.toml");
    fs::write(&path, "[log]\nlevel = \"debug\"\nformat = \"json\"\n").unwrap();
    let ended = run(&["config", "check", path.to_str().unwrap()]);
    assert_eq!((ended.code, ended.out), (0, format!("{}: 2 settings, no problems.\n", path.display())));
    fs::write(&path, "[log]\nlevel = 1\nformat = \"jsno\"\n").unwrap();
    let ended = run(&["config", "check", path.to_str().unwrap()]);
    assert_eq!(ended.code, 2);
    assert_eq!(ended.err.matches("f.toml:").count(), 2, "{}", ended.err);
}

#[test]
fn help_follows_the_environment_and_the_option() {
    let korean = crate::program::ferrostack(&["up", "--help"]).env("LANG", "ko_KR.UTF-8").output().unwrap();
    assert!(String::from_utf8(korean.stdout).unwrap().contains("사용법: ferrostack up"));
    let ended = run(&["up", "--help"]);
    assert_eq!(ended.code, 0);
    assert!(ended.out.contains("Usage: ferrostack up") && ended.out.contains("Examples:"), "{}", ended.out);
    assert_eq!(run(&["version"]).out, concat!("ferrostack ", env!("CARGO_PKG_VERSION"), "\n"));
    for (args, usage) in
        [(&[][..], "Usage: ferrostack [OPTIONS] <COMMAND>"), (&["config"], "Usage: ferrostack config [")]
    {
        let ended = run(args);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{args:?}");
        assert!(ended.err.contains(usage) && ended.err.contains("Commands:"), "{}", ended.err);
    }
    let wrong = run(&["stauts"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("Did you mean status?"), "{}", wrong.err);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    use std::process::Stdio;
    let mut child = crate::program::ferrostack(&["config", "explain"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}
