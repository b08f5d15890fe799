//! Processes that end, and what the next one finds.

use std::time::Duration;

use ferrostack_agent_api::{Agent as _, Power, Wanted};
use ferrostack_base::{Fence, Generation};

use super::inside;
use crate::guest::{Node, SERVER, spec};

pub fn engines_only() {
    inside(|_| async {});
}

pub fn guest_and_wait() {
    inside(|_| async {
        let node = Node::start(None, None).await;
        // Whoever was killed before may have used fences up to now.
        let fence = node.clock.now().micros();
        let mut wanted = spec(fence, 1, Wanted::On);
        wanted.interfaces = vec![ferrostack_agent_api::Interface { metadata: None, ..interface() }];
        node.put(&wanted).await;
        println!("GUEST RUNS");
        node.clock.sleep(Duration::from_secs(600)).await;
    });
}

fn interface() -> ferrostack_agent_api::Interface {
    ferrostack_agent_api::Interface {
        port_id: crate::ovn::PORT,
        network_id: crate::ovn::NETWORK,
        mac: "fa:16:3e:00:00:05".to_owned(),
        mtu: 1442,
        addresses: Vec::new(),
        metadata: None,
    }
}

pub fn guest_is_known() {
    inside(|_| async {
        let node = Node::start(None, None).await;
        let report = node.wait_for_power(Power::Running).await;
        assert_eq!((report.generation, report.name.as_str()), (Generation(1), "instance-00000007"));
        assert!(report.fence > Fence(1));
        node.wait_for_console("TINY-BOOT-DONE", 1).await;
    });
}

pub fn guest_is_adopted() {
    inside(|_| async {
        let node = Node::start(None, None).await;
        let report = node.wait_for_power(Power::Running).await;
        assert_eq!((report.generation, report.name.as_str()), (Generation(1), "instance-00000007"));
        assert!(node.agent.drop_domain(SERVER, Fence(1)).await.is_err(), "it has its fence again");
        node.agent.drop_domain(SERVER, report.fence).await.unwrap();
        node.assert_empty().await;
    });
}

pub fn guest_is_dropped() {
    inside(|_| async {
        let node = Node::start(None, None).await;
        node.agent.drop_domain(SERVER, Fence(node.clock.now().micros())).await.unwrap();
        node.assert_empty().await;
    });
}
