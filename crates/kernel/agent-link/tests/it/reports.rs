//! Nodes join, move and are remembered.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ferrostack_agent_api::{Agent, AgentError, AgentErrorKind, Agents, ImageData, ImageSource, Reply};
use ferrostack_agent_link::{
    Controllers, Directory, Link, LinkError, NodeReport, Reporter, Role, Standing, management,
};
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::world::{ANY_PORT, Memory, Node, Served, World};

const SOON: Duration = Duration::from_secs(10);

struct NoImages;

impl ImageSource for NoImages {
    fn open(&self, _: Uuid) -> Reply<'_, ImageData> {
        Box::pin(async { Err(AgentError::new(AgentErrorKind::NotFound, "there are no images")) })
    }
}

async fn controller(link: &Link, roster: &Arc<Memory>) -> (Directory, Served) {
    let directory = Directory::open(link.clone(), roster.clone()).await.unwrap();
    let served = Served::routes(link, ANY_PORT, management(directory.clone(), Arc::new(NoImages))).await;
    (directory, served)
}

fn reporter(world: &World, node: &Node, link: &Link, urls: &[String], address: SocketAddr) -> Reporter {
    let controllers = Controllers::new(link, urls).unwrap();
    Reporter::new(&world.clock, controllers, node.sim.clone(), address, "0.1.0", Duration::from_millis(200))
}

/// Runs it until it is dropped.
struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn run(reporter: Reporter) -> Running {
    Running(tokio::spawn(reporter.run()).abort_handle())
}

#[tokio::test]
async fn a_node_that_reports_is_found_also_by_controllers_that_start_later() {
    let world = World::new();
    let node = world.node().await;
    let roster = Arc::new(Memory::default());
    let link = world.controller();
    let (first, served) = controller(&link, &roster).await;
    let (second, _other) = controller(&world.link(Role::Controller, "controller-2"), &roster).await;
    assert!(first.agent("compute-1").is_none() && first.nodes().is_empty());

    let mut joined = first.joined();
    let reporter = reporter(&world, &node, &node.link, &[served.url()], node.served.address);
    let mut standing = reporter.standing();
    let running = run(reporter);
    world.clock.timeout(SOON, joined.changed()).await.unwrap().unwrap();
    assert_eq!(first.agent("compute-1").unwrap().facts().await, node.sim.facts().await);
    let known = |standing: &Standing| matches!(standing, Standing::Known { controller, .. } if served.url().ends_with(controller));
    world.clock.timeout(SOON, standing.wait_for(known)).await.unwrap().unwrap();
    let (_, report) = first.last_report("compute-1").unwrap();
    assert_eq!((report.version.as_str(), report.address), ("0.1.0", node.served.address));

    // Nobody reports to the other controllers, and to those of tomorrow.
    assert!(second.agent("compute-1").is_none());
    assert_eq!(second.refresh().await.unwrap(), 1);
    assert!(second.agent("compute-1").unwrap().domains().await.is_ok());
    drop(running);
    let (third, _served) = controller(&link, &roster).await;
    assert_eq!(third.nodes(), ["compute-1"]);
    assert!(third.agent("compute-1").unwrap().domains().await.is_ok());

    roster.0.lock().unwrap().clear();
    assert_eq!(third.refresh().await.unwrap(), 0);
    assert!(third.agent("compute-1").is_none());
}

#[tokio::test]
async fn a_node_that_moved_is_found_at_its_new_address() {
    let world = World::new();
    let node = world.node().await;
    let roster = Arc::new(Memory::default());
    roster.0.lock().unwrap().insert("compute-1".to_owned(), "127.0.0.1:1".parse().unwrap());
    let (directory, served) = controller(&world.controller(), &roster).await;
    let stale = directory.agent("compute-1").unwrap();
    assert_eq!(stale.facts().await.unwrap_err().kind, AgentErrorKind::Unreachable);

    let mut joined = directory.joined();
    joined.mark_unchanged();
    let _running = run(reporter(&world, &node, &node.link, &[served.url()], node.served.address));
    world.clock.timeout(SOON, joined.changed()).await.unwrap().unwrap();
    assert!(directory.agent("compute-1").unwrap().facts().await.is_ok());
    assert_eq!(roster.0.lock().unwrap()["compute-1"], node.served.address);
}

#[tokio::test]
async fn the_next_controller_hears_what_the_first_one_does_not() {
    let world = World::new();
    let node = world.node().await;
    let roster = Arc::new(Memory::default());
    let (directory, served) = controller(&world.controller(), &roster).await;
    // One that is gone, and one that takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind(ANY_PORT).await.unwrap();
    let silent = format!("https://{}", silent.local_addr().unwrap());
    let urls = ["https://127.0.0.1:1".to_owned(), silent, served.url()];
    let reporter = reporter(&world, &node, &node.link, &urls, node.served.address);
    let mut standing = reporter.standing();
    let _running = run(reporter);
    let heard = standing.wait_for(|standing| matches!(standing, Standing::Known { .. }));
    world.clock.timeout(SOON, heard).await.unwrap().unwrap();
    assert_eq!(directory.nodes(), ["compute-1"]);
    // Now it stays with the one that answers.
    let before = directory.last_report("compute-1").unwrap().0;
    world.clock.sleep(Duration::from_millis(1200)).await;
    assert!(directory.last_report("compute-1").unwrap().0 > before);
}

#[tokio::test]
async fn a_node_that_nobody_hears_says_why_and_is_heard_when_a_controller_comes() {
    let world = World::new();
    let node = world.node().await;
    let roster = Arc::new(Memory::default());
    let link = world.controller();
    let (_, served) = controller(&link, &roster).await;
    let (url, address) = (served.url(), served.address);
    drop(served);
    let reporter = reporter(&world, &node, &node.link, &[url], node.served.address);
    let mut standing = reporter.standing();
    let _running = run(reporter);
    let unheard = standing.wait_for(|standing| matches!(standing, Standing::Unheard { .. }));
    let Standing::Unheard { reason } = world.clock.timeout(SOON, unheard).await.unwrap().unwrap().clone() else {
        unreachable!()
    };
    assert!(reason.contains(&format!("controller at {address} does not answer")), "{reason}");

    let directory = Directory::open(link.clone(), roster).await.unwrap();
    let _served = Served::routes(&link, address, management(directory.clone(), Arc::new(NoImages))).await;
    let heard = standing.wait_for(|standing| matches!(standing, Standing::Known { .. }));
    world.clock.timeout(SOON, heard).await.unwrap().unwrap();
}

#[tokio::test]
async fn nobody_reports_as_somebody_else() {
    let world = World::new();
    let node = world.node().await;
    let roster = Arc::new(Memory::default());
    let link = world.controller();
    let (directory, served) = controller(&link, &roster).await;
    // The node is compute-1; this certificate is another one's.
    let other = world.link(Role::Agent, "compute-2");
    let facts = node.sim.facts().await.unwrap();
    let report = NodeReport { facts, address: node.served.address, version: String::new() };
    let error = directory.take_report("compute-2", report.clone()).await.unwrap_err();
    assert_eq!(error.kind, AgentErrorKind::Refused);
    for (link, expected) in [
        (other, r#"the certificate is that of compute-2, but "compute-1" is reported"#),
        (link, "the certificate is that of the controller controller-1, and only the role agent may ask here"),
    ] {
        let reporter = reporter(&world, &node, &link, &[served.url()], node.served.address);
        let mut standing = reporter.standing();
        let _running = run(reporter);
        let unheard = standing.wait_for(|standing| matches!(standing, Standing::Unheard { .. }));
        let Standing::Unheard { reason } = world.clock.timeout(SOON, unheard).await.unwrap().unwrap().clone() else {
            unreachable!()
        };
        assert!(reason.ends_with(&format!("refuses the report: {expected}")), "{reason}");
    }
    assert!(directory.nodes().is_empty() && roster.0.lock().unwrap().is_empty());

    // A node in the controller's own process keeps its name.
    directory.add_local("compute-1", node.sim.clone());
    let error = directory.take_report("compute-1", report).await.unwrap_err();
    assert!(error.message.contains("runs in the controller's own process"), "{error:?}");
    assert_eq!(directory.refresh().await.unwrap(), 1);
    assert!(directory.agent("compute-1").unwrap().facts().await.is_ok());
}

#[tokio::test]
async fn addresses_of_controllers_are_checked() {
    let world = World::new();
    let link = world.link(Role::Agent, "compute-1");
    let error = Controllers::new(&link, &["10.0.0.1"]).err().unwrap();
    assert!(matches!(&error, LinkError::BadAddress { text } if text == "10.0.0.1"), "{error:?}");
    assert!(matches!(Controllers::new(&link, &[] as &[String]), Err(LinkError::NoControllers)));
}
