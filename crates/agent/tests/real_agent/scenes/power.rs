//! Power and consoles of a guest.

use std::time::Duration;

use ferrostack_agent_api::{Agent as _, AgentErrorKind, ConsoleKind, OneShotKind, Power, Wanted};
use ferrostack_base::Fence;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::inside;
use crate::guest::{Node, SERVER, run, spec};

const DONE: &str = "TINY-BOOT-DONE";

pub fn power_of_a_guest() {
    inside(|_| async {
        let node = Node::start(None, None).await;
        let off = node.put(&spec(1, 1, Wanted::Off)).await;
        assert_eq!((off.power, node.console().await), (Power::Shutdown, String::new()));
        assert_eq!(refusal(&node, ConsoleKind::Vnc).await, AgentErrorKind::Refused, "it is off");
        let shot = node.shoot(OneShotKind::SoftReboot, 1, 1).await;
        assert_eq!(shot.unwrap_err().kind, AgentErrorKind::Refused, "it is off");

        assert_eq!(node.put(&spec(1, 2, Wanted::On)).await.power, Power::Running);
        let console = node.wait_for_console(DONE, 1).await;
        assert!(console.contains("src=configdrive hostname=driven uuid=u-7 keys=1"), "{console}");
        let last = node.agent.console_log(SERVER, Some(3)).await.unwrap();
        assert!(last.lines().count() <= 3 && console.contains(last.lines().next().unwrap()), "{last:?}");
        let mut screen = node.agent.open_console(SERVER, ConsoleKind::Vnc).await.unwrap();
        let mut greeting = [0; 4];
        screen.read_exact(&mut greeting).await.unwrap();
        assert_eq!(&greeting, b"RFB ");

        // The guest powers itself off, and stays off.
        power_off_inside(&node).await;
        let report = node.wait_for_power(Power::Shutdown).await;
        assert_eq!(node.put(&spec(1, 2, Wanted::On)).await, report);

        assert_eq!(node.put(&spec(2, 3, Wanted::On)).await.power, Power::Running);
        run("virsh", &["destroy", "instance-00000007"]);
        node.wait_for_power(Power::Shutdown).await;
        let explained = node.agent.explain(SERVER).await.unwrap();
        assert!(explained[0].content.contains("destroyed"), "{:?}", explained[0]);

        // A one-shot is done once.
        assert_eq!(node.shoot(OneShotKind::HardReboot, 2, 3).await.unwrap().power, Power::Running);
        assert_eq!(node.shoot(OneShotKind::HardReboot, 2, 2).await.unwrap_err().kind, AgentErrorKind::Fenced);
        node.wait_for_console(DONE, 2).await;
        let begun = node.clock.now();
        assert_eq!(node.shoot(OneShotKind::SoftReboot, 3, 3).await.unwrap().power, Power::Running);
        let took = node.clock.now().since(begun);
        println!("soft reboot: {} ms", took.as_millis());
        assert!(took < Duration::from_secs(25), "the guest obeyed its power button");
        node.wait_for_console(DONE, 3).await;
        let before = node.report().await.unwrap();
        assert_eq!(node.shoot(OneShotKind::SoftReboot, 3, 3).await.unwrap().since, before.since);

        // A process that dies is a crash; the guest is not started again.
        let pid = std::fs::read_to_string("/run/libvirt/qemu/instance-00000007.pid").unwrap();
        run("kill", &["-9", pid.trim()]);
        node.wait_for_power(Power::Crashed).await;

        assert_eq!(node.put(&spec(4, 4, Wanted::On)).await.power, Power::Running);
        node.wait_for_console(DONE, 4).await;
        run("virsh", &["suspend", "instance-00000007"]);
        node.wait_for_power(Power::Paused).await;
        run("virsh", &["resume", "instance-00000007"]);
        let begun = node.clock.now();
        assert_eq!(node.put(&spec(4, 5, Wanted::Off)).await.power, Power::Shutdown);
        let took = node.clock.now().since(begun);
        println!("shutdown: {} ms", took.as_millis());
        assert!(took < Duration::from_secs(25), "the guest obeyed its power button");

        node.agent.drop_domain(SERVER, Fence(5)).await.unwrap();
        node.assert_empty().await;
    });
}

async fn refusal(node: &Node, kind: ConsoleKind) -> AgentErrorKind {
    node.agent.open_console(SERVER, kind).await.err().unwrap().kind
}

async fn power_off_inside(node: &Node) {
    let mut serial = node.agent.open_console(SERVER, ConsoleKind::Serial).await.unwrap();
    for line in ["\r", "root\r", "gocubsgo\r", "poweroff -f\r"] {
        serial.write_all(line.as_bytes()).await.unwrap();
        serial.flush().await.unwrap();
        node.clock.sleep(Duration::from_millis(1500)).await;
    }
}
