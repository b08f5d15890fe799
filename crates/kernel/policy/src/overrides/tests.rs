use super::*;
use crate::{Action, Creds, Role, Scope};

const ACTIONS: &[Action] = &[
    Action { name: "admin_required", rule: "role:admin", scope_types: &[], doc: "An administrator." },
    Action { name: "get_network", rule: "rule:admin_required", scope_types: &[Scope::Project], doc: "Show a network." },
    Action { name: "identity:list_users", rule: "rule:admin_required", scope_types: &[], doc: "List users." },
];

fn defaults() -> Policy {
    Policy::new([ACTIONS]).unwrap()
}

fn may(policy: &Policy, action: &str, role: &str) -> bool {
    let roles = [Role { id: "1".to_owned(), name: role.to_owned() }];
    policy.check(action, &Creds { roles: &roles, ..Creds::default() }, &()).is_ok()
}

#[test]
fn an_override_replaces_one_rule() {
    let policy = defaults().with_overrides("\"get_network\": \"role:reader\"\n").unwrap();
    assert!(may(&policy, "get_network", "reader") && !may(&policy, "get_network", "admin"));
    assert!(may(&policy, "identity:list_users", "admin"));
    let rule = policy.rule("get_network").unwrap();
    assert_eq!(rule.source, Source::Operator { line: 1 });
    assert_eq!((rule.scope_types, rule.doc), (&[Scope::Project][..], "Show a network."));
    assert_eq!(policy.rule("admin_required").unwrap().source, Source::Default);
}

#[test]
fn a_base_rule_reaches_all_that_refer_to_it() {
    let policy = defaults().with_overrides("admin_required: role:boss\n").unwrap();
    assert!(may(&policy, "get_network", "boss") && may(&policy, "identity:list_users", "boss"));
    assert!(!may(&policy, "get_network", "admin"));
}

#[test]
fn helpers_may_be_added_when_used() {
    let policy = defaults()
        .with_overrides("# ours\nwatchers: role:watcher\nget_network: rule:watchers or rule:admin_required\n");
    assert!(may(&policy.unwrap(), "get_network", "watcher"));
}

#[test]
fn nothing_changes_nothing() {
    for yaml in ["", "# only a comment\n", "{}", "---\n"] {
        let policy = defaults().with_overrides(yaml).unwrap_or_else(|error| panic!("{yaml:?}: {error:?}"));
        assert!(may(&policy, "get_network", "admin"), "{yaml:?}");
    }
}

#[test]
fn empty_text_allows_everybody_and_null_is_refused() {
    let policy = defaults().with_overrides("get_network: \"\"\n").unwrap();
    assert!(may(&policy, "get_network", "nobody"));
    for yaml in ["# x\nget_network:\n", "# x\nget_network: null\n", "# x\nget_network: ~\n"] {
        let error = defaults().with_overrides(yaml).unwrap_err();
        assert!(matches!(&error, PolicyError::NoRule { name, line: 2 } if name == "get_network"), "{yaml:?}: {error}");
    }
}

#[test]
fn mistakes_name_rule_line_and_column() {
    let error = defaults().with_overrides("# head\n\nget_network: \"role:a or rule:admin_requird\"\n").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("get_network (policy.yaml line 3), column 16"), "{text}");
    assert!(text.contains("did you mean `admin_required`"), "{text}");

    let error = defaults().with_overrides("get_netwrk: role:a\n").unwrap_err();
    assert!(
        matches!(&error, PolicyError::UnknownName { name, line: 1, near: Some(near) } if name == "get_netwrk" && near == "get_network"),
        "{error}"
    );
    let error = defaults().with_overrides("admin_required: rule:get_network\n").unwrap_err();
    assert!(matches!(error, PolicyError::Circle { .. }), "{error}");
}

#[test]
fn what_is_no_mapping_is_refused() {
    for yaml in ["- a\n- b\n", "just text", "get_network: [role:a]", "get_network: {a: b}", "a: b\na: c\n", "a: 'x"] {
        let error = defaults().with_overrides(yaml).unwrap_err();
        assert!(matches!(error, PolicyError::Yaml { .. }), "{yaml:?}: {error}");
    }
}
