//! What belongs to no server.

use std::{fs, time::Duration};

use ferrostack_agent_api::Agent as _;
use uuid::Uuid;

use super::inside;
use crate::guest::{Node, run};

const FOREIGN: &str =
    "<domain type='qemu'><name>foreign</name><memory unit='MiB'>32</memory><os><type>hvm</type></os></domain>";

pub fn orphans_go() {
    inside(|_| async {
        let node = Node::start(None, None).await;
        let id = node.agent.facts().await.unwrap().id;
        let (server, network) = (Uuid::from_u128(0x77), Uuid::from_u128(0x88));

        let marked = format!("external_ids:ferrostack-node={id}");
        let foreign = format!("external_ids:ferrostack-node={}", Uuid::from_u128(0x99));
        for (tap, mark) in
            [("taporphan", marked.as_str()), ("tapforeign", foreign.as_str()), ("tapnobody", "external_ids:a=b")]
        {
            run("ip", &["tuntap", "add", "dev", tap, "mode", "tap"]);
            let owner = format!("external_ids:ferrostack-server={server}");
            run("ovs-vsctl", &["add-port", "br-int", tap, "--", "set", "interface", tap, mark, &owner]);
        }
        let instances = node.state_dir.join("instances");
        for (folder, owner) in [(server, id), (Uuid::from_u128(0x78), Uuid::from_u128(0x99))] {
            fs::create_dir_all(instances.join(folder.to_string())).unwrap();
            fs::write(instances.join(folder.to_string()).join("node"), owner.to_string()).unwrap();
        }
        run("ip", &["netns", "add", &format!("ovnmeta-{network}")]);
        fs::write(node.state_dir.join(format!("networks/{network}.json")), "{}").unwrap();
        run("ip", &["netns", "add", "ovnmeta-of-somebody"]);
        fs::write(node.state_dir.join("foreign.xml"), FOREIGN).unwrap();
        run("virsh", &["define", node.state_dir.join("foreign.xml").to_str().unwrap()]);

        node.clock.sleep(Duration::from_secs(6)).await;
        let ports = run("ovs-vsctl", &["list-ports", "br-int"]);
        let devices = run("ip", &["-o", "link"]);
        assert!(!ports.contains("taporphan") && !devices.contains("taporphan"), "{ports}");
        let namespaces = run("ip", &["netns"]);
        assert!(!namespaces.contains(&network.to_string()), "{namespaces}");
        assert!(!instances.join(server.to_string()).exists());

        for tap in ["tapforeign", "tapnobody"] {
            assert!(ports.contains(tap) && devices.contains(tap), "{ports}");
        }
        assert!(instances.join(Uuid::from_u128(0x78).to_string()).exists());
        assert!(namespaces.contains("ovnmeta-of-somebody"));
        assert_eq!(run("virsh", &["list", "--all", "--name"]).trim(), "foreign");
        assert_eq!(node.agent.domains().await.unwrap(), vec![]);
    });
}
