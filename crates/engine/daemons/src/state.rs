//! What we remember across restarts and crashes: our mark, and which database files we have made.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::DaemonError;

/// The folder `engines` of the state folder.
#[derive(Debug, Clone)]
pub(crate) struct State {
    folder: PathBuf,
    mark: String,
}

impl State {
    /// Opens the folder of `state_dir`; a new one gets a mark that no other cloud has.
    pub(crate) fn open(state_dir: &Path) -> Result<Self, DaemonError> {
        let folder = state_dir.join("engines");
        fs::create_dir_all(&folder).map_err(DaemonError::file("create", &folder))?;
        let file = folder.join("mark");
        let mark = match read(&file)? {
            Some(mark) => mark,
            None => {
                let mark = Uuid::new_v4().to_string();
                write(&file, &mark)?;
                mark
            }
        };
        Ok(Self { folder, mark })
    }

    /// As [`Self::open`], but a folder that is not there is not made.
    pub(crate) fn open_if_there(state_dir: &Path) -> Result<Option<Self>, DaemonError> {
        let folder = state_dir.join("engines");
        let mark = read(&folder.join("mark"))?;
        Ok(mark.map(|mark| Self { folder, mark }))
    }

    /// Tells our processes and bridges from those of other clouds.
    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }

    /// Remembers that we are about to make a file; only such files does a purge remove.
    pub(crate) fn note_made(&self, path: &Path) -> Result<(), DaemonError> {
        let mut made = self.made()?;
        if !made.iter().any(|known| known == path) {
            made.push(path.to_path_buf());
            let lines: String = made.iter().map(|path| format!("{}\n", path.display())).collect();
            write(&self.folder.join("made"), &lines)?;
        }
        Ok(())
    }

    /// The files that we have made.
    pub(crate) fn made(&self) -> Result<Vec<PathBuf>, DaemonError> {
        Ok(read(&self.folder.join("made"))?.unwrap_or_default().lines().map(PathBuf::from).collect())
    }

    /// Forgets everything.
    pub(crate) fn remove(self) -> Result<(), DaemonError> {
        fs::remove_dir_all(&self.folder).map_err(DaemonError::file("remove", &self.folder))
    }
}

/// A text file's contents without the end of the line; `None` when it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<String>, DaemonError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim_end().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DaemonError::file("read", path)(error)),
    }
}

/// Writes a text file as a whole or not at all.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), DaemonError> {
    let new = path.with_extension("new");
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&new, path)).map_err(DaemonError::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stays_and_made_files_are_remembered_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(State::open_if_there(folder.path()).unwrap().is_none());
        let state = State::open(folder.path()).unwrap();
        state.note_made(Path::new("/a")).unwrap();
        state.note_made(Path::new("/b")).unwrap();
        state.note_made(Path::new("/a")).unwrap();
        let again = State::open_if_there(folder.path()).unwrap().unwrap();
        assert_eq!(again.mark(), state.mark());
        assert_eq!(again.made().unwrap(), [PathBuf::from("/a"), PathBuf::from("/b")]);
        again.remove().unwrap();
        assert_ne!(State::open(folder.path()).unwrap().mark(), state.mark());
    }
}
