//! Who is believed, and what is said to those who are not.

use std::{path::PathBuf, time::Duration};

use ferrostack_agent_api::{Agent, AgentError, AgentErrorKind};
use ferrostack_agent_link::{Authority, CertificateRequest, Link, RemoteAgent, Role, Tls};
use ferrostack_base::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    raw::connect,
    world::{ANY_PORT, Node, Served, World, open, options},
};

const MINUTE: Duration = Duration::from_secs(60);

fn unreachable(error: AgentError) -> String {
    assert_eq!(error.kind, AgentErrorKind::Unreachable, "{error:?}");
    error.message
}

/// A controller's link with a certificate of another cloud.
fn stranger(world: &World) -> Link {
    let authority = Authority::load_or_create(&world.dir("other-ca"), &world.clock).unwrap();
    let dir = world.dir("stranger");
    authority.issue(&CertificateRequest::new(Role::Controller, "controller-1", &[])).unwrap().write(&dir).unwrap();
    open(&dir, Role::Controller, &world.clock)
}

/// The same, but it believes our nodes.
fn believing_stranger(world: &World) -> Link {
    let dir = world.dir("stranger");
    drop(stranger(world));
    let theirs = std::fs::read_to_string(dir.join("ca.pem")).unwrap();
    std::fs::write(dir.join("ca.pem"), format!("{theirs}{}", world.authority.certificate())).unwrap();
    open(&dir, Role::Controller, &world.clock)
}

#[tokio::test]
async fn another_clouds_ca_is_believed_by_neither_end() {
    let world = World::new();
    let node = world.node().await;
    let text = unreachable(node.remote(&stranger(&world)).facts().await.unwrap_err());
    assert!(text.contains("its certificate is not of the CA in") && text.contains("stranger/ca.pem"), "{text}");

    let text = unreachable(node.remote(&believing_stranger(&world)).facts().await.unwrap_err());
    assert!(text.contains("refuses our certificate") && text.contains("stranger/cert.pem"), "{text}");
    assert!(text.contains("another CA"), "{text}");
}

#[tokio::test]
async fn an_agent_is_no_controller_and_a_controller_is_no_agent() {
    let world = World::new();
    let node = world.node().await;
    let other = world.link(Role::Agent, "compute-2");
    let error = node.remote(&other).facts().await.unwrap_err();
    assert_eq!(error.kind, AgentErrorKind::Refused);
    assert_eq!(
        error.message,
        "the certificate is that of the agent compute-2, and only the role controller may ask here"
    );

    let controller = world.controller();
    let fake = Served::start(&controller, ANY_PORT, node.sim.clone()).await;
    let remote = RemoteAgent::new(controller.clone(), "controller-1", fake.address);
    let text = unreachable(remote.facts().await.unwrap_err());
    assert!(text.contains("that of the controller controller-1, not that of the agent controller-1"), "{text}");
}

#[tokio::test]
async fn a_node_can_not_stand_in_for_another_one() {
    let world = World::new();
    let node = world.node().await;
    let remote = RemoteAgent::new(world.controller(), "compute-2", node.served.address);
    let text = unreachable(remote.facts().await.unwrap_err());
    assert!(text.contains("that of the agent compute-1, not that of the agent compute-2"), "{text}");
}

/// Issues a bundle that is good for a minute.
fn short(world: &World, role: Role, name: &str) -> PathBuf {
    let dir = world.dir(&format!("short-{name}"));
    let request = CertificateRequest { valid_for: MINUTE, ..CertificateRequest::new(role, name, &[]) };
    world.authority.issue(&request).unwrap().write(&dir).unwrap();
    dir
}

#[tokio::test]
async fn an_expired_certificate_is_refused_at_both_ends() {
    let world = World::new();
    let node = world.node().await;
    // A clock for each end, so that one of them can see the other one's certificate expire.
    let late = Clock::manual();
    late.advance(60 * MINUTE);

    let ours = short(&world, Role::Controller, "controller-1");
    let error = Tls::open(&ours, Role::Controller, &late).unwrap_err().to_string();
    assert!(
        error.contains("short-controller-1/cert.pem expired at 20") && error.contains("ferrostack init"),
        "{error}"
    );

    let served =
        Served::start(&open(&world.issue(Role::Agent, "compute-1"), Role::Agent, &late), ANY_PORT, node.sim.clone())
            .await;
    let remote = RemoteAgent::new(open(&ours, Role::Controller, &world.clock), "compute-1", served.address);
    let text = unreachable(remote.facts().await.unwrap_err());
    assert!(text.contains("short-controller-1/cert.pem, which has expired"), "{text}");

    let theirs = open(&short(&world, Role::Agent, "compute-1"), Role::Agent, &world.clock);
    let served = Served::start(&theirs, ANY_PORT, node.sim.clone()).await;
    let ours = open(&world.issue(Role::Controller, "controller-2"), Role::Controller, &late);
    let remote = RemoteAgent::new(ours, "compute-1", served.address);
    let text = unreachable(remote.facts().await.unwrap_err());
    assert!(text.contains("its certificate has expired"), "{text}");
}

#[tokio::test]
async fn a_connection_does_not_outlive_its_certificate() {
    let world = World::new();
    let node = world.node().await;
    let clock = Clock::manual();
    let agent = open(&world.issue(Role::Agent, "compute-1"), Role::Agent, &clock);
    let served = Served::start(&agent, ANY_PORT, node.sim.clone()).await;
    let controller = open(&short(&world, Role::Controller, "controller-1"), Role::Controller, &clock);
    let remote = RemoteAgent::new(controller, "compute-1", served.address);
    remote.facts().await.unwrap();
    clock.advance(60 * MINUTE);
    let refused = async {
        loop {
            match remote.facts().await {
                Ok(_) => world.clock.sleep(Duration::from_millis(10)).await,
                Err(error) => break error,
            }
        }
    };
    let text = unreachable(world.clock.timeout(Duration::from_secs(10), refused).await.unwrap());
    assert!(text.contains("which has expired"), "{text}");
}

#[tokio::test]
async fn without_a_certificate_or_without_tls_there_is_no_answer() {
    let world = World::new();
    let node = world.node().await;
    let mut stream = connect(&world.dir("compute-1"), false, node.served.address).await;
    let error = stream.read_u8().await.unwrap_err();
    assert!(error.to_string().contains("CertificateRequired"), "{error}");

    let mut plain = TcpStream::connect(node.served.address).await.unwrap();
    plain.write_all(b"GET /v1/facts HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

/// Waits for a call to succeed: rotation shows on the next connection.
async fn soon(remote: &RemoteAgent) -> Result<(), AgentError> {
    remote.facts().await.map(drop)
}

#[tokio::test]
async fn certificates_and_the_ca_are_replaced_without_a_restart() {
    let world = World::new();
    let node = world.node().await;
    let controller = world.controller();
    let remote = node.remote(&controller);
    soon(&remote).await.unwrap();
    let left_behind = node.remote(&world.link(Role::Controller, "controller-2"));
    soon(&left_behind).await.unwrap();

    // New certificates of the same CA, one end after the other.
    for (link, role, name) in [(&node.link, Role::Agent, "compute-1"), (&controller, Role::Controller, "controller-1")]
    {
        assert!(!link.tls().reload().unwrap(), "nothing changed yet");
        world.issue(role, name);
        assert!(link.tls().reload().unwrap());
        soon(&remote).await.unwrap();
    }

    // A new CA: first both ends believe both, then they get new certificates, then the old CA goes.
    let new = Authority::load_or_create(&world.dir("new-ca"), &world.clock).unwrap();
    let ends = [(&node, world.dir("compute-1"), Role::Agent), (&node, world.dir("controller-1"), Role::Controller)];
    let reload = |role: &Role, node: &Node| match role {
        Role::Agent => node.link.tls().reload().unwrap(),
        Role::Controller => controller.tls().reload().unwrap(),
    };
    for (node, dir, role) in &ends {
        let both = format!("{}{}", world.authority.certificate(), new.certificate());
        std::fs::write(dir.join("ca.pem"), both).unwrap();
        assert!(reload(role, node));
        soon(&remote).await.unwrap();
    }
    for (node, dir, role) in &ends {
        let name = dir.file_name().unwrap().to_str().unwrap();
        let mut bundle = new.issue(&CertificateRequest::new(*role, name, &[])).unwrap();
        bundle.ca = format!("{}{}", world.authority.certificate(), new.certificate());
        bundle.write(dir).unwrap();
        assert!(reload(role, node));
        soon(&remote).await.unwrap();
    }
    for (node, dir, role) in &ends {
        std::fs::write(dir.join("ca.pem"), new.certificate()).unwrap();
        assert!(reload(role, node));
        soon(&remote).await.unwrap();
    }
    // Who stayed with the old CA is out, although it was connected all the time.
    let refused = async {
        loop {
            match left_behind.facts().await {
                Ok(_) => world.clock.sleep(Duration::from_millis(10)).await,
                Err(error) => break error,
            }
        }
    };
    let text = unreachable(world.clock.timeout(Duration::from_secs(10), refused).await.unwrap());
    assert!(text.contains("its certificate is not of the CA in"), "{text}");
}

#[tokio::test]
async fn no_call_fails_while_certificates_are_replaced() {
    let world = World::new();
    let node = world.node().await;
    let controller = world.controller();
    let remote = node.remote(&controller);
    let done = std::cell::Cell::new(false);
    let replace = async {
        for _ in 0..30 {
            world.issue(Role::Agent, "compute-1");
            assert!(node.link.tls().reload().unwrap());
            world.clock.sleep(Duration::from_millis(5)).await;
            world.issue(Role::Controller, "controller-1");
            assert!(controller.tls().reload().unwrap());
            world.clock.sleep(Duration::from_millis(5)).await;
        }
        done.set(true);
    };
    let call = async || {
        let mut calls = 0;
        while !done.get() {
            remote.facts().await.unwrap();
            calls += 1;
        }
        calls
    };
    let ((), a, b, c) = tokio::join!(replace, call(), call(), call());
    assert!(a + b + c > 100, "only {} calls", a + b + c);
}

#[tokio::test]
async fn files_that_are_not_good_change_nothing() {
    let world = World::new();
    let node = world.node().await;
    let dir = world.issue(Role::Controller, "controller-1");
    let link = Link::new(Tls::open(&dir, Role::Controller, &world.clock).unwrap(), options());
    let other = world.issue(Role::Controller, "controller-2");
    std::fs::copy(other.join("cert.pem"), dir.join("cert.pem")).unwrap();
    let error = link.tls().reload().unwrap_err().to_string();
    assert!(error.contains("controller-1/cert.pem belongs to another certificate"), "{error}");
    assert!(node.remote(&link).facts().await.is_ok());
    assert_eq!(link.tls().identity().name, "controller-1");
    std::fs::copy(other.join("key.pem"), dir.join("key.pem")).unwrap();
    assert!(link.tls().reload().unwrap());
    assert_eq!(link.tls().identity().name, "controller-2");
}
