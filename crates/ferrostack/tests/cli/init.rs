//! Certificates, and processes that need them.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use crate::program::{Cloud, free_address, run};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn certificates_are_made_once_and_only_their_owner_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let dir = state.to_str().unwrap();
    let bundle = folder.path().join("bundles/node-1");
    let out = bundle.to_str().unwrap();
    let for_node = |node: &str| run(&["init", "--state-dir", dir, "--node", node, "--out", out]);

    let early = for_node("node-1");
    assert_eq!((early.code, early.out.as_str()), (3, ""), "{early:?}");
    assert!(early.err.contains("There is no CA in ") && early.err.contains("ferrostack init"), "{}", early.err);
    assert!(!state.exists() && !bundle.exists(), "nothing is made on the wrong machine");

    let first = run(&["init", "--state-dir", dir]);
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(
        first.out.starts_with("Made the cloud's CA in ") && first.out.contains("\nMade the certificate"),
        "{}",
        first.out
    );
    for file in ["ca/ca-key.pem", "tls/key.pem", "metadata-secret"] {
        assert_eq!(mode(&state.join(file)), 0o600, "{file}");
    }
    let before = fs::read(state.join("tls/cert.pem")).unwrap();
    let again = run(&["init", "--state-dir", dir]);
    assert!(again.code == 0 && !again.out.contains("Made "), "{again:?}");
    assert_eq!(fs::read(state.join("tls/cert.pem")).unwrap(), before);

    let made = for_node("node-1");
    assert!(made.code == 0 && made.out.starts_with("Made the files of the node node-1"), "{made:?}");
    let files = ["ca.pem", "cert.pem", "key.pem", "metadata-secret"].map(|name| bundle.join(name));
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    assert_eq!(fs::read(&files[3]).unwrap(), fs::read(state.join("metadata-secret")).unwrap());
    let before = fs::read(&files[1]).unwrap();
    assert!(for_node("node-1").out.contains("are good and stay"));
    assert_eq!(fs::read(&files[1]).unwrap(), before);

    // Nobody's certificate is replaced by another's.
    for (node, out) in [("node-2", out), ("node-1", state.join("tls").to_str().unwrap())] {
        let other = run(&["init", "--state-dir", dir, "--node", node, "--out", out]);
        assert_eq!(other.code, 3, "{other:?}");
        assert!(other.err.contains("which is not replaced"), "{}", other.err);
    }
    let bad = run(&["init", "--state-dir", dir, "--node", "a b", "--out", folder.path().join("x").to_str().unwrap()]);
    assert!(bad.code == 3 && bad.err.contains("no name of a node"), "{bad:?}");
}

#[test]
fn a_controller_that_is_another_user_can_read_what_root_makes() {
    let folder = tempfile::tempdir().unwrap();
    let Ok(()) = std::os::unix::fs::chown(folder.path(), Some(4711), Some(4712)) else { return };
    assert_eq!(run(&["init", "--state-dir", folder.path().to_str().unwrap()]).code, 0);
    for file in ["tls", "tls/ca.pem", "tls/cert.pem", "tls/key.pem", "metadata-secret"] {
        let meta = fs::metadata(folder.path().join(file)).unwrap();
        assert_eq!((meta.uid(), meta.gid()), (4711, 4712), "{file}");
    }
    assert_eq!(fs::metadata(folder.path().join("ca/ca-key.pem")).unwrap().uid(), 0, "the CA's key stays root's");
}

#[test]
fn a_node_without_its_certificate_says_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let ended = run(&["agent", "--state-dir", dir]);
    assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{ended:?}");
    if !rustix::process::geteuid().is_root() {
        assert!(ended.err.contains("need root"), "{}", ended.err);
        return;
    }
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let cure = format!("ferrostack init --node {node} --out DIR");
    assert!(ended.err.contains("There is no certificate of this node") && ended.err.contains(&cure), "{}", ended.err);

    let out = folder.path().join("agent/tls");
    assert_eq!(run(&["init", "--state-dir", dir]).code, 0);
    let made = run(&["init", "--state-dir", dir, "--node", "somebody-else", "--out", out.to_str().unwrap()]);
    assert_eq!(made.code, 0, "{made:?}");
    let ended = run(&["agent", "--state-dir", dir]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.err.contains("is that of somebody-else") && ended.err.contains(&cure), "{}", ended.err);
}

#[test]
fn a_controller_waits_for_ovn_and_for_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, file) = (folder.path().join("state"), folder.path().join("f.toml"));
    let (management, absent) = (free_address(), folder.path().join("nb.sock"));
    let settings = format!(
        "[controller]\nmanagement_listen = \"{management}\"\n[network]\nnorthbound = \"unix:{}\"\nsouthbound = \"tcp:127.0.0.1:1\"\n",
        absent.display()
    );
    fs::write(&file, settings).unwrap();
    let (dir_text, file) = (dir.to_str().unwrap(), file.to_str().unwrap());
    let listens = || std::net::TcpStream::connect(&management).is_ok();

    let mut without = Cloud::start_as(&["controller", "--config", file], &dir);
    assert!(!listens(), "nothing is opened without a certificate");
    let status = run(&["status", "--state-dir", dir_text]);
    assert_eq!(status.code, 0, "{status:?}");
    for endpoint in [&format!("unix:{}", absent.display()), "tcp:127.0.0.1:1"] {
        assert!(status.out.contains(&format!("{endpoint} does not answer")), "{}", status.out);
    }
    let ended = without.end("-TERM");
    assert!(ended.code == 0 && ended.err.contains("make one with `ferrostack init`"), "{}", ended.err);

    assert_eq!(run(&["init", "--state-dir", dir_text]).code, 0);
    let mut with = Cloud::start_as(&["controller", "--config", file], &dir);
    assert!(listens());
    let status = run(&["status", "--state-dir", dir_text]);
    assert!(status.out.contains("0 nodes have joined"), "{}", status.out);
    assert_eq!(with.end("-TERM").code, 0);

    fs::write(dir.join("tls/cert.pem"), "nonsense").unwrap();
    let broken = run(&["controller", "--config", file, "--state-dir", dir_text, "--listen", &free_address()]);
    assert_eq!(broken.code, 3, "{broken:?}");
    assert!(
        broken.err.contains("tls/cert.pem holds no certificate") && broken.err.contains("ferrostack init"),
        "{}",
        broken.err
    );
}
