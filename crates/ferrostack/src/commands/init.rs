//! `ferrostack init`: the cloud's own CA, and who its processes are for each other.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use ferrostack_agent_link::{Authority, CertificateRequest, LinkError, Role, Tls};
use ferrostack_base::Clock;
use ferrostack_config::Settings;
use ferrostack_words::Words;

use super::Answer;
use crate::{error::CommandError, secrets, state_dir};

/// The files of a bundle.
const BUNDLE: [&str; 3] = ["ca.pem", "cert.pem", "key.pem"];

/// A node that files are wanted for.
#[derive(Debug, PartialEq, Eq)]
pub struct NodeBundle {
    /// Its name: the host name of its machine.
    pub node: String,
    /// The folder that gets them.
    pub out: PathBuf,
}

/// Makes what is missing, and tells what that was: the CA and this controller's files; or, with the CA that is here, those
/// of a node.
///
/// # Errors
/// Files cannot be made; for a node, there is no CA here, or its folder is somebody else's.
pub fn run(settings: &Settings, words: Words, node: Option<NodeBundle>) -> anyhow::Result<Answer> {
    let text = match node {
        Some(wanted) => for_node(settings, words, &wanted)?,
        None => for_controller(settings, words)?,
    };
    Ok(Answer::success(text))
}

fn for_controller(settings: &Settings, words: Words) -> anyhow::Result<String> {
    let (state, clock) = (&settings.state.dir, Clock::system());
    state_dir::make(state)?;
    let ca = state.join("ca");
    let made = !ca.join("ca.pem").exists();
    let authority = Authority::load_or_create(&ca, &clock)?;
    let mut text = told(words, made, ("cli.init.authority_made", "cli.init.authority_kept"), &ca);

    let dir = &settings.controller.tls_dir;
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    make_parent(dir)?;
    let made = authority.ensure(dir, &CertificateRequest::new(Role::Controller, &name, &[]))?;
    text += &told(words, made, ("cli.init.controller_made", "cli.init.controller_kept"), dir);

    secrets::of_state(state, secrets::METADATA)?;
    // Root makes them, and the controller may be another user: the one who owns the state folder.
    give(state, dir)?;
    for file in BUNDLE.map(|name| dir.join(name)).into_iter().chain([state.join(secrets::METADATA)]) {
        give(state, &file)?;
    }
    text += &words.text("cli.init.next_nodes");
    Ok(text + "\n")
}

fn for_node(settings: &Settings, words: Words, wanted: &NodeBundle) -> anyhow::Result<String> {
    let (state, clock) = (&settings.state.dir, Clock::system());
    let NodeBundle { node, out } = wanted;
    let ca = state.join("ca");
    if !ca.join("ca.pem").exists() {
        return Err(CommandError::NoAuthority { dir: ca }.into());
    }
    let authority = Authority::load(&ca, &clock)?;
    let holder = match Tls::check(out, Role::Agent, &clock) {
        Ok(identity) => Some(identity.name),
        Err(LinkError::WrongRole { name, .. }) => return Err(taken(out, name)),
        // Nothing is there, or nothing that is good any more.
        Err(_) => None,
    };
    if let Some(holder) = holder.filter(|holder| holder != node) {
        return Err(taken(out, holder));
    }
    make_parent(out)?;
    let mut made = authority.ensure(out, &CertificateRequest::new(Role::Agent, node, &[]))?;
    let secret = secrets::of_state(state, secrets::METADATA)?;
    let copy = out.join(secrets::METADATA);
    if secrets::read(&copy).ok().as_ref() != Some(&secret) {
        secrets::write(&copy, &secret)?;
        made = true;
    }
    for file in BUNDLE.map(|name| out.join(name)) {
        let closed = fs::set_permissions(&file, Permissions::from_mode(0o600));
        closed.map_err(|source| CommandError::Path { path: file, source })?;
    }
    let keys = ("cli.init.node_made", "cli.init.node_kept");
    let text = words.get(if made { keys.0 } else { keys.1 }, &[("node", node), ("path", &out.display())]);
    Ok(format!("{text}\n{}\n", words.get("cli.init.next_agent", &[("node", node)])))
}

fn told(words: Words, made: bool, (yes, no): (&str, &str), path: &Path) -> String {
    words.get(if made { yes } else { no }, &[("path", &path.display())]) + "\n"
}

fn taken(out: &Path, holder: String) -> anyhow::Error {
    CommandError::OtherHolder { dir: out.to_owned(), holder }.into()
}

/// The folder above may be one that guests pass through; the bundle's own is closed.
fn make_parent(dir: &Path) -> Result<(), CommandError> {
    dir.parent().map_or(Ok(()), state_dir::make)
}

/// Gives a file to whoever owns the state folder.
fn give(state: &Path, path: &Path) -> Result<(), CommandError> {
    let give = || -> io::Result<()> {
        let (owner, file) = (fs::metadata(state)?, fs::metadata(path)?);
        if (owner.uid(), owner.gid()) == (file.uid(), file.gid()) || !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        chown(path, Some(owner.uid()), Some(owner.gid()))
    };
    give().map_err(|source| CommandError::Path { path: path.to_owned(), source })
}
