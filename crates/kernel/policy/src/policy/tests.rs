use proptest::prelude::*;

use super::*;
use crate::Role;

/// Leaks: rules of tests live as long as the test process.
fn policy(rules: &[(&'static str, &'static str)]) -> Result<Policy, PolicyError> {
    let actions: Vec<Action> =
        rules.iter().map(|(name, rule)| Action { name, rule, scope_types: &[], doc: "" }).collect();
    Policy::new([&*actions.leak()])
}

fn roles(names: &[&str]) -> Vec<Role> {
    names.iter().map(|name| Role { id: format!("id-{name}"), name: (*name).to_owned() }).collect()
}

fn allows(rule: &'static str, creds: &Creds<'_>, target: &dyn Target) -> bool {
    let base = [("admin_required", "role:admin"), ("owner", "project_id:%(project_id)s"), ("action", rule)];
    policy(&base).unwrap().check("action", creds, target).is_ok()
}

#[test]
fn single_checks() {
    let roles = roles(&["Member", "reader"]);
    let creds = Creds { user_id: Some("u1"), project_id: Some("p1"), roles: &roles, ..Creds::default() };
    let target = [("project_id", "p1"), ("target.user.id", "u1"), ("role", "MEMBER"), ("on", "True"), ("n", "12")];
    for (rule, expected) in [
        ("", true),
        ("   ", true),
        ("@", true),
        ("!", false),
        ("role:member", true),
        ("role:READER", true),
        ("role:admin", false),
        ("role:%(role)s", true),
        ("role:%(nothing)s", false),
        ("rule:owner", true),
        ("rule:admin_required", false),
        ("project_id:%(project_id)s", true),
        ("tenant_id:%(project_id)s", true),
        ("project_id:p1", true),
        ("project_id:p2", false),
        ("project_id:%(missing)s", false),
        ("user_id:%(target.user.id)s", true),
        ("domain_id:None", true),
        ("not domain_id:None", false),
        ("domain_id:%(project_id)s", false),
        ("roles:reader", true),
        ("is_admin:True", false),
        ("is_admin:False", true),
        ("True:%(on)s", true),
        ("False:%(on)s", false),
        ("12:%(n)s", true),
        ("'p1':%(project_id)s", true),
        ("\"p1\":%(project_id)s", true),
        ("'p2':%(project_id)s", false),
        ("None:%(project_id)s", false),
        ("None:%(missing)s", false),
        ("field:networks:on=True", true),
        ("field:networks:on=False", false),
        ("field:port:project_id=~^p", true),
        ("field:port:project_id=~^q", false),
    ] {
        assert_eq!(allows(rule, &creds, &target), expected, "{rule}");
    }
}

#[test]
fn words_combine_by_their_precedence() {
    // Each letter's truth is its case: the target has the attributes of upper-case letters.
    let target = [("A", "1"), ("B", "1"), ("C", "1")];
    for (rule, expected) in [
        ("A or b and c", true),
        ("(A or b) and c", false),
        ("a and b or C", true),
        ("a and (b or C)", false),
        ("a or B and C or d", true),
        ("not a", true),
        ("not A or B", true),
        ("not (A or B)", false),
        ("not not A", true),
        ("not a and b", false),
        ("NOT a AND B", true),
        ("((A))", true),
        ("( A and ( b or C ) )", true),
        ("A and B and C and d", false),
        ("a or b or c or not d", true),
    ] {
        assert_eq!(allows(letters_to_checks(rule).leak(), &Creds::default(), &target), expected, "{rule}");
    }
}

fn letters_to_checks(rule: &str) -> String {
    let word = |word: &str| match word {
        "A" | "B" | "C" | "a" | "b" | "c" | "d" => format!("1:%({word})s"),
        other => other.to_owned(),
    };
    let spaced = rule.replace('(', "( ").replace(')', " )");
    spaced.split_whitespace().map(word).collect::<Vec<_>>().join(" ").replace("( ", "(").replace(" )", ")")
}

#[test]
fn null_is_a_value_of_the_target_only_where_asked_for() {
    let target = [("domain_id", None), ("name", Some("x"))];
    let creds = Creds::default();
    assert!(allows("None:%(domain_id)s", &creds, &target));
    assert!(!allows("'None':%(domain_id)s", &creds, &target));
    assert!(!allows("None:%(name)s", &creds, &target));
    assert!(!allows("domain_id:%(domain_id)s", &creds, &target), "no project must not own what belongs to none");
}

#[test]
fn scope_comes_before_the_rule() {
    const ACTIONS: &[Action] = &[
        Action { name: "sys", rule: "role:admin", scope_types: &[Scope::System], doc: "" },
        Action { name: "both", rule: "role:admin", scope_types: &[Scope::System, Scope::Project], doc: "" },
    ];
    let policy = Policy::new([ACTIONS]).unwrap();
    let roles = roles(&["admin"]);
    let project = Creds { project_id: Some("p"), roles: &roles, ..Creds::default() };
    let system = Creds { system_scope: Some("all"), roles: &roles, ..Creds::default() };
    let domain = Creds { domain_id: Some("d"), roles: &roles, ..Creds::default() };
    assert!(policy.check("sys", &system, &()).is_ok());
    assert!(policy.check("both", &system, &()).is_ok());
    assert!(policy.check("both", &project, &()).is_ok());
    let denied = policy.check("sys", &project, &()).unwrap_err();
    assert!(matches!(denied, Denied::Scope { held: Scope::Project, .. }));
    assert_eq!(denied.to_string(), "policy does not allow sys with a token of project scope, it takes system");
    let denied = policy.check("both", &domain, &()).unwrap_err();
    assert!(matches!(denied, Denied::Scope { held: Scope::Domain, .. }));
    assert_eq!(denied.action(), "both");
}

#[test]
fn denied_names_the_rule() {
    let policy = policy(&[("admin_required", "role:admin"), ("do", "rule:admin_required")]).unwrap();
    let denied = policy.check("do", &Creds::default(), &()).unwrap_err();
    assert_eq!(denied.to_string(), "policy does not allow do: rule:admin_required");
    assert_eq!(denied.rule().map(|rule| &*rule.text), Some("rule:admin_required"));
    let denied = policy.check("undo", &Creds::default(), &()).unwrap_err();
    assert!(matches!(&denied, Denied::UnknownAction { action } if action == "undo"));
}

#[test]
fn mistakes_are_told_with_rule_and_column() {
    for (rule, column, part) in [
        ("role:admin and", 15, "ends where a check"),
        ("role:admin role:reader", 12, "`and` or `or`"),
        ("(role:admin", 1, "never closed"),
        ("(role:admin role:x)", 13, "`or` or `)`"),
        ("role:admin)", 11, "closes nothing"),
        ("or role:a", 1, "before this word"),
        ("role:a and ()", 13, "before `)`"),
        ("admin", 1, "kind:match"),
        ("'admin'", 1, "quoted"),
        ("role:a or rule:ownr", 16, "did you mean `owner`"),
        ("projct_id:%(x)s", 1, "did you mean `project_id`"),
        ("role:ü or project_id:%(x)d", 22, "followed by `s`"),
        ("user_id:%(x", 9, "closing"),
        ("http://example.org/", 1, "not supported"),
        ("role:", 6, "names no role"),
        ("field:networks", 7, "field:resource:key=value"),
        ("field:port:x=~a.*", 7, "^text"),
        (":x", 1, "nothing before"),
    ] {
        let error = policy(&[("owner", "@"), ("do", rule)]).unwrap_err();
        let PolicyError::Rule { rule: name, column: at, detail, line: None, .. } = &error else { panic!("{error}") };
        assert_eq!((name.as_str(), *at), ("do", column), "{rule}: {error}");
        assert!(detail.contains(part), "{rule}: {detail}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!("{}@{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(matches!(policy(&[("do", deep.leak())]), Err(PolicyError::Rule { .. })));
    let deep = format!("{}@", "not ".repeat(10_000));
    assert!(matches!(policy(&[("do", deep.leak())]), Err(PolicyError::Rule { .. })));
    let wide = vec!["(not @)"; 1000].join(" or ");
    assert!(policy(&[("do", wide.leak())]).is_ok());
}

#[test]
fn circles_are_refused() {
    let error =
        policy(&[("x", "rule:a"), ("a", "role:r or rule:b"), ("b", "not rule:c"), ("c", "rule:a")]).unwrap_err();
    assert!(matches!(&error, PolicyError::Circle { path } if path == "a -> b -> c -> a"), "{error}");
    assert!(matches!(policy(&[("a", "rule:a")]), Err(PolicyError::Circle { .. })));
    // The same rule twice is no circle.
    assert!(policy(&[("a", "rule:b and rule:c"), ("b", "rule:c"), ("c", "@")]).is_ok());
}

#[test]
fn a_name_means_one_thing() {
    assert!(policy(&[("a", "role:x"), ("a", "role:x")]).is_ok());
    assert!(matches!(policy(&[("a", "role:x"), ("a", "role:y")]), Err(PolicyError::Conflict { .. })));
}

#[test]
fn names_are_listed_in_order() {
    let policy = policy(&[("b", "@"), ("a", "@")]).unwrap();
    assert_eq!(policy.names().collect::<Vec<_>>(), ["b", "a"]);
    assert!(policy.contains("a") && !policy.contains("c"));
}

#[test]
fn explanation_shows_every_check() {
    let policy =
        policy(&[("admin", "role:admin"), ("do", "rule:admin or (role:reader and project_id:%(p)s)")]).unwrap();
    let roles = roles(&["reader"]);
    let creds = Creds { project_id: Some("1"), roles: &roles, ..Creds::default() };
    let explanation = policy.explain("do", &creds, &[("p", "2")]).unwrap();
    assert!(!explanation.allowed);
    assert_eq!(
        explanation.to_string(),
        "no   (rule:admin or (role:reader and project_id:%(p)s))\n\
         no     rule:admin\n\
         no       role:admin\n\
         no     (role:reader and project_id:%(p)s)\n\
         yes      role:reader\n\
         no       project_id:%(p)s\n"
    );
    assert!(policy.explain("do", &creds, &[("p", "1")]).unwrap().allowed);
    assert!(policy.explain("nothing", &creds, &()).is_none());
}

/// Rules in the notation of their checks: what is printed reads back as the same.
fn rule() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "@",
        "!",
        "role:a",
        "role:b",
        "1:%(x)s",
        "'x y':%(x)s",
        "project_id:%(p)s",
        "user_id:None",
        "field:a:b=c",
    ])
    .prop_map(|text| text.replace(' ', "_"));
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("not {one}")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|all| format!("({})", all.join(" and "))),
            prop::collection::vec(inner, 1..4).prop_map(|any| format!("({})", any.join(" or "))),
        ]
    })
}

proptest! {
    #[test]
    fn printing_and_parsing_agree(text in rule()) {
        let names = HashMap::new();
        let check = parser::parse(&text, &names).unwrap();
        prop_assert_eq!(parser::parse(&check.to_string(), &names).unwrap(), check);
    }

    #[test]
    fn no_text_panics(text in "[ ()%a-z:'@!=~^.ü]{0,40}") {
        let _ = parser::parse(&text, &HashMap::new());
    }
}
