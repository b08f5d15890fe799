use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};

use ferrostack_base::Clock;
use tempfile::TempDir;

use super::{Authority, Bundle, CertificateRequest, Role, Tls};
use crate::LinkError;

const DAY: Duration = Duration::from_secs(86_400);

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_authority_is_made_once_and_its_keys_are_for_its_owner_only() {
    let (folder, clock) = (folder(), Clock::system());
    let dir = folder.path().join("state/ca");
    let first = Authority::load_or_create(&dir, &clock).unwrap();
    let second = Authority::load_or_create(&dir, &clock).unwrap();
    assert_eq!(first.certificate(), second.certificate());
    let node = folder.path().join("node");
    second.issue(&CertificateRequest::new(Role::Agent, "compute-1", &[])).unwrap().write(&node).unwrap();
    assert_eq!((mode(&dir), mode(&node)), (0o700, 0o700));
    assert_eq!((mode(&dir.join("ca-key.pem")), mode(&node.join("key.pem"))), (0o600, 0o600));
    assert!(Tls::check(&node, Role::Agent, &clock).is_ok());
    // Half a CA is not taken for none.
    fs::remove_file(dir.join("ca.pem")).unwrap();
    let error = Authority::load_or_create(&dir, &clock).err().unwrap();
    assert_eq!(error.to_string(), format!("can't read {}", dir.join("ca.pem").display()));
}

#[test]
fn a_certificate_says_whose_it_is() {
    let (folder, clock) = (folder(), Clock::manual());
    let authority = Authority::load_or_create(&folder.path().join("ca"), &clock).unwrap();
    let addresses: [IpAddr; 2] = [Ipv4Addr::new(10, 0, 0, 2).into(), Ipv6Addr::LOCALHOST.into()];
    let request = CertificateRequest::new(Role::Agent, "compute-1.example.org", &addresses);
    let node = folder.path().join("node");
    let bundle = authority.issue(&request).unwrap();
    bundle.write(&node).unwrap();
    assert_eq!(Bundle::read(&node).unwrap(), bundle);
    assert!(!format!("{bundle:?}").contains("PRIVATE"));
    let identity = Tls::check(&node, Role::Agent, &clock).unwrap();
    assert_eq!((identity.role, identity.name.as_str()), (Role::Agent, "compute-1.example.org"));
    assert_eq!(identity.addresses, addresses);
    assert_eq!(identity.expires.secs(), (clock.now() + 730 * DAY).secs());
}

#[test]
fn names_that_are_none_get_no_certificate() {
    let (folder, clock) = (folder(), Clock::system());
    let authority = Authority::load_or_create(folder.path(), &clock).unwrap();
    for name in ["", "a b", "a/b", "노드", &"x".repeat(65)] {
        let error = authority.issue(&CertificateRequest::new(Role::Agent, name, &[])).unwrap_err();
        assert!(matches!(&error, LinkError::BadName { .. }), "{error}");
    }
    assert!(authority.issue(&CertificateRequest::new(Role::Agent, &"x".repeat(64), &[])).is_ok());
    assert!(authority.issue(&CertificateRequest::new(Role::Agent, "compute_1", &[])).is_ok());
}

#[test]
fn what_is_wrong_is_told_with_the_file_and_the_cure() {
    let (folder, clock) = (folder(), Clock::manual());
    let authority = Authority::load_or_create(&folder.path().join("ca"), &clock).unwrap();
    let other = Authority::load_or_create(&folder.path().join("other-ca"), &clock).unwrap();
    let node = folder.path().join("node");
    let (certificate, key, ca) = (node.join("cert.pem"), node.join("key.pem"), node.join("ca.pem"));
    let fresh = || authority.issue(&CertificateRequest::new(Role::Agent, "a", &[])).unwrap().write(&node).unwrap();
    let error = |clock: &Clock| Tls::check(&node, Role::Agent, clock).unwrap_err();

    assert!(error(&clock).to_string().starts_with("can't read "));

    fresh();
    let late = Clock::manual();
    late.advance(731 * DAY);
    let told = error(&late).to_string();
    assert!(matches!(error(&late), LinkError::Expired { .. }), "{told}");
    assert!(told.contains(&certificate.display().to_string()) && told.contains("`ferrostack init`"), "{told}");

    let future = Authority::load(&folder.path().join("ca"), &late).unwrap();
    future.issue(&CertificateRequest::new(Role::Agent, "a", &[])).unwrap().write(&node).unwrap();
    assert!(matches!(error(&clock), LinkError::NotYetValid { .. }), "{}", error(&clock));

    fresh();
    let told = Tls::check(&node, Role::Controller, &clock).unwrap_err();
    assert!(matches!(told, LinkError::WrongRole { is: Role::Agent, needed: Role::Controller, .. }), "{told}");

    fs::write(&ca, other.certificate()).unwrap();
    assert!(matches!(error(&clock), LinkError::ForeignAuthority { .. }), "{}", error(&clock));

    fresh();
    fs::write(&key, other.issue(&CertificateRequest::new(Role::Agent, "a", &[])).unwrap().key.expose()).unwrap();
    assert!(matches!(error(&clock), LinkError::KeyMismatch { .. }), "{}", error(&clock));

    for (path, what) in [(&certificate, "certificate"), (&key, "private key"), (&ca, "certificate")] {
        fresh();
        fs::write(path, "nothing").unwrap();
        let told = error(&clock).to_string();
        assert!(told.contains(&format!("{} holds no {what} in PEM form", path.display())), "{told}");
    }

    // The CA's own certificate is nobody's.
    fresh();
    fs::copy(folder.path().join("ca/ca.pem"), &certificate).unwrap();
    fs::copy(folder.path().join("ca/ca-key.pem"), &key).unwrap();
    assert!(matches!(error(&clock), LinkError::NoRole { .. } | LinkError::Tls { .. }), "{}", error(&clock));
}

#[test]
fn a_certificate_that_fits_is_kept_and_one_that_does_not_is_replaced() {
    let (folder, clock) = (folder(), Clock::manual());
    let authority = Authority::load_or_create(&folder.path().join("ca"), &clock).unwrap();
    let node = folder.path().join("node");
    let request = CertificateRequest::new(Role::Controller, "ctl", &[]);
    assert!(authority.ensure(&node, &request).unwrap());
    assert!(!authority.ensure(&node, &request).unwrap());
    clock.advance(699 * DAY);
    assert!(!authority.ensure(&node, &request).unwrap());
    clock.advance(2 * DAY);
    assert!(authority.ensure(&node, &request).unwrap(), "it ends within a month");
    let moved = CertificateRequest { addresses: vec![Ipv4Addr::LOCALHOST.into()], ..request.clone() };
    assert!(authority.ensure(&node, &moved).unwrap());
    assert!(!authority.ensure(&node, &request).unwrap(), "more addresses do no harm");
    let renamed = CertificateRequest { name: "ctl-1".to_owned(), ..request.clone() };
    assert!(authority.ensure(&node, &renamed).unwrap());
    let other = Authority::load_or_create(&folder.path().join("other-ca"), &clock).unwrap();
    assert!(other.ensure(&node, &renamed).unwrap());
    fs::write(node.join("key.pem"), "nothing").unwrap();
    assert!(other.ensure(&node, &renamed).unwrap());
    assert!(Tls::check(&node, Role::Controller, &clock).is_ok());
}

#[tokio::test]
async fn replaced_files_are_taken_up_by_themselves() {
    let (folder, clock) = (folder(), Clock::manual());
    let authority = Authority::load_or_create(&folder.path().join("ca"), &clock).unwrap();
    let node = folder.path().join("node");
    authority.issue(&CertificateRequest::new(Role::Agent, "a", &[])).unwrap().write(&node).unwrap();
    let tls = Tls::open(&node, Role::Agent, &clock).unwrap();
    let mut changes = tls.changes();
    let before = tls.identity().expires;
    clock.advance(DAY);
    authority.issue(&CertificateRequest::new(Role::Agent, "a", &[])).unwrap().write(&node).unwrap();
    let looked = async {
        loop {
            clock.advance(super::LOOK_EVERY);
            tokio::task::yield_now().await;
            if changes.has_changed().unwrap() {
                break;
            }
        }
    };
    Clock::system().timeout(Duration::from_secs(10), looked).await.unwrap();
    changes.mark_unchanged();
    assert_eq!(tls.identity().expires, before + DAY);
}
