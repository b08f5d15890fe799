//! The image's properties that describe hardware.

use std::collections::BTreeMap;

use ferrostack_libvirt::{DiskBus, InterfaceModel, Machine, Video};

use crate::error::NodeError;

/// The hardware that a guest wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hardware {
    pub(super) disk_bus: DiskBus,
    pub(super) cdrom_bus: DiskBus,
    pub(super) vif_model: InterfaceModel,
    pub(super) machine: Machine,
    pub(super) video: Video,
    pub(super) tablet: bool,
    pub(super) rng: bool,
}

const BUSES: [(&str, DiskBus); 5] = [
    ("virtio", DiskBus::Virtio),
    ("scsi", DiskBus::Scsi),
    ("ide", DiskBus::Ide),
    ("sata", DiskBus::Sata),
    ("usb", DiskBus::Usb),
];
const VIDEOS: [(&str, Video); 4] =
    [("vga", Video::Vga), ("virtio", Video::Virtio), ("cirrus", Video::Cirrus), ("none", Video::None)];
/// QEMU's other network cards.
const CARDS: [&str; 6] = ["e1000e", "rtl8139", "ne2k_pci", "pcnet", "vmxnet3", "igb"];

impl Hardware {
    /// Reads the properties. What a guest wants and can't have is refused: it might not boot otherwise.
    pub(super) fn read(properties: &BTreeMap<String, String>) -> Result<Self, NodeError> {
        let get = |key: &str| properties.get(key).map(|value| (value.as_str(), value.to_ascii_lowercase()));
        let machine = match get("hw_machine_type") {
            None => Machine::Pc,
            Some((_, name)) => match name.as_str() {
                "pc" => Machine::Pc,
                "q35" => Machine::Q35,
                name if name.starts_with("pc-") => Machine::Other(name.to_owned()),
                _ => return Err(unsupported("hw_machine_type", &name, "pc, q35, pc-i440fx-*, pc-q35-*")),
            },
        };
        let vif_model = match get("hw_vif_model") {
            None => InterfaceModel::Virtio,
            Some((_, name)) => match name.as_str() {
                "virtio" => InterfaceModel::Virtio,
                "e1000" => InterfaceModel::E1000,
                name if CARDS.contains(&name) => InterfaceModel::Other(name.to_owned()),
                _ => return Err(unsupported("hw_vif_model", &name, &format!("virtio, e1000, {}", CARDS.join(", ")))),
            },
        };
        if let Some((_, firmware)) = get("hw_firmware_type").filter(|(_, firmware)| firmware != "bios") {
            return Err(unsupported("hw_firmware_type", &firmware, "bios"));
        }
        let q35 = machine.as_str().contains("q35");
        let bus = |key: &str, otherwise| one_of(key, get(key).map(|(_, name)| name), &BUSES, otherwise);
        let disk_bus = bus("hw_disk_bus", DiskBus::Virtio)?;
        // Many cloud kernels have no driver for SATA, which is where a cdrom of q35 would be.
        let cdrom_bus = bus("hw_cdrom_bus", if q35 { DiskBus::Virtio } else { machine.cdrom_bus() })?;
        for (key, bus) in [("hw_disk_bus", disk_bus), ("hw_cdrom_bus", cdrom_bus)] {
            if q35 && bus == DiskBus::Ide {
                return Err(unsupported(key, "ide", "another bus: q35 has no IDE"));
            }
        }
        Ok(Self {
            disk_bus,
            cdrom_bus,
            vif_model,
            video: one_of("hw_video_model", get("hw_video_model").map(|(_, name)| name), &VIDEOS, Video::Vga)?,
            tablet: get("hw_pointer_model").is_none_or(|(_, name)| name != "ps2mouse"),
            rng: true,
            machine,
        })
    }
}

fn one_of<T: Copy>(key: &str, value: Option<String>, all: &[(&str, T)], otherwise: T) -> Result<T, NodeError> {
    let Some(value) = value else { return Ok(otherwise) };
    let found = all.iter().find(|(name, _)| *name == value).map(|(_, found)| *found);
    let names = || all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| unsupported(key, &value, &names()))
}

fn unsupported(key: &str, value: &str, known: &str) -> NodeError {
    NodeError::refused(format!("the image wants {key}={value}; this node has {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Hardware, NodeError> {
        Hardware::read(&pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_drive_is_where_the_guest_sees_it() {
        assert_eq!(read(&[]).unwrap().cdrom_bus, DiskBus::Ide);
        assert_eq!(read(&[("hw_machine_type", "q35")]).unwrap().cdrom_bus, DiskBus::Virtio);
        assert_eq!(
            read(&[("hw_machine_type", "pc-q35-7.2"), ("hw_cdrom_bus", "sata")]).unwrap().cdrom_bus,
            DiskBus::Sata
        );
    }

    #[test]
    fn what_can_not_be_had_is_refused_by_name() {
        for (key, value) in [
            ("hw_disk_bus", "fdc"),
            ("hw_vif_model", "spapr-vlan"),
            ("hw_machine_type", "virt"),
            ("hw_firmware_type", "uefi"),
            ("hw_video_model", "qxl"),
        ] {
            let refusal = read(&[(key, value)]).unwrap_err().to_string();
            assert!(refusal.contains(key) && refusal.contains(value), "{refusal}");
        }
        assert!(read(&[("hw_machine_type", "q35"), ("hw_disk_bus", "ide")]).is_err());
        assert_eq!(read(&[("hw_vif_model", "RTL8139"), ("os_type", "linux")]).unwrap().vif_model.as_str(), "rtl8139");
    }
}
