//! The programs: where they are, and whether they are new enough.

use std::path::PathBuf;

use ferrostack_base::Clock;

use crate::{DaemonError, Version, command};

/// Besides `PATH`: a user's PATH often lacks them.
const FOLDERS: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Where a program is.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(FOLDERS.iter().map(PathBuf::from));
    folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Asks a program for its version.
///
/// # Errors
/// [`DaemonError::Missing`], [`DaemonError::NoVersion`], [`DaemonError::TooOld`].
pub(crate) async fn version(
    clock: &Clock,
    program: &str,
    package: &'static str,
    needed: &Version,
) -> Result<Version, DaemonError> {
    let program = program.to_owned();
    if find(&program).is_none() {
        return Err(DaemonError::Missing { program, package });
    }
    let output = command::run(clock, &program, &["--version"]).await?;
    let Some(found) = Version::find(&output) else {
        return Err(DaemonError::NoVersion { program, package, output });
    };
    if found < *needed {
        return Err(DaemonError::TooOld { program, package, found, needed: needed.clone() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_missing_or_too_old_is_named_with_its_package() {
        let clock = Clock::system();
        let missing = version(&clock, "no-such-program", "some-package", &Version::new([1, 0])).await.unwrap_err();
        assert_eq!(
            missing.to_string(),
            "no-such-program is not installed; install it with: apt-get install some-package"
        );
        let old = version(&clock, "bash", "bash", &Version::new([99, 0])).await;
        // `GNU bash, version 5.2.15(1)-release`
        let old = old.unwrap_err().to_string();
        assert!(old.starts_with("bash is version 5.") && old.contains("version 99.00 or newer"), "{old}");
        assert!(version(&clock, "bash", "bash", &Version::new([3, 0])).await.is_ok());
    }
}
