//! Settings from a file and from the options of the command.

use std::path::{Path, PathBuf};

use ferrostack_config::{DEFAULT_PATH, Settings};

use crate::error::CommandError;

/// The options that stand for settings, as they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--state-dir`; may be relative to the current folder.
    pub state_dir: Option<PathBuf>,
    /// `--database`
    pub database: Option<String>,
    /// `--listen`
    pub listen: Option<String>,
    /// `--nodes`
    pub nodes: Option<String>,
}

impl Options {
    /// The file that is read: the one named, or else the usual one where it exists.
    pub fn file(&self) -> Option<PathBuf> {
        let usual = || Path::new(DEFAULT_PATH).exists().then(|| PathBuf::from(DEFAULT_PATH));
        self.config.clone().or_else(usual)
    }

    /// The settings of the file, and over them what the options say.
    ///
    /// # Errors
    /// [`CommandError::Settings`]; [`CommandError::Path`] when there is no current folder for a relative path.
    pub fn settings(&self) -> Result<Settings, CommandError> {
        let mut settings = match self.file() {
            Some(file) => Settings::load(&file)?,
            None => Settings::default(),
        };
        if let Some(path) = &self.state_dir {
            let path = std::path::absolute(path).map_err(|source| CommandError::Path { path: path.clone(), source })?;
            settings.set("state.dir", &path.to_string_lossy())?;
        }
        let others = [("database.url", &self.database), ("api.listen", &self.listen), ("simulated.nodes", &self.nodes)];
        for (key, value) in others {
            if let Some(value) = value {
                settings.set(key, value)?;
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_win_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f.toml");
        std::fs::write(&file, "[simulated]\nnodes = 3\n[api]\nregion = \"Seoul\"\n").unwrap();
        let options = Options {
            config: Some(file),
            state_dir: Some("here".into()),
            nodes: Some("5".to_owned()),
            listen: Some("127.0.0.1:0".to_owned()),
            ..Options::default()
        };
        let settings = options.settings().unwrap();
        assert_eq!((settings.simulated.nodes, settings.api.region.as_str()), (5, "Seoul"));
        assert_eq!(settings.state.dir, std::env::current_dir().unwrap().join("here"));
        assert_eq!(settings.database.url.sqlite_path(), Some(settings.state.dir.join("ferrostack.db").as_path()));
        let wrong = Options { nodes: Some("none".to_owned()), ..options };
        assert!(matches!(wrong.settings(), Err(CommandError::Settings(_))));
    }
}
