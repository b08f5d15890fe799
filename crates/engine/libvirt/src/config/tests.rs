use proptest::prelude::*;
use roxmltree::Document;

use super::*;
use crate::{DescriptionError, DomainDescription};

fn id() -> Uuid {
    Uuid::from_u128(0x0f51_7d44_8b5c_4b8f_9c1d_0123_4567_89ab)
}

/// All devices, emulated, on a userspace switch.
fn full() -> DomainConfig {
    let mut config = DomainConfig::new(id(), "instance-0000000a", VirtType::Qemu);
    config.title = Some("web & <db>".into());
    config.vcpus = 2;
    config.memory_mib = 96;
    config.metadata = Metadata::default().with("fence", "7").with("note", "a <b> & \"c\"");
    let mut root = Disk::new("/var/lib/ferrostack/disks/root.qcow2", DiskFormat::Qcow2);
    root.serial = Some("0f517d44-8b5c".into());
    let mut second = Disk::new("/var/lib/ferrostack/disks/second.raw", DiskFormat::Raw);
    (second.cache, second.io, second.discard) = (CacheMode::None, IoMode::Native, false);
    config.disks = vec![root, second];
    config.cdroms =
        vec![Cdrom { path: "/var/lib/ferrostack/disks/config.iso".into(), bus: config.machine.cdrom_bus() }];
    config.interfaces = vec![
        Interface {
            tap: "tap0a1b2c3d-4e".into(),
            mac: "fa:16:3e:00:00:01".into(),
            mtu: Some(1442),
            model: InterfaceModel::Virtio,
            offloads: Offloads::Off,
        },
        Interface {
            tap: "tap1".into(),
            mac: "fa:16:3e:00:00:02".into(),
            mtu: None,
            model: InterfaceModel::E1000,
            offloads: Offloads::Off,
        },
    ];
    config.serial =
        Some(Serial { socket: "/run/ferrostack/a.serial".into(), log: Some("/var/log/ferrostack/a.log".into()) });
    config.vnc = Some(Vnc { socket: "/run/ferrostack/a.vnc".into() });
    config
}

/// Hardware virtualization on the newer machine, a kernel from outside, as little else as possible.
fn small() -> DomainConfig {
    let mut config = DomainConfig::new(id(), "small", VirtType::Kvm);
    config.machine = Machine::Q35;
    let kernel = Boot::Kernel { kernel: "/k".into(), initrd: Some("/i".into()), command_line: "console=ttyS0".into() };
    config.boot = kernel;
    config.disks = vec![Disk { bus: DiskBus::Scsi, read_only: true, ..Disk::new("/a.raw", DiskFormat::Raw) }];
    config.cdroms = vec![Cdrom { path: "/c.iso".into(), bus: config.machine.cdrom_bus() }];
    (config.tablet, config.rng, config.balloon, config.video) = (false, false, false, Video::None);
    config.on_crash = OnLifecycle::Preserve;
    config.security = SecurityLabel::None;
    config
}

#[test]
fn descriptions_are_as_libvirt_wants_them() {
    for (name, config, golden) in
        [("full", full(), include_str!("golden/full.xml")), ("small", small(), include_str!("golden/small.xml"))]
    {
        let written = config.to_xml().unwrap();
        assert_eq!(written, golden.trim_end(), "{name} differs; it is now:\n{written}");
    }
}

#[test]
fn a_description_is_read_back() {
    let config = full();
    let read = DomainDescription::parse(&config.to_xml().unwrap()).unwrap();
    assert_eq!((read.uuid, read.name.as_str(), read.virt_type.as_str()), (config.uuid, "instance-0000000a", "qemu"));
    assert_eq!((read.vcpus, read.memory_kib, read.machine.as_deref()), (2, 96 * 1024, Some("pc")));
    assert_eq!(read.metadata, Some(config.metadata));
    let disks: Vec<_> = read.disks.iter().map(|disk| (disk.target.as_str(), disk.device.as_str())).collect();
    assert_eq!(disks, [("vda", "disk"), ("vdb", "disk"), ("hda", "cdrom")]);
    assert_eq!(read.disks[0].path, Some(config.disks[0].path.clone()));
    assert_eq!(
        (read.disks[0].format.as_deref(), read.disks[0].serial.as_deref()),
        (Some("qcow2"), Some("0f517d44-8b5c"))
    );
    let taps: Vec<_> = read.interfaces.iter().map(|each| (each.tap.as_deref(), each.mac.as_str(), each.mtu)).collect();
    let wanted = [(Some("tap0a1b2c3d-4e"), "fa:16:3e:00:00:01", Some(1442)), (Some("tap1"), "fa:16:3e:00:00:02", None)];
    assert_eq!(taps, wanted);
    assert_eq!(read.serial_socket, config.serial.as_ref().map(|serial| serial.socket.clone()));
    assert_eq!(read.serial_log, config.serial.and_then(|serial| serial.log));
    assert_eq!(read.vnc_socket, config.vnc.map(|vnc| vnc.socket));
}

#[test]
fn others_domains_have_no_metadata_of_ours() {
    let other = format!(
        "<domain type='kvm'><name>x</name><uuid>{}</uuid><metadata><o:domain xmlns:o='http://other.example'>
         <o:entry key='fence'>9</o:entry></o:domain></metadata><memory>1024</memory></domain>",
        id()
    );
    let read = DomainDescription::parse(&other).unwrap();
    assert_eq!((read.metadata, read.memory_kib), (None, 1024));
    assert!(
        DomainDescription::parse(&DomainConfig::new(id(), "x", VirtType::Qemu).to_xml().unwrap())
            .unwrap()
            .metadata
            .is_none()
    );
}

#[test]
fn what_is_no_domain_is_refused() {
    assert!(matches!(DomainDescription::parse("<domain>"), Err(DescriptionError::Xml(_))));
    let nameless = DomainDescription::parse(&format!("<domain><uuid>{}</uuid></domain>", id()));
    assert_eq!(nameless, Err(DescriptionError::Field { field: "name" }));
}

#[test]
fn what_libvirt_would_refuse_or_misread_is_refused_with_its_field() {
    fn interface(tap: &str, mac: &str) -> Interface {
        let (model, offloads) = (InterfaceModel::Virtio, Offloads::Off);
        Interface { tap: tap.into(), mac: mac.into(), mtu: None, model, offloads }
    }
    type Change = fn(&mut DomainConfig);
    let cases: [(&str, Change); 17] = [
        ("name", |c| c.name = "a/b".into()),
        ("name", |c| c.name = "  ".into()),
        ("name", |c| c.name = "a\u{1}".into()),
        ("title", |c| c.title = Some("two\nlines".into())),
        ("vcpus", |c| c.vcpus = 0),
        ("memory_mib", |c| c.memory_mib = 0),
        ("machine", |c| c.machine = Machine::Other("pc,accel=kvm".into())),
        ("cpu", |c| c.cpu = Cpu::HostPassthrough),
        ("on_poweroff, on_reboot", |c| c.on_reboot = OnLifecycle::Preserve),
        ("disk.path", |c| c.disks[0].path = "relative.img".into()),
        ("disk.serial", |c| c.disks[0].serial = Some("x".repeat(21))),
        ("disks", |c| c.cdroms = vec![c.cdroms[0].clone(); 5]),
        ("interface.tap", |c| c.interfaces = vec![interface("tap%d", "fa:16:3e:00:00:01")]),
        ("interface.tap", |c| c.interfaces = vec![interface("sixteen-bytes-xx", "fa:16:3e:00:00:01")]),
        ("interface.mac", |c| c.interfaces = vec![interface("tap0", "01:00:5e:00:00:01")]),
        ("vnc.socket", |c| c.vnc = Some(Vnc { socket: format!("/{}", "x".repeat(107)).into() })),
        ("metadata's key", |c| c.metadata = Metadata::default().with("a b", "")),
    ];
    for (wanted, change) in cases {
        let mut config = full();
        change(&mut config);
        let refused = config.to_xml();
        let field = match &refused {
            Err(ConfigError::Character { field, .. } | ConfigError::Value { field, .. }) => field,
            _ => panic!("{wanted} was not refused: {refused:?}"),
        };
        assert_eq!(*field, wanted);
    }
}

#[test]
fn disks_are_named_beyond_the_alphabet() {
    let mut config = DomainConfig::new(id(), "many", VirtType::Qemu);
    config.disks = vec![Disk::new("/d", DiskFormat::Raw); 28];
    let read = DomainDescription::parse(&config.to_xml().unwrap()).unwrap();
    let names: Vec<_> = read.disks[24..].iter().map(|disk| disk.target.as_str()).collect();
    assert_eq!(names, ["vdy", "vdz", "vdaa", "vdab"]);
}

#[test]
fn the_element_alone_is_well_formed() {
    let element = metadata_element(&Metadata::default().with("fence", "<7>")).unwrap();
    assert_eq!(element, r#"<domain><entry key="fence">&lt;7&gt;</entry></domain>"#);
}

/// Any text at all, with a liking for what hurts.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[<>&'\"\\]\\[ \\t\\r\\n\\-!a-z]{0,40}",
        Just("]]></name><devices/>".to_owned()),
        Just("<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>".to_owned()),
        Just("\u{fffe}\u{0}\u{b}".to_owned()),
    ]
}

proptest! {
    #[test]
    fn whatever_the_texts_are_the_xml_is_well_formed_or_refused(
        name in hostile(), title in hostile(), value in hostile(), path in hostile(), line in hostile(),
    ) {
        let mut config = full();
        config.name.clone_from(&name);
        config.title = Some(title.clone());
        config.metadata = Metadata::default().with("value", value.clone());
        config.disks[0].path = format!("/{path}").into();
        config.boot = Boot::Kernel { kernel: "/k".into(), initrd: None, command_line: line.clone() };
        if let Ok(xml) = config.to_xml() {
            let document = Document::parse(&xml).unwrap();
            // nothing that was text has become structure
            prop_assert_eq!(document.descendants().filter(|node| node.has_tag_name("devices")).count(), 1);
            let read = DomainDescription::parse(&xml).unwrap();
            prop_assert_eq!(read.name, name);
            prop_assert_eq!(read.metadata, Some(config.metadata));
            prop_assert_eq!(read.disks[0].path.clone(), Some(PathBuf::from(format!("/{path}"))));
        }
    }

    #[test]
    fn metadata_comes_back_as_it_was(pairs in proptest::collection::btree_map("[a-z0-9_-]{1,12}", hostile(), 1..6)) {
        let mut config = DomainConfig::new(id(), "x", VirtType::Qemu);
        config.metadata = Metadata(pairs);
        if let Ok(xml) = config.to_xml() {
            prop_assert_eq!(DomainDescription::parse(&xml).unwrap().metadata, Some(config.metadata));
        }
    }
}
