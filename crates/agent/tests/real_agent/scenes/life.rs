//! A guest with a network.

use std::{
    fs::File,
    net::UdpSocket,
    os::{fd::AsFd, unix::fs::MetadataExt},
    time::Duration,
};

use ferrostack_agent_api::{Agent as _, AgentErrorKind, DomainSpec, Power, Wanted};
use ferrostack_base::Fence;
use hmac::{Hmac, Mac};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use sha2::Sha256;

use super::inside;
use crate::{
    controller,
    guest::{Node, SECRET, SERVER, run, spec},
    ovn::{self, NETWORK},
};

pub fn guest_with_a_network() {
    inside(|_| async {
        let (metadata, asked) = controller::metadata().await;
        let node = Node::start(Some(metadata), Some(controller::resolver().await)).await;
        let interface = ovn::make();
        let mut wanted = spec(5, 1, Wanted::On);
        (wanted.interfaces, wanted.config_drive) = (vec![interface], None);

        let begun = node.clock.now();
        let report = node.put(&wanted).await;
        println!("first put: {} ms", node.clock.now().since(begun).as_millis());
        assert_eq!((report.power, report.fence, report.generation), (Power::Running, Fence(5), wanted.generation));
        let facts = node.agent.facts().await.unwrap();
        assert!(
            facts.hypervisor_version > 5_000_000 && facts.vcpus > 0 && facts.memory_mb > 0 && facts.disk_gb >= 0,
            "{facts:?}"
        );
        for engine in node.agent.engines().await.unwrap() {
            assert!(engine.healthy && !engine.version.is_empty(), "{engine:?}");
        }
        let tap = format!("tap{}", &ovn::PORT.to_string()[..11]);
        let explained = node.agent.explain(SERVER).await.unwrap();
        for (kind, text) in
            [("domain", "<domain"), ("disk", "backing file"), ("interface", &tap), ("namespace", "169.254.169.254")]
        {
            let object = explained.iter().find(|object| object.kind == kind).unwrap();
            assert!(object.content.contains(text), "{object:?}");
        }
        let images: Vec<_> =
            std::fs::read_dir(node.state_dir.join("images")).unwrap().map(|file| file.unwrap().path()).collect();
        let base = images.iter().find(|path| path.extension().is_some_and(|extension| extension == "base")).unwrap();
        let meta = std::fs::metadata(base).unwrap();
        assert_eq!((meta.uid(), meta.mode() & 0o777), (0, 0o444), "the base stays root's");

        let again = node.put(&wanted).await;
        assert_eq!((again.power, again.since), (Power::Running, report.since), "repeating it changes nothing");
        wanted.fence = Fence(4);
        assert_eq!(node.agent.put_domain(&wanted).await.unwrap_err().kind, AgentErrorKind::Fenced);
        assert_eq!(node.agent.drop_domain(SERVER, Fence(4)).await.unwrap_err().kind, AgentErrorKind::Fenced);
        wanted.fence = Fence(5);

        let console = node.wait_for_console("TINY-BOOT-DONE", 1).await;
        println!("boot: {} ms", node.clock.now().since(begun).as_millis());
        assert!(console.contains("10.9.0.5/24") && console.contains("mtu=1442"), "{console}");
        assert!(console.contains("src=http hostname=asked uuid=u-7 keys=1"), "{console}");
        let looked =
            |name: &str| console.lines().find(|line| line.starts_with(&format!("LOOKED {name}"))).unwrap_or_default();
        assert!(looked("other.test").contains("192.0.2.7"), "by the node's resolver: {console}");
        assert!(looked("web.test").contains("10.9.0.77"), "by OVN: {console}");
        assert!(ovn::is_up());
        check_signature(&asked.lock().unwrap());
        check_names_with_edns();

        // The services' and the guest's devices come back when somebody breaks them.
        run("ovs-vsctl", &["del-port", &tap]);
        run("ip", &["netns", "del", &format!("ovnmeta-{NETWORK}")]);
        node.clock.sleep(Duration::from_secs(5)).await;
        run("ovs-vsctl", &["get", "interface", &tap, "external_ids:iface-id"]);
        check_names_with_edns();

        node.agent.drop_domain(SERVER, Fence(6)).await.unwrap();
        measure(&node, &wanted).await;
        assert_eq!(node.agent.drop_domain(SERVER, Fence(6)).await.unwrap_err().kind, AgentErrorKind::Fenced);
        node.agent.drop_domain(SERVER, Fence(12)).await.unwrap();
        node.agent.drop_domain(SERVER, Fence(12)).await.unwrap();
        node.assert_empty().await;
        assert_eq!(node.agent.put_domain(&wanted).await.unwrap_err().kind, AgentErrorKind::Fenced);
        node.assert_empty().await;
    });
}

/// How much longer than libvirt's own start a start takes when the image is there.
async fn measure(node: &Node, wanted: &DomainSpec) {
    let mut wanted = wanted.clone();
    for fence in [7, 9, 11] {
        wanted.fence = Fence(fence);
        let begun = node.clock.now();
        node.put(&wanted).await;
        let all = node.clock.now().since(begun);
        run("virsh", &["destroy", "instance-00000007"]);
        let begun = node.clock.now();
        // The taps go when the guest is off.
        node.wait_for_power(Power::Shutdown).await;
        wanted.generation = wanted.generation.next();
        let again = node.clock.now();
        node.put(&wanted).await;
        let second = node.clock.now().since(again);
        println!(
            "first start {} ms, next {} ms (off seen after {} ms)",
            all.as_millis(),
            second.as_millis(),
            again.since(begun).as_millis()
        );
        node.agent.drop_domain(SERVER, Fence(fence + 1)).await.unwrap();
    }
}

/// The controller was told who asked, signed with the secret.
fn check_signature(asked: &[String]) {
    let request = asked.iter().find(|request| request.contains("meta_data.json")).unwrap();
    let header = |name: &str| request.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    assert_eq!(header("x-forwarded-for:"), Some("10.9.0.5"), "{request}");
    assert_eq!(header("x-ovn-network-id:"), Some(NETWORK.to_string().as_str()), "{request}");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{NETWORK}\n10.9.0.5").as_bytes());
    assert_eq!(header("x-instance-signature:"), Some(hex::encode(mac.finalize().into_bytes()).as_str()));
}

/// A question with EDNS for a name that OVN knows, asked where guests ask it. OVN itself leaves such a question alone.
fn check_names_with_edns() {
    let asking = std::thread::spawn(|| {
        let file = File::open(format!("/run/netns/ovnmeta-{NETWORK}")).unwrap();
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        let socket = UdpSocket::bind("10.9.0.2:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut question = vec![0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        question.extend(b"\x03web\x04test\x00\x00\x01\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00");
        socket.send_to(&question, "10.9.0.2:53").unwrap();
        let mut answer = vec![0; 512];
        let (length, _) = socket.recv_from(&mut answer).unwrap();
        answer.truncate(length);
        answer
    });
    let answer = asking.join().unwrap();
    assert_eq!(answer[6..12], [0, 1, 0, 0, 0, 1], "one answer, and an OPT record: {answer:?}");
    assert!(answer.windows(4).any(|window| window == [10, 9, 0, 77]), "{answer:?}");
}
