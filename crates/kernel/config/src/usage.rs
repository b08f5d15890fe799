//! Compares the table with the sources, for a test that every setting is read by somebody.

use std::{fs, io, path::Path};

use crate::table::TABLE;

/// The settings whose field is read nowhere under `folders` (`.rs` files, without `target` and this crate itself).
/// A field counts as read when its name stands behind a dot.
///
/// # Errors
/// A folder or file cannot be read.
pub fn unread(folders: &[&Path]) -> io::Result<Vec<&'static str>> {
    let mut rows: Vec<_> = TABLE.iter().collect();
    let mut open: Vec<_> = folders.iter().map(|folder| folder.to_path_buf()).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                let skipped = path.ends_with("target") || path.ends_with("kernel/config");
                if !skipped {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path)?;
                rows.retain(|row| !reads(&source, row.name()));
            }
        }
    }
    Ok(rows.into_iter().map(|row| row.key).collect())
}

fn reads(source: &str, name: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == '(';
    source
        .match_indices(name)
        .any(|(at, _)| source[..at].ends_with('.') && !source[at + name.len()..].starts_with(goes_on))
}
