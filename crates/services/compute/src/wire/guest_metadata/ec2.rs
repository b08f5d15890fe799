//! The tree that EC2 made common: `VERSION/meta-data/...` and `VERSION/user-data`.

use serde_json::{Map, Value};

use super::Files;
use crate::model::GuestFacts;

/// The versions, oldest first.
pub(super) const VERSIONS: [&str; 10] = [
    "1.0",
    "2007-01-19",
    "2007-03-01",
    "2007-08-29",
    "2007-10-10",
    "2007-12-15",
    "2008-02-01",
    "2008-09-01",
    "2009-04-04",
    "latest",
];

/// Of a configuration drive.
const ON_DRIVES: [&str; 2] = ["2009-04-04", "latest"];

pub(super) fn add(files: &mut Files, facts: &GuestFacts) {
    for version in VERSIONS {
        for (name, content) in items(facts, version) {
            files.insert(format!("{version}/meta-data/{name}"), content.into_bytes());
        }
        if let Some(data) = &facts.user_data {
            files.insert(format!("{version}/user-data"), data.expose().clone());
        }
    }
}

/// On a drive the same is one JSON file.
pub(super) fn add_to_drive(files: &mut Files, facts: &GuestFacts) {
    for version in ON_DRIVES {
        let mut tree = Map::new();
        for (name, content) in items(facts, version) {
            insert(&mut tree, &name, content);
        }
        files.insert(format!("ec2/{version}/meta-data.json"), Value::Object(tree).to_string().into_bytes());
        if let Some(data) = &facts.user_data {
            files.insert(format!("ec2/{version}/user-data"), data.expose().clone());
        }
    }
}

/// Puts a text at a path into nested objects.
fn insert(tree: &mut Map<String, Value>, path: &str, content: String) {
    let Some((directory, rest)) = path.split_once('/') else {
        tree.insert(path.to_owned(), Value::String(content));
        return;
    };
    if let Value::Object(below) = tree.entry(directory).or_insert_with(|| Value::Object(Map::new())) {
        insert(below, rest, content);
    }
}

/// What that version has, by paths below `meta-data`.
fn items(facts: &GuestFacts, version: &str) -> Vec<(String, String)> {
    let ip = |ip: Option<std::net::IpAddr>| ip.map(|ip| ip.to_string()).unwrap_or_default();
    // As texts, dates are in order, "1.0" is before all of them, and "latest" after.
    let has = |since: &str| version >= since;
    let image = facts.image_id.map_or(0, |id| id.as_fields().0);
    let mut all: Vec<(&str, String)> = vec![
        ("ami-id", format!("ami-{image:08x}")),
        ("ami-launch-index", facts.launch_index.to_string()),
        ("ami-manifest-path", "FIXME".to_owned()),
        ("hostname", facts.hostname.clone()),
        ("instance-id", format!("i-{:08x}", facts.number)),
        ("local-ipv4", ip(facts.local_ip_v4())),
        ("reservation-id", facts.reservation_id.clone()),
        ("security-groups", facts.security_groups.join("\n")),
    ];
    if let Some((_, key)) = &facts.key {
        all.push(("public-keys/0/openssh-key", key.clone()));
    }
    if has("2007-01-19") {
        all.push(("local-hostname", facts.hostname.clone()));
        all.push(("public-hostname", facts.hostname.clone()));
        all.push(("public-ipv4", ip(facts.floating_ip)));
    }
    if has("2007-08-29") {
        all.push(("instance-type", facts.flavor_name.clone()));
    }
    if has("2007-12-15") {
        all.push(("block-device-mapping/ami", facts.root_device.to_owned()));
        all.push(("block-device-mapping/root", format!("/dev/{}", facts.root_device)));
    }
    if has("2008-02-01") {
        all.push(("placement/availability-zone", facts.zone.clone()));
    }
    if has("2008-09-01") {
        all.push(("instance-action", "none".to_owned()));
    }
    all.into_iter().map(|(name, content)| (name.to_owned(), content)).collect()
}
