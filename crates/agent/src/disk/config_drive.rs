//! The configuration drive: an ISO 9660 file system with the label `config-2`, with Joliet and Rock Ridge names, as guests'
//! initialization looks for it.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Component, Path},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ferrostack_agent_api::{DomainSpec, GuestFile};
use sha2::{Digest, Sha256};

use super::InstanceFiles;
use crate::{command::Programs, error::NodeError, ledger::write_whole};

/// A drive holds some KiB.
const PATIENCE: Duration = Duration::from_secs(60);
const LABEL: &str = "config-2";
/// The programs that make such file systems, and what comes before the common options.
const MAKERS: [(&str, &[&str]); 3] = [("genisoimage", &[]), ("mkisofs", &[]), ("xorriso", &["-as", "mkisofs"])];

/// Makes the drive as wanted: anew when its content is another, none when none is wanted.
pub(super) async fn ensure(spec: &DomainSpec, files: &InstanceFiles, programs: &Programs) -> Result<(), NodeError> {
    let (drive, mark) = (files.config_drive(), files.folder.join("config.sha256"));
    let Some(content) = &spec.config_drive else {
        for path in [&drive, &mark] {
            remove(path).map_err(NodeError::io(path))?;
        }
        return Ok(());
    };
    let digest = digest(content);
    if drive.exists() && fs::read_to_string(&mark).is_ok_and(|made| made == digest) {
        return Ok(());
    }
    // Secrets lie in it, so nobody else may pass through, and it goes whatever happens.
    let work = files.folder.join("config.work");
    remove_tree(&work).map_err(NodeError::io(&work))?;
    let made = fill(&work, content, &drive, programs).await;
    remove_tree(&work).map_err(NodeError::io(&work))?;
    made?;
    write_whole(&mark, digest.as_bytes()).map_err(NodeError::io(&mark))
}

async fn fill(work: &Path, content: &[GuestFile], drive: &Path, programs: &Programs) -> Result<(), NodeError> {
    let (tree, fresh) = (work.join("tree"), work.join("drive"));
    DirBuilder::new().mode(0o700).create(work).map_err(NodeError::io(work))?;
    lay_out(&tree, content)?;
    make(programs, &tree, &fresh).await?;
    fs::set_permissions(&fresh, Permissions::from_mode(0o600)).map_err(NodeError::io(&fresh))?;
    fs::rename(&fresh, drive).map_err(NodeError::io(drive))
}

async fn make(programs: &Programs, tree: &Path, fresh: &Path) -> Result<(), NodeError> {
    let (tree, fresh) = (tree.to_string_lossy(), fresh.to_string_lossy());
    let options = ["-quiet", "-o", &*fresh, "-V", LABEL, "-J", "-joliet-long", "-r", &*tree];
    for (program, before) in MAKERS {
        let args: Vec<&str> = before.iter().copied().chain(options).collect();
        match programs.run(PATIENCE, program, &args).await {
            Err(NodeError::Spawn { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            done => return done.map(drop),
        }
    }
    let names: Vec<&str> = MAKERS.iter().map(|(program, _)| *program).collect();
    Err(NodeError::refused(format!("no configuration drive can be made: none of {} is installed", names.join(", "))))
}

fn lay_out(tree: &Path, content: &[GuestFile]) -> Result<(), NodeError> {
    let mut folders = DirBuilder::new();
    folders.recursive(true).mode(0o700);
    folders.create(tree).map_err(NodeError::io(tree))?;
    for file in content {
        let relative = Path::new(&file.path);
        let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || file.path.is_empty() {
            return Err(NodeError::refused(format!("{:?} is no path on a configuration drive", file.path)));
        }
        let bytes = STANDARD.decode(file.content.expose());
        let bytes = bytes.map_err(|_| NodeError::refused(format!("the content of {:?} is not base64", file.path)))?;
        let path = tree.join(relative);
        if let Some(folder) = path.parent() {
            folders.create(folder).map_err(NodeError::io(folder))?;
        }
        let mut made =
            OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).map_err(NodeError::io(&path))?;
        made.write_all(&bytes).map_err(NodeError::io(&path))?;
    }
    Ok(())
}

fn digest(content: &[GuestFile]) -> String {
    let mut digest = Sha256::new();
    for file in content {
        for part in [&file.path, file.content.expose()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
    }
    hex::encode(digest.finalize())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
