//! How the node's engines do.

use std::time::Duration;

use ferrostack_agent_api::EngineFacts;
use ferrostack_base::chain;
use ferrostack_libvirt::{Versions, VirtType};

use crate::{error::NodeError, node::Node};

/// An engine that does not answer within this time is not healthy.
const PATIENCE: Duration = Duration::from_secs(5);

impl Node {
    /// The engines with their versions and health.
    pub(crate) async fn engines(&self) -> Vec<EngineFacts> {
        let mut engines = self.hypervisor().await;
        engines.push(self.open_vswitch().await);
        engines.push(self.ovn().await);
        engines
    }

    async fn hypervisor(&self) -> Vec<EngineFacts> {
        let engine =
            |name: &str, version, healthy, reason| EngineFacts { name: name.to_owned(), version, healthy, reason };
        let asked = self.clock.timeout(PATIENCE, self.domains.libvirt().versions()).await;
        let failed = match asked {
            Ok(Ok(versions)) => {
                let kind = match self.domains.virt_type() {
                    VirtType::Kvm => "guests run on the processor (kvm)",
                    VirtType::Qemu => "guests are emulated (qemu)",
                };
                let why = match &self.options.virt_type_reason {
                    Some(reason) => format!("{kind}: {reason}"),
                    None => kind.to_owned(),
                };
                return vec![
                    engine("libvirt", Versions::text(versions.libvirt), true, None),
                    engine("QEMU", Versions::text(versions.hypervisor), true, Some(why)),
                ];
            }
            Ok(Err(error)) => chain(&error).to_string(),
            Err(_) => format!("libvirtd does not answer within {} s", PATIENCE.as_secs()),
        };
        let unknown = Some("only libvirtd could tell".to_owned());
        vec![engine("libvirt", String::new(), false, Some(failed)), engine("QEMU", String::new(), false, unknown)]
    }

    async fn open_vswitch(&self) -> EngineFacts {
        let name = "Open vSwitch".to_owned();
        let version = match self.programs.run(PATIENCE, "ovs-appctl", &["-t", "ovs-vswitchd", "version"]).await {
            Ok(said) => version(&said),
            Err(error) => return silent(name, &error),
        };
        let reason = match self.network.is_userspace() {
            _ if !self.network.is_reached() => Some("its database does not answer".to_owned()),
            Ok(None) => Some(format!("there is no bridge {}", self.options.integration_bridge)),
            Ok(Some(true)) => Some("packets are switched by a process, not by the kernel".to_owned()),
            _ => None,
        };
        EngineFacts { name, version, healthy: self.network.is_reached(), reason }
    }

    async fn ovn(&self) -> EngineFacts {
        let ask = async |command| {
            let args = ["-t", "ovn-controller", command];
            self.programs.run(PATIENCE, "ovn-appctl", &args).await
        };
        let name = "OVN".to_owned();
        let version = match ask("version").await {
            Ok(said) => version(&said),
            Err(error) => return silent(name, &error),
        };
        let status = ask("connection-status").await;
        let status = status.map_or_else(|error| chain(&error).to_string(), |said| said.trim().to_owned());
        let healthy = status == "connected";
        let reason = (!healthy).then(|| format!("ovn-controller and the Southbound database: {status}"));
        EngineFacts { name, version, healthy, reason }
    }
}

fn silent(name: String, error: &NodeError) -> EngineFacts {
    EngineFacts { name, version: String::new(), healthy: false, reason: Some(chain(error).to_string()) }
}

/// The version in what a daemon says of itself: `ovs-vswitchd (Open vSwitch) 3.1.0`, `ovn-controller 23.03.1`.
fn version(said: &str) -> String {
    let mut words = said.lines().next().unwrap_or_default().split_whitespace();
    words.rfind(|word| word.starts_with(|letter: char| letter.is_ascii_digit())).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found() {
        assert_eq!(version("ovs-vswitchd (Open vSwitch) 3.1.0\n"), "3.1.0");
        assert_eq!(version("ovn-controller 23.03.1\nOpen vSwitch Library 3.1.0\n"), "23.03.1");
        assert_eq!(version(""), "");
    }
}
