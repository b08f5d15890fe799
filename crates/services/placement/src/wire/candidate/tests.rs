use super::*;

fn parse(query: &str, minor: u16) -> Result<Request, PlacementError> {
    request(&Params::parse(query), v(minor))
}

#[test]
fn groups_are_told_apart_by_their_suffixes() {
    let found =
        parse("resources=VCPU:1&resources1=DISK_GB:2&required1=COMPUTE_NODE&group_policy=isolate&limit=3", 25).unwrap();
    assert_eq!(found.groups.len(), 2);
    assert_eq!(found.groups[1].suffix, "1");
    assert_eq!(found.groups[1].resources, [("DISK_GB".to_owned(), 2)]);
    assert_eq!(found.groups[1].required, [vec!["COMPUTE_NODE".to_owned()]]);
    assert_eq!((found.limit, found.isolate, found.nested), (Some(3), true, false));
    let named = parse("resources_A=VCPU:1&resources_B-2=DISK_GB:1&same_subtree=_A,_B-2&group_policy=none", 36).unwrap();
    assert_eq!((named.same_subtrees, named.nested), (vec![vec![0, 1]], true));
}

#[test]
fn each_version_knows_its_parameters() {
    for (query, since) in [
        ("resources=VCPU:1", 10),
        ("resources=VCPU:1&limit=1", 16),
        ("resources=VCPU:1&required=A", 17),
        ("resources=VCPU:1&member_of=00000000-0000-0000-0000-000000000001", 21),
        ("resources=VCPU:1&required=!A", 22),
        ("resources=VCPU:1&group_policy=none", 25),
        ("resources7=VCPU:1", 25),
        ("resources=VCPU:1&in_tree=00000000-0000-0000-0000-000000000001", 31),
        ("resources=VCPU:1&member_of=!00000000-0000-0000-0000-000000000001", 32),
        ("resources_X=VCPU:1", 33),
        ("resources=VCPU:1&root_required=A", 35),
        ("resources_X=VCPU:1&required_Y=A&same_subtree=_X,_Y&group_policy=none", 36),
        ("resources=VCPU:1&required=in:A,B", 39),
    ] {
        assert!(parse(query, since).is_ok(), "{query} at 1.{since}: {:?}", parse(query, since));
        assert!(parse(query, since - 1).is_err() || since == 10, "{query} before 1.{since}");
    }
    assert!(parse("resources01=VCPU:1", 32).is_err());
    assert!(parse(&format!("resources{}=VCPU:1", "x".repeat(65)), 39).is_err());
}
