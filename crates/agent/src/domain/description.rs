//! From a wish to libvirt's description, and back from the notes in a description.

use ferrostack_agent_api::{DomainSpec, Interface as Wish};
use ferrostack_base::{Fence, Generation};
use ferrostack_libvirt::{
    Cdrom, Disk, DiskFormat, DomainConfig, Interface, Metadata, Offloads, SecurityLabel, Serial, VirtType, Vnc,
};

use super::hardware::Hardware;
use crate::{disk::InstanceFiles, error::NodeError, ledger::Record, network::tap_name};

/// The keys of our notes.
const NODE: &str = "node";
const FENCE: &str = "fence";
const GENERATION: &str = "generation";
const WISH: &str = "wish";
const PROJECT: &str = "project";
const REQUEST: &str = "request";

/// What a domain of ours says of itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notes {
    pub(crate) fence: Fence,
    pub(crate) generation: Generation,
    /// What it was made from, without the configuration drive; none when another version wrote it.
    pub(crate) wish: Option<DomainSpec>,
}

pub(super) fn is_own(metadata: &Metadata, node: &str) -> bool {
    metadata.get(NODE) == Some(node)
}

/// Reads our notes.
pub(super) fn notes(metadata: &Metadata) -> Notes {
    let number = |key| metadata.get(key).and_then(|text| text.parse().ok()).unwrap_or(0);
    let wish = metadata.get(WISH).and_then(|text| serde_json::from_str(text).ok());
    Notes { fence: Fence(number(FENCE)), generation: Generation(number(GENERATION)), wish }
}

pub(super) fn config(
    node: &str,
    virt_type: VirtType,
    record: &Record,
    files: &InstanceFiles,
    userspace: bool,
) -> Result<DomainConfig, NodeError> {
    let spec = &record.spec;
    let hardware = Hardware::read(&spec.hardware)?;
    let positive = |field: &str, value: i64| {
        u32::try_from(value)
            .ok()
            .filter(|value| *value > 0)
            .ok_or_else(|| NodeError::refused(format!("{field} is {value}")))
    };
    let mut config = DomainConfig::new(spec.server, &spec.name, virt_type);
    config.title = Some(spec.hostname.clone());
    config.vcpus = positive("vcpus", spec.vcpus)?;
    config.memory_mib = positive("memory_mb", spec.memory_mb)?.into();
    if files.disk().exists() {
        config.disks.push(Disk { bus: hardware.disk_bus, ..Disk::new(files.disk(), DiskFormat::Qcow2) });
    }
    if files.config_drive().exists() {
        config.cdroms.push(Cdrom { path: files.config_drive(), bus: hardware.cdrom_bus });
    }
    config.interfaces = spec.interfaces.iter().map(|wish| interface(wish, &hardware, userspace)).collect();
    config.serial = Some(Serial { socket: files.serial_socket(), log: Some(files.console_log()) });
    config.vnc = Some(Vnc { socket: files.vnc_socket() });
    (config.video, config.tablet, config.rng) = (hardware.video, hardware.tablet, hardware.rng);
    config.machine = hardware.machine;
    // Files were given to QEMU's user already, and the base must stay as it is.
    config.security = SecurityLabel::None;
    config.metadata = Metadata::default()
        .with(NODE, node)
        .with(FENCE, record.fence.to_string())
        .with(GENERATION, spec.generation.to_string())
        .with(PROJECT, &spec.project_id)
        .with(REQUEST, &spec.request_id)
        .with(WISH, wish(spec)?);
    Ok(config)
}

fn interface(wish: &Wish, hardware: &Hardware, userspace: bool) -> Interface {
    Interface {
        tap: tap_name(wish.port_id),
        mac: wish.mac.clone(),
        mtu: Some(wish.mtu),
        model: hardware.vif_model.clone(),
        offloads: if userspace { Offloads::Off } else { Offloads::Negotiated },
    }
}

/// The wish as text, without what is secret in it.
fn wish(spec: &DomainSpec) -> Result<String, NodeError> {
    let open = DomainSpec { config_drive: None, ..spec.clone() };
    serde_json::to_string(&open).map_err(|error| NodeError::refused(format!("the wish can't be written: {error}")))
}
