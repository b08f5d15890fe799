//! What holds for the workspace as a whole: who depends on whom, that nothing is left unused or undocumented, and how
//! long files are.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Longest source file, in lines.
const LONGEST: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn packages() -> Vec<Package> {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap()
        .packages
}

/// The wing of a crate: `kernel`, `engine`, `services`, `lab`, `agent`, or `ferrostack` for the binary.
fn wing(package: &Package) -> String {
    let folder = package.manifest_path.strip_prefix(root().join("crates")).unwrap();
    folder.components().next().unwrap().to_string()
}

/// Whether a crate of one wing may use one of another: dependencies go down only, and services meet in contracts.
fn may_use(from: &str, package: &str, to: &str) -> bool {
    let below: &[&str] = match from {
        "ferrostack" => &["services", "agent", "lab", "engine", "kernel"],
        "lab" if package == "ferrostack-testkit" => &["services", "agent", "lab", "engine", "kernel"],
        "lab" | "services" | "agent" => &["engine", "kernel"],
        // Whoever starts Open vSwitch speaks OVSDB with it.
        "engine" if package == "ferrostack-daemons" => &["engine", "kernel"],
        "engine" | "kernel" => &["kernel"],
        _ => &[],
    };
    below.contains(&to)
}

#[test]
fn dependencies_go_down_only() {
    let packages = packages();
    let wings: BTreeMap<_, _> = packages.iter().map(|package| (package.name.to_string(), wing(package))).collect();
    let mut wrong = Vec::new();
    for package in &packages {
        let from = wing(package);
        for dependency in &package.dependencies {
            let Some(to) = wings.get(&dependency.name) else { continue };
            // Tests of a service may stand on the simulated engines, never on another service.
            // A crate's own tests may ask it for features that only tests need.
            let of_tests = to == "lab" || dependency.name == package.name.as_str();
            let for_tests = dependency.kind == DependencyKind::Development && of_tests;
            if !may_use(&from, &package.name, to) && !for_tests {
                wrong.push(format!("{} ({from}) uses {} ({to})", package.name, dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(wings.len() > 20 && wings.values().any(|wing| wing == "services"), "{wings:?}");
}

#[test]
fn crates_inherit_license_version_and_lints() {
    for package in packages() {
        let name = package.name.as_str();
        assert_eq!(package.license.as_deref(), Some("Apache-2.0"), "{name}");
        let folder = package.manifest_path.parent().unwrap().file_name().unwrap();
        assert!(name == "ferrostack" || name == format!("ferrostack-{folder}"), "{name} is in {folder}");
        let manifest: toml::Table = fs::read_to_string(&package.manifest_path).unwrap().parse().unwrap();
        let inherits = |table: &str, key: &str| {
            let value = manifest.get(table).and_then(|table| table.get(key));
            value.and_then(|value| value.get("workspace").unwrap_or(value).as_bool()) == Some(true)
        };
        assert!(inherits("lints", "workspace"), "{name} has lints of its own");
        for key in ["version", "edition", "rust-version", "license", "repository", "publish"] {
            assert!(inherits("package", key), "{name} has its own {key}");
        }
    }
}

#[test]
fn a_dependency_has_one_version_for_all_crates() {
    let read = |path: &Path| fs::read_to_string(path).unwrap().parse::<toml::Table>().unwrap();
    let workspace = read(&root().join("Cargo.toml"));
    let shared = workspace["workspace"]["dependencies"].as_table().unwrap();
    let mut own: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        let manifest = read(package.manifest_path.as_std_path());
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, entry) in manifest.get(kind).and_then(toml::Value::as_table).into_iter().flatten() {
                let inherited = entry.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                if !inherited && name != package.name.as_str() {
                    own.entry(name.clone()).or_default().push(package.name.to_string());
                }
            }
        }
    }
    own.retain(|name, crates| shared.contains_key(name) || crates.len() > 1);
    assert!(own.is_empty(), "these belong into the workspace's table: {own:?}");
}

#[test]
fn every_text_is_used_and_every_used_text_is_there() {
    // The tests of the catalog itself use keys that are not there.
    let folders: Vec<_> = sources().into_iter().filter(|folder| !folder.ends_with("kernel/words")).collect();
    let folders: Vec<_> = folders.iter().map(PathBuf::as_path).collect();
    ferrostack_words::usage::assert_all_used(&folders, &[]);
}

#[test]
fn every_setting_is_read() {
    let folders = sources();
    let folders: Vec<_> = folders.iter().map(PathBuf::as_path).collect();
    let unread = ferrostack_config::usage::unread(&folders).unwrap();
    assert!(unread.is_empty(), "nobody reads {unread:#?}");
}

/// The folder of each crate.
fn sources() -> Vec<PathBuf> {
    packages().iter().filter_map(|package| Some(package.manifest_path.parent()?.into())).collect()
}

#[test]
fn files_are_short() {
    let mut long = Vec::new();
    let mut seen = 0;
    let mut open = vec![root().join("crates"), root().join("script"), root().join("conformance")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if path.is_dir() {
                open.push(path);
            } else if matches!(extension, "rs" | "py" | "sh")
                || path.parent().is_some_and(|dir| dir.ends_with("script"))
            {
                let lines = fs::read_to_string(&path).unwrap().lines().count();
                seen += 1;
                if lines > LONGEST {
                    long.push(format!("{}: {lines}", path.display()));
                }
            }
        }
    }
    assert!(long.is_empty(), "longer than {LONGEST} lines: {long:#?}");
    assert!(seen > 200, "only {seen} files were found");
}
