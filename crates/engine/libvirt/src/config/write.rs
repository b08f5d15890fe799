//! Writes libvirt's domain XML (<https://libvirt.org/formatdomain.html>).

use quick_xml::{
    Writer,
    events::{BytesEnd, BytesStart, BytesText, Event},
};

use super::{
    Boot, Cdrom, ConfigError, Cpu, Disk, DiskBus, DomainConfig, Interface, InterfaceModel, Machine, Metadata, Offloads,
    OnLifecycle, SecurityLabel, Serial, Video, VirtType, Vnc, check,
};

/// PCI Express slots on `q35` that are kept free for devices that come later.
const SPARE_SLOTS: usize = 8;

/// The document that is being written.
struct Xml(Writer<Vec<u8>>);

type Written = Result<(), ConfigError>;

pub(super) fn domain(config: &DomainConfig) -> Result<String, ConfigError> {
    check::domain(config)?;
    let mut xml = Xml(Writer::new_with_indent(Vec::new(), b' ', 2));
    xml.within("domain", &[("type", config.virt_type.as_str())], |xml| {
        xml.text("name", &[], &config.name)?;
        xml.text("uuid", &[], &config.uuid.to_string())?;
        config.title.as_ref().map_or(Ok(()), |title| xml.text("title", &[], title))?;
        if !config.metadata.0.is_empty() {
            xml.within("metadata", &[], |xml| notes(xml, &config.metadata))?;
        }
        xml.text("memory", &[("unit", "MiB")], &config.memory_mib.to_string())?;
        xml.text("vcpu", &[], &config.vcpus.to_string())?;
        boot(xml, config)?;
        features(xml, config)?;
        cpu(xml, &config.cpu)?;
        clock(xml)?;
        xml.text("on_poweroff", &[], lifecycle(config.on_poweroff))?;
        xml.text("on_reboot", &[], lifecycle(config.on_reboot))?;
        xml.text("on_crash", &[], lifecycle(config.on_crash))?;
        xml.within("devices", &[], |xml| devices(xml, config))?;
        match config.security {
            SecurityLabel::Default => Ok(()),
            SecurityLabel::None => xml.empty("seclabel", &[("type", "none"), ("model", "dac")]),
        }
    })?;
    xml.finish()
}

/// Our element alone, as `virDomainSetMetadata` wants it: without the prefix, which libvirt puts before it.
pub(crate) fn metadata_element(metadata: &Metadata) -> Result<String, ConfigError> {
    check::metadata(metadata)?;
    let mut xml = Xml(Writer::new(Vec::new()));
    xml.within("domain", &[], |xml| {
        metadata.0.iter().try_for_each(|(key, value)| xml.text("entry", &[("key", key)], value))
    })?;
    xml.finish()
}

fn notes(xml: &mut Xml, metadata: &Metadata) -> Written {
    let prefixed = |name: &str| format!("{}:{name}", Metadata::PREFIX);
    let namespace = format!("xmlns:{}", Metadata::PREFIX);
    xml.within(&prefixed("domain"), &[(&namespace, Metadata::NAMESPACE)], |xml| {
        metadata.0.iter().try_for_each(|(key, value)| xml.text(&prefixed("entry"), &[("key", key)], value))
    })
}

fn boot(xml: &mut Xml, config: &DomainConfig) -> Written {
    xml.within("os", &[], |xml| {
        xml.text("type", &[("arch", "x86_64"), ("machine", config.machine.as_str())], "hvm")?;
        match &config.boot {
            Boot::Disks => {
                xml.empty("boot", &[("dev", "hd")])?;
                xml.empty("boot", &[("dev", "cdrom")])
            }
            Boot::Kernel { kernel, initrd, command_line } => {
                xml.text("kernel", &[], &kernel.to_string_lossy())?;
                initrd.as_ref().map_or(Ok(()), |initrd| xml.text("initrd", &[], &initrd.to_string_lossy()))?;
                xml.text("cmdline", &[], command_line)
            }
        }
    })
}

fn features(xml: &mut Xml, config: &DomainConfig) -> Written {
    xml.within("features", &[], |xml| {
        xml.empty("acpi", &[])?;
        xml.empty("apic", &[])?;
        match (config.virt_type, config.tb_cache_mib) {
            (VirtType::Qemu, Some(size)) => {
                xml.within("tcg", &[], |xml| xml.text("tb-cache", &[("unit", "MiB")], &size.to_string()))
            }
            _ => Ok(()),
        }
    })
}

fn cpu(xml: &mut Xml, cpu: &Cpu) -> Written {
    match cpu {
        // Whatever is found is taken; a guest that moves to another host is the caller's care.
        Cpu::HostPassthrough => xml.empty("cpu", &[("mode", "host-passthrough"), ("check", "none")]),
        Cpu::HostModel => xml.empty("cpu", &[("mode", "host-model"), ("check", "partial")]),
        Cpu::Maximum => xml.empty("cpu", &[("mode", "maximum"), ("check", "none")]),
        Cpu::Named(name) => xml.within("cpu", &[("mode", "custom"), ("match", "exact"), ("check", "none")], |xml| {
            xml.text("model", &[("fallback", "forbid")], name)
        }),
    }
}

/// The timers as guests want them that keep their own time: lost ticks are made up for, and no HPET, which Linux would
/// prefer although it is the slowest to read.
fn clock(xml: &mut Xml) -> Written {
    xml.within("clock", &[("offset", "utc")], |xml| {
        xml.empty("timer", &[("name", "pit"), ("tickpolicy", "delay")])?;
        xml.empty("timer", &[("name", "rtc"), ("tickpolicy", "catchup")])?;
        xml.empty("timer", &[("name", "hpet"), ("present", "no")])
    })
}

fn lifecycle(action: OnLifecycle) -> &'static str {
    match action {
        OnLifecycle::Destroy => "destroy",
        OnLifecycle::Restart => "restart",
        OnLifecycle::Preserve => "preserve",
    }
}

fn devices(xml: &mut Xml, config: &DomainConfig) -> Written {
    controllers(xml, config)?;
    let mut names = TargetNames::default();
    config.disks.iter().try_for_each(|each| disk(xml, each, &names.next(each.bus)))?;
    config.cdroms.iter().try_for_each(|each| cdrom(xml, each, &names.next(each.bus)))?;
    config.interfaces.iter().try_for_each(|each| interface(xml, each))?;
    config.serial.as_ref().map_or(Ok(()), |each| serial(xml, each))?;
    config.vnc.as_ref().map_or(Ok(()), |each| vnc(xml, each))?;
    if config.video == Video::None {
        xml.within("video", &[], |xml| xml.empty("model", &[("type", "none")]))?;
    } else {
        xml.within("video", &[], |xml| xml.empty("model", &[("type", config.video.as_str()), ("heads", "1")]))?;
    }
    if config.tablet {
        xml.empty("input", &[("type", "tablet"), ("bus", "usb")])?;
    }
    if config.rng {
        xml.within("rng", &[("model", "virtio")], |xml| xml.text("backend", &[("model", "random")], "/dev/urandom"))?;
    }
    xml.empty("memballoon", &[("model", if config.balloon { "virtio" } else { "none" })])
}

fn controllers(xml: &mut Xml, config: &DomainConfig) -> Written {
    let has =
        |bus| config.disks.iter().any(|disk| disk.bus == bus) || config.cdroms.iter().any(|cdrom| cdrom.bus == bus);
    if has(DiskBus::Scsi) {
        // libvirt's own choice is an LSI that current guests have no driver for.
        xml.empty("controller", &[("type", "scsi"), ("index", "0"), ("model", "virtio-scsi")])?;
    }
    if !config.tablet && !has(DiskBus::Usb) {
        xml.empty("controller", &[("type", "usb"), ("model", "none")])?;
    }
    if matches!(config.machine, Machine::Q35) {
        // A slot of PCI Express takes one device, and slots can't be added while the guest runs.
        xml.empty("controller", &[("type", "pci"), ("index", "0"), ("model", "pcie-root")])?;
        let needed = config.disks.len() + config.interfaces.len() + 4;
        for _ in 0..needed + SPARE_SLOTS {
            xml.empty("controller", &[("type", "pci"), ("model", "pcie-root-port")])?;
        }
    }
    Ok(())
}

/// Gives each disk a name on its bus: `vda`, `vdb`, .. `vdz`, `vdaa`.
#[derive(Default)]
struct TargetNames {
    taken: std::collections::BTreeMap<&'static str, u32>,
}

impl TargetNames {
    fn next(&mut self, bus: DiskBus) -> String {
        let taken = self.taken.entry(bus.device_prefix()).or_default();
        let mut rest = *taken;
        *taken += 1;
        let mut letters = Vec::new();
        loop {
            letters.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or(0)));
            rest /= 26;
            if rest == 0 {
                break;
            }
            rest -= 1; // `aa` follows `z`: there is no zero among the letters
        }
        letters.iter().rev().fold(bus.device_prefix().to_owned(), |name, letter| name + &letter.to_string())
    }
}

fn disk(xml: &mut Xml, disk: &Disk, target: &str) -> Written {
    xml.within("disk", &[("type", "file"), ("device", "disk")], |xml| {
        let mut driver = vec![
            ("name", "qemu"),
            ("type", disk.format.as_str()),
            ("cache", disk.cache.as_str()),
            ("io", disk.io.as_str()),
        ];
        driver.extend(disk.discard.then_some(("discard", "unmap")));
        xml.empty("driver", &driver)?;
        xml.empty("source", &[("file", &disk.path.to_string_lossy())])?;
        xml.empty("target", &[("dev", target), ("bus", disk.bus.as_str())])?;
        if disk.read_only {
            xml.empty("readonly", &[])?;
        }
        disk.serial.as_ref().map_or(Ok(()), |serial| xml.text("serial", &[], serial))
    })
}

fn cdrom(xml: &mut Xml, cdrom: &Cdrom, target: &str) -> Written {
    // virtio knows no discs.
    let device = if cdrom.bus == DiskBus::Virtio { "disk" } else { "cdrom" };
    xml.within("disk", &[("type", "file"), ("device", device)], |xml| {
        xml.empty("driver", &[("name", "qemu"), ("type", "raw")])?;
        xml.empty("source", &[("file", &cdrom.path.to_string_lossy())])?;
        xml.empty("target", &[("dev", target), ("bus", cdrom.bus.as_str())])?;
        xml.empty("readonly", &[])
    })
}

fn interface(xml: &mut Xml, interface: &Interface) -> Written {
    xml.within("interface", &[("type", "ethernet")], |xml| {
        xml.empty("mac", &[("address", &interface.mac)])?;
        xml.empty("target", &[("dev", &interface.tap), ("managed", "no")])?;
        xml.empty("model", &[("type", interface.model.as_str())])?;
        if interface.offloads == Offloads::Off && interface.model == InterfaceModel::Virtio {
            xml.within("driver", &[], |xml| {
                let of_both = [("csum", "off"), ("tso4", "off"), ("tso6", "off"), ("ecn", "off"), ("ufo", "off")];
                let of_host: Vec<_> = of_both.into_iter().chain([("gso", "off"), ("mrg_rxbuf", "off")]).collect();
                xml.empty("host", &of_host)?;
                xml.empty("guest", &of_both)
            })?;
        }
        interface.mtu.map_or(Ok(()), |mtu| xml.empty("mtu", &[("size", &mtu.to_string())]))
    })
}

/// The port itself and the console, which is the same port by another name: without it libvirt adds one of its own.
fn serial(xml: &mut Xml, serial: &Serial) -> Written {
    for (element, target) in [("serial", ("port", "0")), ("console", ("type", "serial"))] {
        xml.within(element, &[("type", "unix")], |xml| {
            xml.empty("source", &[("mode", "bind"), ("path", &serial.socket.to_string_lossy())])?;
            if let Some(log) = &serial.log {
                xml.empty("log", &[("file", &log.to_string_lossy()), ("append", "on")])?;
            }
            xml.empty("target", &[target])
        })?;
    }
    Ok(())
}

fn vnc(xml: &mut Xml, vnc: &Vnc) -> Written {
    xml.within("graphics", &[("type", "vnc")], |xml| {
        xml.empty("listen", &[("type", "socket"), ("socket", &vnc.socket.to_string_lossy())])
    })
}

impl Xml {
    fn within(&mut self, name: &str, attributes: &[(&str, &str)], inner: impl FnOnce(&mut Self) -> Written) -> Written {
        self.event(Event::Start(BytesStart::new(name).with_attributes(attributes.iter().copied())))?;
        inner(self)?;
        self.event(Event::End(BytesEnd::new(name)))
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> Written {
        self.within(name, attributes, |xml| xml.event(Event::Text(BytesText::new(text))))
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> Written {
        self.event(Event::Empty(BytesStart::new(name).with_attributes(attributes.iter().copied())))
    }

    fn event(&mut self, event: Event<'_>) -> Written {
        self.0.write_event(event).map_err(|error| ConfigError::Write(error.to_string()))
    }

    fn finish(self) -> Result<String, ConfigError> {
        String::from_utf8(self.0.into_inner()).map_err(|error| ConfigError::Write(error.to_string()))
    }
}
