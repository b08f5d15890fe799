//! Compares the catalog with the sources, for a test that no text is unused and no used text is missing.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// What the sources ask for and what the catalog has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Keys of the catalog that no source names.
    pub unused: Vec<String>,
    /// Keys that a source names and the catalog lacks, with the file.
    pub missing: Vec<(String, PathBuf)>,
}

/// Reads all `.rs` files under `folders` (without `target`) for string literals that are keys: at least three parts
/// of lower-case letters, digits and underscores, the first one being an area of the catalog.
/// Keys that begin with one of `computed` are put together at run time; those count as used.
///
/// # Errors
/// A folder or file cannot be read.
pub fn usage(folders: &[&Path], computed: &[&str]) -> io::Result<Usage> {
    let known: BTreeSet<&str> = crate::keys().collect();
    let areas: BTreeSet<&str> = known.iter().filter_map(|key| key.split('.').next()).collect();
    let mut used = BTreeSet::new();
    let mut missing = BTreeSet::new();
    for file in source_files(folders)? {
        for key in keys_in(&fs::read_to_string(&file)?, &areas) {
            if known.contains(key.as_str()) {
                used.insert(key);
            } else if !computed.iter().any(|prefix| key.starts_with(prefix)) {
                missing.insert((key, file.clone()));
            }
        }
    }
    let is_used = |key: &str| used.contains(key) || computed.iter().any(|prefix| key.starts_with(prefix));
    let unused = known.into_iter().filter(|key| !is_used(key)).map(str::to_owned).collect();
    Ok(Usage { unused, missing: missing.into_iter().collect() })
}

/// For a test of the workspace: see [`usage()`].
///
/// # Panics
/// A text is unused or missing, or a folder cannot be read; the message names them.
pub fn assert_all_used(folders: &[&Path], computed: &[&str]) {
    match usage(folders, computed) {
        Ok(usage) => assert!(usage == Usage::default(), "texts do not fit the sources: {usage:#?}"),
        Err(error) => panic!("cannot read the sources: {error}"),
    }
}

fn source_files(folders: &[&Path]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| folder.to_path_buf()).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Whatever stands between two quotes and looks like a key. Text between two literals never does.
fn keys_in(source: &str, areas: &BTreeSet<&str>) -> BTreeSet<String> {
    let is_key = |text: &&str| {
        let mut parts = text.split('.');
        let fits = |part: &str| {
            !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
        };
        text.matches('.').count() >= 2
            && parts.next().is_some_and(|area| areas.contains(area))
            && text.split('.').all(fits)
    };
    source.split('"').filter(is_key).map(str::to_owned).collect()
}
