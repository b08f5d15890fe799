//! Reads a domain's description as libvirt gives it: what of it is asked for later.

use std::{collections::BTreeMap, path::PathBuf};

use roxmltree::{Document, Node};
use uuid::Uuid;

use crate::Metadata;

/// A description that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// It is not XML.
    #[error("it is not well-formed XML")]
    Xml(#[from] roxmltree::Error),
    /// Something is missing in it or not understood.
    #[error("{field} is missing or not understood")]
    Field {
        /// What.
        field: &'static str,
    },
}

/// A domain as libvirt describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainDescription {
    /// Its id.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// How it is executed: `kvm`, `qemu`, or another hypervisor's word.
    pub virt_type: String,
    /// The machine, with its version where libvirt has filled it in: `pc-i440fx-7.2`.
    pub machine: Option<String>,
    /// Processors.
    pub vcpus: u32,
    /// Memory in KiB.
    pub memory_kib: u64,
    /// The caller's notes; none = the domain is not ours.
    pub metadata: Option<Metadata>,
    /// Disks and cdroms.
    pub disks: Vec<DiskDescription>,
    /// Network interfaces.
    pub interfaces: Vec<InterfaceDescription>,
    /// The socket of the first serial port.
    pub serial_socket: Option<PathBuf>,
    /// Where its output is kept.
    pub serial_log: Option<PathBuf>,
    /// The socket of the VNC server.
    pub vnc_socket: Option<PathBuf>,
}

/// A disk of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskDescription {
    /// `vda`.
    pub target: String,
    /// `virtio`.
    pub bus: Option<String>,
    /// `disk`, `cdrom`.
    pub device: String,
    /// The file; none for an empty cdrom, or a disk that is no file.
    pub path: Option<PathBuf>,
    /// `qcow2`, `raw`.
    pub format: Option<String>,
    /// The serial number that the guest sees.
    pub serial: Option<String>,
}

/// A network interface of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceDescription {
    /// `ethernet`, `bridge`.
    pub kind: String,
    /// `52:54:00:..`
    pub mac: String,
    /// The host's device, where it is known: always for `ethernet`.
    pub tap: Option<String>,
    /// `virtio`.
    pub model: Option<String>,
    /// In bytes.
    pub mtu: Option<u32>,
}

impl DomainDescription {
    /// Reads libvirt's XML.
    ///
    /// # Errors
    /// It is not XML, or has no id or name.
    pub fn parse(xml: &str) -> Result<Self, DescriptionError> {
        let document = Document::parse(xml)?;
        let root = document.root_element();
        let devices = child(root, "devices");
        let of_kind = |name: &'static str| {
            devices.iter().flat_map(move |devices| devices.children().filter(move |node| node.has_tag_name(name)))
        };
        let serial = of_kind("serial").next();
        Ok(Self {
            uuid: text(root, "uuid").and_then(|id| id.parse().ok()).ok_or(DescriptionError::Field { field: "uuid" })?,
            name: text(root, "name").ok_or(DescriptionError::Field { field: "name" })?,
            virt_type: root.attribute("type").unwrap_or_default().to_owned(),
            machine: child(root, "os").and_then(|os| attribute(os, "type", "machine")),
            vcpus: text(root, "vcpu").and_then(|count| count.trim().parse().ok()).unwrap_or(1),
            memory_kib: child(root, "memory").map(memory).transpose()?.unwrap_or(0),
            metadata: child(root, "metadata").and_then(metadata),
            disks: of_kind("disk").filter_map(disk).collect(),
            interfaces: of_kind("interface").filter_map(interface).collect(),
            serial_socket: serial.and_then(|serial| attribute(serial, "source", "path")).map(PathBuf::from),
            serial_log: serial.and_then(|serial| attribute(serial, "log", "file")).map(PathBuf::from),
            vnc_socket: of_kind("graphics").filter(|node| node.attribute("type") == Some("vnc")).find_map(vnc_socket),
        })
    }
}

fn memory(node: Node<'_, '_>) -> Result<u64, DescriptionError> {
    let wrong = DescriptionError::Field { field: "memory" };
    let number: u64 = node.text().and_then(|text| text.trim().parse().ok()).ok_or(wrong.clone())?;
    let bytes = match node.attribute("unit").unwrap_or("KiB") {
        "b" | "bytes" => 1,
        "KB" => 1_000,
        "k" | "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "M" | "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "G" | "GiB" => 1 << 30,
        _ => return Err(wrong),
    };
    number.checked_mul(bytes).map(|bytes| bytes / 1024).ok_or(wrong)
}

fn metadata(node: Node<'_, '_>) -> Option<Metadata> {
    let own = node.children().find(|child| child.has_tag_name((Metadata::NAMESPACE, "domain")))?;
    let entries = own.children().filter(|child| child.has_tag_name((Metadata::NAMESPACE, "entry")));
    let pair = |entry: Node<'_, '_>| Some((entry.attribute("key")?.to_owned(), all_text(entry)));
    Some(Metadata(entries.filter_map(pair).collect::<BTreeMap<_, _>>()))
}

/// An element's whole text: a parser may give it in pieces.
fn all_text(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.text()).collect()
}

fn disk(node: Node<'_, '_>) -> Option<DiskDescription> {
    Some(DiskDescription {
        target: attribute(node, "target", "dev")?,
        bus: attribute(node, "target", "bus"),
        device: node.attribute("device").unwrap_or("disk").to_owned(),
        path: attribute(node, "source", "file").map(PathBuf::from),
        format: attribute(node, "driver", "type"),
        serial: text(node, "serial"),
    })
}

fn interface(node: Node<'_, '_>) -> Option<InterfaceDescription> {
    Some(InterfaceDescription {
        kind: node.attribute("type").unwrap_or_default().to_owned(),
        mac: attribute(node, "mac", "address")?,
        tap: attribute(node, "target", "dev"),
        model: attribute(node, "model", "type"),
        mtu: attribute(node, "mtu", "size").and_then(|size| size.parse().ok()),
    })
}

fn vnc_socket(node: Node<'_, '_>) -> Option<PathBuf> {
    let listen =
        node.children().find(|child| child.has_tag_name("listen") && child.attribute("type") == Some("socket"))?;
    listen.attribute("socket").map(PathBuf::from)
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn text(node: Node<'_, '_>, name: &str) -> Option<String> {
    child(node, name).map(all_text)
}

fn attribute(node: Node<'_, '_>, element: &str, name: &str) -> Option<String> {
    child(node, element).and_then(|child| child.attribute(name)).map(String::from)
}
