//! What the node's engines have of a server, with the commands that show it.

use std::{collections::BTreeSet, time::Duration};

use ferrostack_agent_api::EngineObject;
use ferrostack_base::chain;
use ferrostack_libvirt::XmlKind;
use uuid::Uuid;

use crate::{error::NodeError, ledger::Record, metadata::namespace_name, network::tap_name, node::Node};

/// A command that shows something has to be quick.
const PATIENCE: Duration = Duration::from_secs(10);

impl Node {
    /// The server's domain, disk, interfaces and namespaces.
    pub(crate) async fn explain(&self, server: Uuid) -> Result<Vec<EngineObject>, NodeError> {
        let record = self.ledger.record(server)?;
        let mut objects = vec![self.explain_domain(&record).await];
        let disk = self.disks.files(server).disk();
        if disk.exists() {
            let path = disk.to_string_lossy().into_owned();
            // It is in use: without -U the lock would be refused.
            objects.push(self.shown("disk", &path, "qemu-img", &["info", "-U", "--backing-chain", &path]).await);
        }
        let database = format!("--db={}", self.options.open_vswitch);
        let database = (database != "--db=unix:/run/openvswitch/db.sock").then_some(database);
        for interface in &record.spec.interfaces {
            let tap = tap_name(interface.port_id);
            let args: Vec<&str> = database.as_deref().into_iter().chain(["list", "interface", &tap]).collect();
            objects.push(self.shown("interface", &tap, "ovs-vsctl", &args).await);
        }
        let served = record.spec.interfaces.iter().filter(|interface| interface.metadata.is_some());
        for network in served.map(|interface| interface.network_id).collect::<BTreeSet<_>>() {
            let name = namespace_name(network);
            let args = ["netns", "exec", &name, "ip", "address", "show"];
            objects.push(self.shown("namespace", &name, "ip", &args).await);
        }
        Ok(objects)
    }

    async fn explain_domain(&self, record: &Record) -> EngineObject {
        let (name, uri) = (&record.spec.name, &self.options.libvirt_uri);
        let connection = if uri == "qemu:///system" { String::new() } else { format!("-c {uri} ") };
        let xml = self.domains.libvirt().xml(record.spec.server, XmlKind::Current).await;
        let reason = record.reason.as_ref().map(|reason| format!("<!-- {:?}: {reason} -->\n", record.power));
        EngineObject {
            kind: "domain".to_owned(),
            name: name.clone(),
            command: format!("virsh {connection}dumpxml {name}"),
            content: match xml {
                Ok(xml) => reason.unwrap_or_default() + &masked(&xml),
                Err(error) => chain(&error).to_string(),
            },
        }
    }

    async fn shown(&self, kind: &str, name: &str, program: &str, args: &[&str]) -> EngineObject {
        let shown = self.programs.run(PATIENCE, program, args).await;
        EngineObject {
            kind: kind.to_owned(),
            name: name.to_owned(),
            command: format!("{program} {}", args.join(" ")),
            content: shown.unwrap_or_else(|error| chain(&error).to_string()),
        }
    }
}

/// Without the secrets that libvirt may show to an administrator: passwords of screens.
fn masked(xml: &str) -> String {
    let mut masked = String::with_capacity(xml.len());
    let mut rest = xml;
    while let Some(start) = rest.find("passwd=") {
        let value = start + "passwd=".len();
        let Some(quote) = rest[value..].chars().next().filter(|quote| matches!(quote, '\'' | '"')) else {
            masked.push_str(&rest[..value]);
            rest = &rest[value..];
            continue;
        };
        let inner = value + quote.len_utf8();
        let end = rest[inner..].find(quote).map_or(rest.len(), |length| inner + length);
        masked.push_str(&rest[..inner]);
        masked.push_str("***");
        rest = &rest[end..];
    }
    masked + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let xml = "<graphics type='vnc' passwd='geheim' port='1'/><a passwd=\"x\"/>";
        assert_eq!(masked(xml), "<graphics type='vnc' passwd='***' port='1'/><a passwd=\"***\"/>");
        assert_eq!(masked("<a passwd='cut"), "<a passwd='***");
    }
}
