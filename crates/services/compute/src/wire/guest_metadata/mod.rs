//! The files that a guest reads about itself, as two trees: OpenStack's (`openstack/VERSION/...`) and the one that EC2
//! made common (`VERSION/meta-data/...`). The metadata service shows them over HTTP, the configuration drive as files.
//! Formats: OpenStack's administrator guide and the documentation of cloud-init's data sources.

mod ec2;
mod openstack;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::model::GuestFacts;

pub(crate) use openstack::has_password;

/// Files by their paths.
type Files = BTreeMap<String, Vec<u8>>;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A file.
    File(Vec<u8>),
    /// The names in a directory, one per line.
    Listing(String),
}

/// All that a guest can ask for. `seed` are random bytes for it.
pub(crate) struct GuestTree<'a> {
    facts: &'a GuestFacts,
    files: Files,
}

impl<'a> GuestTree<'a> {
    pub(crate) fn new(facts: &'a GuestFacts, seed: Option<&[u8]>) -> Self {
        let mut files = Files::new();
        openstack::add(&mut files, facts, seed);
        ec2::add(&mut files, facts);
        Self { facts, files }
    }

    /// What the metadata service answers at that path; slashes at its ends do not matter.
    pub(crate) fn find(&self, path: &str) -> Option<Found> {
        let path = path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        if path.is_empty() {
            return Some(Found::Listing(ec2::VERSIONS.join("\n")));
        }
        if let Some(file) = self.files.get(&path) {
            return Some(Found::File(file.clone()));
        }
        let inside = format!("{path}/");
        let mut names: Vec<String> = self
            .files
            .range(inside.clone()..)
            .map_while(|(name, _)| name.strip_prefix(&inside))
            .map(|rest| self.entry(&path, rest))
            .collect();
        names.dedup();
        if names.is_empty() { None } else { Some(Found::Listing(names.join("\n"))) }
    }

    /// How the first part of `rest` is listed in a directory. EC2 marks directories, and names keys.
    fn entry(&self, directory: &str, rest: &str) -> String {
        match (rest.split_once('/'), &self.facts.key) {
            (None, _) => rest.to_owned(),
            (Some((name, _)), Some((key, _))) if directory.ends_with("/public-keys") => format!("{name}={key}"),
            (Some((name, _)), _) if directory.starts_with("openstack") => name.to_owned(),
            (Some((name, _)), _) => format!("{name}/"),
        }
    }

    /// The files of a configuration drive.
    pub(crate) fn drive(&self) -> Files {
        let mut drive: Files = self
            .files
            .iter()
            .filter(|(path, _)| path.starts_with("openstack/"))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        ec2::add_to_drive(&mut drive, self.facts);
        drive
    }
}
