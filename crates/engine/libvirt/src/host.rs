//! The machine that libvirtd runs on.

use roxmltree::{Document, Node};

/// Versions, as libvirt counts them: major * 1,000,000 + minor * 1,000 + release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// libvirtd's.
    pub libvirt: u64,
    /// The hypervisor's (QEMU's).
    pub hypervisor: u64,
}

impl Versions {
    /// `9.0.0` for 9000000.
    pub fn text(number: u64) -> String {
        format!("{}.{}.{}", number / 1_000_000, number / 1_000 % 1_000, number % 1_000)
    }
}

/// What the machine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInfo {
    /// The processors' kind, such as `x86_64`.
    pub architecture: String,
    /// Memory in KiB.
    pub memory_kib: u64,
    /// Logical processors.
    pub cpus: u32,
    /// Their frequency in MHz; 0 = unknown.
    pub mhz: u32,
    /// NUMA nodes.
    pub numa_nodes: u32,
    /// Sockets in each NUMA node.
    pub sockets: u32,
    /// Cores in each socket.
    pub cores: u32,
    /// Threads in each core.
    pub threads: u32,
}

/// The part of libvirt's capabilities that is of use; the whole is XML of 20 to 100 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostCapabilities {
    /// The host's id.
    pub uuid: Option<String>,
    /// `x86_64`.
    pub architecture: String,
    /// libvirt's name of the host's processor, such as `Skylake-Server-IBRS`.
    pub cpu_model: Option<String>,
    /// The kinds of domain for the host's own architecture: `qemu`, `kvm`. That `kvm` is listed does not mean that it works.
    pub domain_types: Vec<String>,
    /// The machines for the host's own architecture: `pc`, `q35`, `pc-i440fx-7.2`.
    pub machines: Vec<String>,
    /// The emulator for the host's own architecture.
    pub emulator: Option<String>,
}

impl HostCapabilities {
    /// Reads libvirt's capabilities document.
    ///
    /// # Errors
    /// It is not well-formed XML.
    pub fn parse(xml: &str) -> Result<Self, roxmltree::Error> {
        let document = Document::parse(xml)?;
        let root = document.root_element();
        let mut found = Self::default();
        if let Some(host) = child(root, "host") {
            found.uuid = text(host, "uuid");
            if let Some(cpu) = child(host, "cpu") {
                found.architecture = text(cpu, "arch").unwrap_or_default();
                found.cpu_model = text(cpu, "model");
            }
        }
        let architectures =
            root.children().filter(|node| node.has_tag_name("guest")).filter_map(|guest| child(guest, "arch"));
        for arch in architectures.filter(|arch| arch.attribute("name") == Some(found.architecture.as_str())) {
            found.emulator = found.emulator.or_else(|| text(arch, "emulator"));
            for node in arch.children() {
                match node.tag_name().name() {
                    "domain" => found.domain_types.extend(node.attribute("type").map(String::from)),
                    "machine" => found.machines.extend(node.text().map(String::from)),
                    _ => {}
                }
            }
        }
        Ok(found)
    }
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn text(node: Node<'_, '_>, name: &str) -> Option<String> {
    child(node, name).and_then(|child| child.text()).map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_as_people_write_them() {
        assert_eq!(Versions::text(9_000_000), "9.0.0");
        assert_eq!(Versions::text(7_002_022), "7.2.22");
    }

    #[test]
    fn only_the_hosts_own_architecture_counts() {
        let xml = "<capabilities><host><uuid>u-1</uuid><cpu><arch>x86_64</arch><model>EPYC</model></cpu></host>
            <guest><os_type>hvm</os_type><arch name='i686'><machine>isapc</machine><domain type='qemu'/></arch></guest>
            <guest><os_type>hvm</os_type><arch name='x86_64'><emulator>/usr/bin/qemu-system-x86_64</emulator>
            <machine maxCpus='255'>pc-i440fx-7.2</machine><machine canonical='pc-i440fx-7.2'>pc</machine>
            <domain type='qemu'/><domain type='kvm'/></arch></guest></capabilities>";
        let found = HostCapabilities::parse(xml).unwrap();
        assert_eq!(found.architecture, "x86_64");
        assert_eq!(found.cpu_model.as_deref(), Some("EPYC"));
        assert_eq!(found.domain_types, ["qemu", "kvm"]);
        assert_eq!(found.machines, ["pc-i440fx-7.2", "pc"]);
        assert_eq!(found.emulator.as_deref(), Some("/usr/bin/qemu-system-x86_64"));
        assert!(HostCapabilities::parse("<capabilities>").is_err());
    }
}
