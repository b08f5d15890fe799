//! What XML and libvirt can't express is refused here, with the field's name: libvirt's own answer would be vague, or it
//! would silently do something else.

use std::path::Path;

use super::{Boot, ConfigError, Cpu, Disk, DiskBus, DomainConfig, Interface, Machine, Metadata, OnLifecycle, VirtType};

/// `sun_path` of a unix socket's address holds 108 bytes, with the closing NUL.
const SOCKET_PATH: usize = 107;
/// `IFNAMSIZ` without the closing NUL.
const DEVICE_NAME: usize = 15;
/// What virtio has room for.
const VIRTIO_SERIAL: usize = 20;

pub(super) fn domain(config: &DomainConfig) -> Result<(), ConfigError> {
    name(&config.name)?;
    if let Some(title) = &config.title {
        text("title", title)?;
        rule("title", title, !title.contains('\n'), "one line")?;
    }
    rule("vcpus", &config.vcpus.to_string(), config.vcpus > 0, "at least 1")?;
    rule("memory_mib", &config.memory_mib.to_string(), config.memory_mib > 0, "at least 1")?;
    let preserve = config.on_poweroff != OnLifecycle::Preserve && config.on_reboot != OnLifecycle::Preserve;
    rule("on_poweroff, on_reboot", "Preserve", preserve, "QEMU keeps only crashed guests")?;
    machine_and_cpu(config)?;
    if let Boot::Kernel { kernel, initrd, command_line } = &config.boot {
        path("boot.kernel", kernel)?;
        initrd.as_deref().map_or(Ok(()), |initrd| path("boot.initrd", initrd))?;
        text("boot.command_line", command_line)?;
    }
    config.disks.iter().try_for_each(disk)?;
    config.cdroms.iter().try_for_each(|cdrom| path("cdrom.path", &cdrom.path))?;
    let buses = config.disks.iter().map(|disk| disk.bus).chain(config.cdroms.iter().map(|cdrom| cdrom.bus));
    let ide = buses.filter(|bus| *bus == DiskBus::Ide).count();
    rule("disks", &format!("{ide} on IDE"), ide <= 4, "at most four on IDE")?;
    config.interfaces.iter().try_for_each(interface)?;
    if let Some(serial) = &config.serial {
        socket("serial.socket", &serial.socket)?;
        serial.log.as_deref().map_or(Ok(()), |log| path("serial.log", log))?;
    }
    config.vnc.as_ref().map_or(Ok(()), |vnc| socket("vnc.socket", &vnc.socket))?;
    metadata(&config.metadata)
}

pub(super) fn metadata(metadata: &Metadata) -> Result<(), ConfigError> {
    metadata.0.iter().try_for_each(|(key, value)| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        let fits = !key.is_empty() && key.bytes().all(allowed);
        rule("metadata's key", key, fits, "letters a-z, digits, _ and - only")?;
        text("metadata's value", value)
    })
}

fn name(name: &str) -> Result<(), ConfigError> {
    text("name", name)?;
    // libvirt makes file names of it.
    let fits = !name.trim().is_empty() && !name.contains(['/', '\n']) && name != "." && name != "..";
    rule("name", name, fits, "not blank, without / and line breaks")
}

fn machine_and_cpu(config: &DomainConfig) -> Result<(), ConfigError> {
    if let Machine::Other(machine) = &config.machine {
        rule("machine", machine, is_word(machine), "a name of libvirt's")?;
    }
    let emulated = config.virt_type == VirtType::Qemu;
    match &config.cpu {
        Cpu::HostPassthrough => rule("cpu", "host-passthrough", !emulated, "one that can be emulated"),
        Cpu::HostModel => rule("cpu", "host-model", !emulated, "one that can be emulated"),
        Cpu::Maximum => Ok(()),
        Cpu::Named(name) => rule("cpu", name, is_word(name), "a name of libvirt's"),
    }
}

fn disk(disk: &Disk) -> Result<(), ConfigError> {
    path("disk.path", &disk.path)?;
    let Some(serial) = &disk.serial else { return Ok(()) };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+ ".contains(&byte);
    let fits = !serial.is_empty() && serial.bytes().all(allowed);
    rule("disk.serial", serial, fits, "letters, digits, blanks and -_.+ only")?;
    let short = disk.bus != DiskBus::Virtio || serial.len() <= VIRTIO_SERIAL;
    rule("disk.serial", serial, short, "at most 20 characters on virtio")
}

fn interface(interface: &Interface) -> Result<(), ConfigError> {
    // libvirt replaces %d by a number.
    let device = |byte: u8| byte.is_ascii_graphic() && !b"/%:".contains(&byte);
    let fits = (1..=DEVICE_NAME).contains(&interface.tap.len()) && interface.tap.bytes().all(device);
    rule("interface.tap", &interface.tap, fits, "1 to 15 visible characters without / % :")?;
    let octets: Vec<&str> = interface.mac.split(':').collect();
    let is_octet = |octet: &&str| octet.len() == 2 && octet.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_mac = octets.len() == 6 && octets.iter().all(is_octet);
    rule("interface.mac", &interface.mac, is_mac, "six octets such as fa:16:3e:00:00:01")?;
    let multicast = u8::from_str_radix(octets[0], 16).is_ok_and(|first| first & 1 == 1);
    rule("interface.mac", &interface.mac, !multicast, "the address of one card, not of a group")?;
    if let Some(mtu) = interface.mtu {
        rule("interface.mtu", &mtu.to_string(), (68..=65_535).contains(&mtu), "68 to 65535")?;
    }
    rule("interface.model", interface.model.as_str(), is_word(interface.model.as_str()), "a name of libvirt's")
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn socket(field: &'static str, socket: &Path) -> Result<(), ConfigError> {
    path(field, socket)?;
    let value = socket.to_string_lossy();
    rule(field, &value, value.len() <= SOCKET_PATH, "at most 107 bytes, as unix sockets are")
}

fn path(field: &'static str, path: &Path) -> Result<(), ConfigError> {
    let value = path.to_string_lossy();
    rule(field, &value, path.to_str().is_some() && path.is_absolute(), "an absolute path in UTF-8")?;
    text(field, &value)
}

/// Refuses characters outside XML 1.0's `Char`.
fn text(field: &'static str, text: &str) -> Result<(), ConfigError> {
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    match text.chars().find(|c| !allowed(*c)) {
        Some(character) => Err(ConfigError::Character { field, character }),
        None => Ok(()),
    }
}

fn rule(field: &'static str, value: &str, holds: bool, rule: &'static str) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::Value { field, value: value.to_owned(), rule }) }
}
