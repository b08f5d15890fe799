//! The files of OVSDB databases.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ferrostack_base::Clock;

use crate::{DaemonError, command, state::State};

/// Makes a database that is not there, and brings one of an older schema to that of the installed version. Its server
/// must not be running.
pub(crate) async fn prepare(
    clock: &Clock,
    state: &State,
    engine: &'static str,
    file: &Path,
    schema: &Path,
) -> Result<(), DaemonError> {
    let schema_path = schema.display().to_string();
    if !file.exists() {
        // Made beside and moved in one step, so that a half-made one is never found under its name.
        let new = file.with_extension("new");
        for leftover in [new.clone(), lock_of(&new)] {
            let _ = fs::remove_file(leftover);
        }
        state.note_made(file)?;
        command::run(clock, "ovsdb-tool", &["create", &new.display().to_string(), &schema_path]).await?;
        fs::rename(&new, file).map_err(DaemonError::file("create", file))?;
        let _ = fs::remove_file(lock_of(&new));
        return Ok(());
    }
    let path = file.display().to_string();
    let needed =
        command::run(clock, "ovsdb-tool", &["needs-conversion", &path, &schema_path]).await.map_err(|error| {
            let file = file.to_path_buf();
            DaemonError::DatabaseFile { engine, file, reason: error.to_string() }
        })?;
    if needed.trim() == "yes" {
        let kept = file.with_extension("before-upgrade");
        fs::copy(file, &kept).map_err(DaemonError::file("write", &kept))?;
        command::run(clock, "ovsdb-tool", &["convert", &path, &schema_path]).await?;
    }
    Ok(())
}

/// The file by which servers and tools keep each other away from a database.
pub(crate) fn lock_of(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.~lock~"))
}
