//! The claim to a network namespace: which one is ours, in which boot of the machine.

use std::path::Path;

use super::{Places, folders, namespace};
use crate::{DaemonError, process, state};

/// Says that a network namespace is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    boot: String,
    /// Its number; unknown when its maker was interrupted.
    number: Option<u64>,
}

impl Claim {
    /// A claim of this boot.
    pub(super) fn now(number: Option<u64>) -> Result<Self, DaemonError> {
        let boot = state::read(Path::new("/proc/sys/kernel/random/boot_id"))?.unwrap_or_default();
        Ok(Self { boot, number })
    }

    /// Reads a claim; one of an earlier boot is none.
    pub(super) fn read(file: &Path) -> Result<Option<Self>, DaemonError> {
        let Some(text) = state::read(file)? else { return Ok(None) };
        let (boot, number) = text.split_once('\n').unwrap_or((&text, ""));
        let claim = Self { boot: boot.to_owned(), number: number.parse().ok() };
        Ok((claim.boot == Self::now(None)?.boot).then_some(claim))
    }

    /// Writes the claim.
    pub(super) fn write(&self, file: &Path) -> Result<(), DaemonError> {
        let number = self.number.map(|number| number.to_string()).unwrap_or_default();
        state::write(file, &format!("{}\n{number}", self.boot))
    }

    /// Whether this process is in it. Numbers are used again, so the private folders must be in their places too.
    pub(super) fn is_of_own(&self, places: &Places) -> bool {
        self.number.is_some() && self.number == namespace::number_of_own("net") && folders::are_covered(places)
    }

    /// The number of the namespace, and a process that lives in it, when its name is gone. Numbers are used again, so it
    /// must live in our mount namespace too.
    pub(super) fn nameless(&self, places: &Places) -> Option<(u64, i32)> {
        let (network, mount) = (self.number?, namespace::number(&places.mount)?);
        let lives_there = |pid: &i32| {
            namespace::number_of(*pid, "net") == Some(network) && namespace::number_of(*pid, "mnt") == Some(mount)
        };
        process::all().into_iter().find(lives_there).map(|pid| (network, pid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_for_one_boot() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("claim");
        assert_eq!(Claim::read(&file).unwrap(), None);
        for number in [None, Some(4711), namespace::number_of_own("net")] {
            let claim = Claim::now(number).unwrap();
            claim.write(&file).unwrap();
            assert_eq!(Claim::read(&file).unwrap(), Some(claim));
        }
        let own = Claim::read(&file).unwrap().unwrap();
        // This test lives in that network namespace, but not among private folders.
        let places = Places::new(folder.path(), "x");
        assert!(!own.is_of_own(&places) && own.nameless(&places).is_none());
        Claim { boot: "an earlier one".into(), ..own }.write(&file).unwrap();
        assert_eq!(Claim::read(&file).unwrap(), None);
    }
}
