use std::collections::BTreeSet;

use ferrostack_words::{Language, Words};

use crate::{
    ConfigError, DatabaseUrl, Kind, LogFormat, Origin, Settings, check, docs, explain, keys,
    table::{Row, TABLE},
    usage,
};

const ENGLISH: Language = Language::English;

fn problems(text: &str) -> Vec<String> {
    match Settings::from_str(text, "f.toml") {
        Err(ConfigError::Wrong { problems }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("expected refused settings, got {other:?}"),
    }
}

#[test]
fn every_setting_is_documented_in_both_languages_and_nothing_else_is() {
    let documented: BTreeSet<_> = docs::all().keys().map(|(key, _)| key.as_str()).collect();
    assert_eq!(documented, keys().collect());
    for (section, file) in docs::FILES {
        assert!(TABLE.iter().any(|row| row.section() == section), "{section}");
        let table = file.parse::<toml::Table>().unwrap();
        for (name, languages) in table {
            let languages = languages.as_table().unwrap();
            let codes: Vec<_> = languages.keys().map(String::as_str).collect();
            assert_eq!(codes, ["en", "ko"], "{section}.{name}");
            for (code, parts) in languages {
                let parts: Vec<_> = parts.as_table().unwrap().keys().map(String::as_str).collect();
                assert_eq!(parts, ["affects", "change", "what", "why"], "{section}.{name} {code}");
            }
        }
    }
    for ((key, code), doc) in docs::all() {
        for part in [&doc.what, &doc.why, &doc.affects, &doc.change] {
            let hangul = part.chars().any(|c| ('가'..='힣').contains(&c));
            assert_eq!(hangul, *code == "ko", "{key} {code}: {part}");
            assert!(part.chars().count() >= 10 && part.ends_with('.'), "{key} {code}: {part}");
        }
    }
}

#[test]
fn every_setting_can_be_set_shown_and_explained() {
    assert_eq!(keys().collect::<BTreeSet<_>>().len(), TABLE.len(), "a key is there twice");
    let defaults = Settings::default();
    for row in TABLE {
        let mut settings = Settings::default();
        let some = if row.kind == Kind::Path { "\"/a/path\"" } else { "\"a text\"" };
        let value = defaults.shown(row).unwrap_or_else(|| some.to_owned());
        settings.set(row.key, &value).unwrap_or_else(|error| panic!("{}: {error}", row.key));
        assert_eq!(settings.origin(row.key), Origin::CommandLine);
        if defaults.shown(row).is_some() {
            assert_eq!(settings.shown(row), defaults.shown(row), "{}", row.key);
        }
        for language in Language::ALL {
            let text = explain(row.key, language).unwrap().text();
            assert!(text.contains(row.key) && !text.contains("config."), "{text}");
        }
    }
}

#[test]
fn defaults_are_within_their_own_rules() {
    assert_eq!(
        Settings::from_str("", "f.toml").unwrap().show(true, Words::new(ENGLISH)).matches("# default").count(),
        { TABLE.iter().filter(|row| !row.derived).count() }
    );
    let mut derived = Settings::default();
    derived.derive();
    assert_eq!(derived, Settings::default(), "a derived default is not what derive() makes");
}

#[test]
fn a_file_sets_what_it_says() {
    let text = r#"
        [api]
        listen = "0.0.0.0:9000"
        [database]
        url = "mysql://stack:secret@db:3306/ferrostack"
        [identity]
        admin_password = "hunter2"
        [compute]
        cpu_allocation_ratio = 16
        quota_instances = -1
        [network]
        physical_networks = ["public", "storage"]
        [log]
        format = "json"
        [state]
        dir = "/srv/ferrostack"
    "#;
    let settings = Settings::from_str(text, "f.toml").unwrap();
    assert_eq!(settings.api.public_url.as_str(), "http://127.0.0.1:9000");
    assert!(matches!(&settings.database.url, DatabaseUrl::Mysql(url) if url.expose().contains("secret")));
    assert_eq!(settings.identity.admin_password.as_ref().unwrap().expose(), "hunter2");
    assert_eq!(settings.compute.cpu_allocation_ratio, 16.0);
    assert_eq!(settings.compute.quota_instances, -1);
    assert_eq!(settings.network.physical_networks, ["public", "storage"]);
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.image.store_dir.to_str(), Some("/srv/ferrostack/images"));
    assert_eq!(settings.origin("api.listen"), Origin::File { line: 3 });
    assert_eq!(settings.origin("image.store_dir"), Origin::Derived);

    let shown = settings.show(false, Words::new(ENGLISH));
    assert!(shown.contains("listen = \"0.0.0.0:9000\"  # f.toml, line 3\n"), "{shown}");
    assert!(shown.contains("url = \"mysql://stack:***@db:3306/ferrostack\""), "{shown}");
    assert!(!shown.contains("secret") && !shown.contains("hunter2"), "{shown}");
    assert!(!shown.contains("region"), "{shown}");
    let all = settings.show(true, Words::new(Language::Korean));
    assert!(all.contains("region = \"RegionOne\"  # 기본값\n"), "{all}");
    assert!(all.parse::<toml::Table>().is_ok());
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn wrong_settings_are_all_told_with_their_lines() {
    let text = "\
[network]
physical_mut = 9000
quota_ports = \"many\"

[compute]
cpu_allocation_ratio = 0
physical_mtu = 1500
  max_build_attempts = 1_000_000

[lgo]
level = \"info\"
[log]
format = \"jsno\"
level = \"loud\"
";
    assert_eq!(
        problems(text),
        [
            "f.toml:2:1: unknown setting network.physical_mut; did you mean network.physical_mtu?",
            "f.toml:3:1: network.quota_ports = \"many\": a whole number, or -1 for no limit is wanted",
            "f.toml:6:1: compute.cpu_allocation_ratio = 0: must be between 0.01 and 1000",
            "f.toml:7:1: unknown setting compute.physical_mtu; did you mean network.physical_mtu?",
            "f.toml:8:3: compute.max_build_attempts = 1_000_000: must be between 1 and 100",
            "f.toml:10:2: unknown section [lgo]; did you mean log?",
            "f.toml:13:1: log.format = \"jsno\": must be one of human, json, journald; did you mean json?",
            "f.toml:14:1: log.level = \"loud\": must be a level (error, warn, info, debug, trace), \
             or such as info,ferrostack_saga=debug",
        ]
    );
}

#[test]
fn values_of_each_form_are_checked() {
    for (text, reason) in [
        ("api.listen = \"8080\"", "an address with port"),
        ("api.public_url = \"cloud\"", "must be like https://"),
        ("state.dir = \"data\"", "must be absolute"),
        ("api.region = \" \"", "must not be empty"),
        ("image.require_format_match = 1", "true or false is wanted"),
        ("network.base_mac = \"01:00:5e:00:00:00\"", "MAC address"),
        ("network.dns_domain = \"a b\"", "domain name"),
        ("network.physical_networks = \"public\"", "a list of texts"),
        ("compute.ram_allocation_ratio = nan", "a number is wanted"),
        ("image.size_cap_bytes = -1", "must be between 1 and"),
        ("simulated.nodes = 4294967298", "must be between 1 and 10000"),
        ("api = 1", "api is a section"),
        ("listen = \"127.0.0.1:80\"", "did you mean api.listen?"),
        ("zzzzqqq = 1", "unknown setting zzzzqqq"),
    ] {
        let problems = problems(text);
        assert!(problems.len() == 1 && problems[0].contains(reason), "{text}: {problems:?}");
    }
}

#[test]
fn secrets_are_not_in_messages() {
    let refused = problems("[database]\nurl = \"postgres://stack:hunter2@db/x\"\n[identity]\nadmin_password = 12345\n");
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|problem| !problem.contains("hunter2") && !problem.contains("12345")), "{refused:?}");
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let refused = problems("[api]\nlisten = \n[network]\nphysical_mut = 1\n");
    assert!(refused[0].starts_with("f.toml:2:"), "{refused:?}");
    assert!(refused[0].contains("not valid TOML"), "{refused:?}");
    assert!(refused.last().unwrap().starts_with("f.toml:4:1: unknown setting network.physical_mut"), "{refused:?}");
    assert!(problems("[log]\nlevel = \"info\"\nlevel = \"warn\"\n")[0].starts_with("f.toml:3:1:"));
}

#[test]
fn settings_must_go_together() {
    for (text, reason) in [
        ("[controller]\nlease_renew_s = 10", "f.toml:2:1: controller.lease_lapse_s = 20: must be more than twice"),
        ("[controller]\nlease_lapse_s = 11\nlease_renew_s = 6", "f.toml:3:1: controller.lease_lapse_s = 11"),
        ("[agent]\ndown_after_s = 20", "agent.report_s (10)"),
        ("[compute]\nbuild_timeout_s = 299", "compute.vif_plugging_timeout_s (300)"),
        ("[network]\nphysical_mtu = 1300", "network.geneve_overhead (58)"),
        ("[image]\nlist_limit = 10", "image.list_default = 25"),
    ] {
        let problems = problems(text);
        assert!(problems.len() == 1 && problems[0].contains(reason), "{text}: {problems:?}");
    }
    // A value that is refused already is not compared.
    assert_eq!(problems("[controller]\nlease_renew_s = 15\nlease_lapse_s = \"long\"").len(), 1);
    assert!(Settings::from_str("[controller]\nlease_renew_s = 10\nlease_lapse_s = 21", "f.toml").is_ok());
}

#[test]
fn problems_are_told_in_korean() {
    let refused = Settings::from_str("[network]\nphysical_mut = 9000", "f.toml").unwrap_err();
    assert_eq!(
        refused.text(Words::new(Language::Korean)),
        "f.toml 2행 1열: network.physical_mut은(는) 알 수 없는 설정입니다; \
         혹시 network.physical_mtu을(를) 쓰려고 하셨습니까?"
    );
}

#[test]
fn options_of_the_command_win_over_the_file() {
    let mut settings = Settings::from_str("[simulated]\nnodes = 3", "f.toml").unwrap();
    settings.set("simulated.nodes", "7").unwrap();
    settings.set("api.listen", "127.0.0.1:0").unwrap();
    settings.set("state.dir", "/tmp/cloud").unwrap();
    settings.set("identity.admin_password", "12345").unwrap();
    assert_eq!(settings.simulated.nodes, 7);
    assert_eq!(settings.origin("simulated.nodes"), Origin::CommandLine);
    assert_eq!(settings.database.url.sqlite_path().unwrap().to_str(), Some("/tmp/cloud/ferrostack.db"));
    assert_eq!(settings.identity.admin_password.as_ref().unwrap().expose(), "12345");

    let before = settings.clone();
    assert_eq!(
        settings.set("simulated.nodes", "0").unwrap_err().to_string(),
        "simulated.nodes = 0: must be between 1 and 10000"
    );
    assert!(settings.set("controller.lease_lapse_s", "5").unwrap_err().to_string().contains("more than twice"));
    assert!(matches!(settings.set("simulated.node", "1"), Err(ConfigError::UnknownKey { .. })));
    assert_eq!(settings, before);
}

#[test]
fn explain_names_the_nearest_settings() {
    let Err(ConfigError::UnknownKey { nearest, .. }) = explain("identity.token_expiration", ENGLISH) else {
        panic!("an unknown key was explained");
    };
    assert_eq!(nearest[0], "identity.token_expiration_s");
    assert!(explain("mtu", ENGLISH).unwrap_err().to_string().contains("did you mean network.physical_mtu"));
    assert!(
        explain("cpu_ratio", ENGLISH).unwrap_err().to_string().ends_with("did you mean compute.cpu_allocation_ratio?")
    );
    assert_eq!(explain("qqqq.zzzz", ENGLISH).unwrap_err().to_string(), "there is no setting \"qqqq.zzzz\"");

    let explanation = explain("controller.lease_lapse_s", Language::Korean).unwrap();
    assert_eq!(explanation.default.as_deref(), Some("20"));
    assert_eq!(explanation.range.as_deref(), Some("3 .. 3600"));
    assert!(explanation.text().contains("기본값의 근거"));
    assert!(Row::find("controller.lease_lapse_s").is_some());
}

#[test]
fn files_are_loaded_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ferrostack.toml");
    assert!(matches!(Settings::load(&path), Err(ConfigError::Unreadable { .. })));
    std::fs::write(&path, "[log]\nlevel = \"debug\"\n[agent]\nreport_s = 5\n").unwrap();
    assert_eq!(check(&path).unwrap(), 2);
    std::fs::write(&path, "[log]\nlevle = \"debug\"\n").unwrap();
    let refused = check(&path).unwrap_err().to_string();
    assert!(refused.starts_with(&format!("{}:2:1: ", path.display())), "{refused}");
}

#[test]
fn usage_finds_settings_that_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rs"), "f(settings.api.region); settings.network.physical_mtu_of()").unwrap();
    let unread = usage::unread(&[folder.path()]).unwrap();
    assert_eq!(unread.len(), TABLE.len() - 1);
    assert!(!unread.contains(&"api.region") && unread.contains(&"network.physical_mtu"));
}

#[test]
fn the_texts_of_settings_are_all_used() {
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let usage = ferrostack_words::usage::usage(&[&sources], &[]).unwrap();
    let unused: Vec<_> = usage.unused.iter().filter(|key| key.starts_with("config.")).collect();
    assert!(unused.is_empty(), "{unused:?}");
    assert!(usage.missing.is_empty(), "{:?}", usage.missing);
}
