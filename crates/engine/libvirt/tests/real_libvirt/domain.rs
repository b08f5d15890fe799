//! The binding against a real libvirtd with emulated guests.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use crate::support::Daemons;
use ferrostack_base::Clock;
use ferrostack_libvirt::{
    Cdrom, Cpu, Disk, DiskBus, DiskFormat, DomainConfig, DomainState, Event, Interface, InterfaceModel, Libvirt,
    LibvirtError, LifecycleKind, ListFilter, Machine, Metadata, Offloads, OnLifecycle, SecurityLabel, Serial, Settings,
    Stop, Undefine, Versions, Video, VirtType, Vnc, XmlKind,
};
use tokio::{io::AsyncReadExt, net::UnixStream, sync::broadcast};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);

/// A boot sector that says HELLO on the first serial port and halts.
fn hello() -> Vec<u8> {
    let mut sector = vec![0_u8; 512];
    let code: &[u8] = &[
        0xfa, // cli
        0x31, 0xc0, 0x8e, 0xd8, // xor ax, ax; mov ds, ax
        0xbe, 0x15, 0x7c, // mov si, 0x7c15
        0xba, 0xf8, 0x03, // mov dx, 0x3f8
        0xac, // lodsb
        0x84, 0xc0, 0x74, 0x03, // test al, al; jz 0x7c13
        0xee, // out dx, al
        0xeb, 0xf8, // jmp 0x7c0b
        0xf4, 0xf4, // hlt; hlt
    ];
    sector[..code.len()].copy_from_slice(code);
    sector[0x15..0x15 + 7].copy_from_slice(b"HELLO\r\n");
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

/// A guest with one of everything; its tap is made too.
fn guest(daemons: &Daemons) -> DomainConfig {
    let place = daemons.path("guest");
    fs::create_dir_all(&place).unwrap();
    // QEMU's user makes its sockets here
    fs::set_permissions(&place, fs::Permissions::from_mode(0o777)).unwrap();
    let mut disk = hello();
    disk.resize(1024 * 1024, 0);
    fs::write(place.join("root.raw"), &disk).unwrap();
    fs::write(place.join("config.iso"), vec![0_u8; 64 * 1024]).unwrap();
    for command in
        [&["ip", "tuntap", "add", "dev", "tapguest", "mode", "tap"][..], &["ip", "link", "set", "tapguest", "up"]]
    {
        assert!(daemons.inside(command).status().unwrap().success());
    }
    let mut config = DomainConfig::new(Uuid::new_v4(), "guest", VirtType::Qemu);
    config.memory_mib = 32;
    config.title = Some("<hostile> & 'title'".into());
    config.metadata = Metadata::default().with("fence", "7").with("generation", "3").with("note", "<a> & \"b\"\n\tc");
    config.disks = vec![Disk::new(place.join("root.raw"), DiskFormat::Raw)];
    config.cdroms = vec![Cdrom { path: place.join("config.iso"), bus: config.machine.cdrom_bus() }];
    config.interfaces = vec![Interface {
        tap: "tapguest".into(),
        mac: "fa:16:3e:00:00:01".into(),
        mtu: Some(1442),
        model: InterfaceModel::Virtio,
        offloads: Offloads::Off,
    }];
    config.serial = Some(Serial { socket: place.join("serial.sock"), log: Some(place.join("console.log")) });
    config.vnc = Some(Vnc { socket: place.join("vnc.sock") });
    config
}

/// Waits for an event of the domain.
async fn expect(events: &mut broadcast::Receiver<Event>, uuid: Uuid, kind: LifecycleKind) -> i32 {
    expect_event(events, |event| match event {
        Event::Lifecycle(happened) if happened.uuid == uuid && happened.event == kind => Some(happened.detail),
        _ => None,
    })
    .await
}

async fn expect_event<T>(events: &mut broadcast::Receiver<Event>, wanted: impl Fn(&Event) -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = wanted(&events.recv().await.unwrap()) {
                return found;
            }
        }
    };
    Clock::system().timeout(PATIENCE, waiting).await.expect("the event does not come")
}

async fn wait_for_text(file: &Path, text: &str) {
    let clock = Clock::system();
    for _ in 0..600 {
        if fs::read_to_string(file).unwrap_or_default().contains(text) {
            return;
        }
        clock.sleep(Duration::from_millis(100)).await;
    }
    panic!("{text} does not appear in {}: {:?}", file.display(), fs::read_to_string(file));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domains_whole_life() {
    let Some(daemons) = Daemons::start().await else { return };
    let libvirt = Libvirt::connect(daemons.settings(), Clock::system()).await.unwrap();
    let versions = libvirt.versions().await.unwrap();
    eprintln!("libvirt {}, QEMU {}", Versions::text(versions.libvirt), Versions::text(versions.hypervisor));
    assert!(versions.libvirt >= 8_000_000 && versions.hypervisor >= 5_000_000);
    let capabilities = libvirt.capabilities().await.unwrap();
    assert!(capabilities.domain_types.contains(&"qemu".to_owned()) && capabilities.machines.contains(&"pc".to_owned()));
    let node = libvirt.node_info().await.unwrap();
    assert!(node.memory_kib > 0 && node.cpus > 0 && node.architecture == capabilities.architecture);

    let mut events = libvirt.events();
    let config = guest(&daemons);
    let uuid = config.uuid;
    assert!(matches!(libvirt.status(uuid).await, Err(LibvirtError::NoSuchDomain { uuid: named }) if named == uuid));
    libvirt.define(&config).await.unwrap();
    expect(&mut events, uuid, LifecycleKind::Defined).await;
    libvirt.define(&config).await.unwrap(); // a second time changes nothing
    assert_eq!(libvirt.status(uuid).await.unwrap().state, DomainState::Off);

    libvirt.create(uuid).await.unwrap();
    expect(&mut events, uuid, LifecycleKind::Started).await;
    assert!(libvirt.create(uuid).await.unwrap_err().is_wrong_state());
    let status = libvirt.status(uuid).await.unwrap();
    assert_eq!((status.state, status.reason_text()), (DomainState::Running, "booted"));
    let info = libvirt.info(uuid).await.unwrap();
    assert_eq!((info.vcpus, info.max_memory_kib), (1, 32 * 1024));

    let read = libvirt.description(uuid, XmlKind::Current).await.unwrap();
    assert_eq!(read.metadata, Some(config.metadata.clone()));
    assert_eq!(read.interfaces[0].tap.as_deref(), Some("tapguest"));
    assert_eq!((read.disks.len(), read.disks[1].target.as_str()), (2, "hda"));
    assert_eq!(read.vnc_socket, config.vnc.as_ref().map(|vnc| vnc.socket.clone()));
    let newer = config.metadata.clone().with("fence", "8");
    libvirt.set_metadata(uuid, &newer).await.unwrap();
    for kind in [XmlKind::Current, XmlKind::Inactive] {
        assert_eq!(libvirt.description(uuid, kind).await.unwrap().metadata, Some(newer.clone()));
    }
    let own = libvirt.own_domains().await.unwrap();
    assert_eq!(own.iter().map(|(summary, notes)| (summary.uuid, notes)).collect::<Vec<_>>(), [(uuid, &newer)]);

    let log = config.serial.as_ref().and_then(|serial| serial.log.clone()).unwrap();
    wait_for_text(&log, "HELLO").await;
    let mut vnc = UnixStream::connect(&config.vnc.as_ref().unwrap().socket).await.unwrap();
    let mut greeting = [0_u8; 12];
    vnc.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"RFB 003.008\n");
    let screen = libvirt.screenshot(uuid, 0).await.unwrap();
    eprintln!("screenshot: {} bytes of {}", screen.data.len(), screen.media_type);
    assert!(screen.media_type.starts_with("image/") && screen.data.len() > 500);

    libvirt.shutdown(uuid).await.unwrap(); // the guest has no ear for it
    libvirt.reset(uuid).await.unwrap();
    libvirt.destroy(uuid, Stop::Forced).await.unwrap();
    assert_eq!(expect(&mut events, uuid, LifecycleKind::Stopped).await, 1);
    assert!(libvirt.destroy(uuid, Stop::Forced).await.unwrap_err().is_wrong_state());
    assert!(libvirt.screenshot(uuid, 0).await.unwrap_err().is_wrong_state());

    // a second start appends to the console's log
    libvirt.create(uuid).await.unwrap();
    let clock = Clock::system();
    for _ in 0..300 {
        if fs::read_to_string(&log).unwrap().matches("HELLO").count() >= 2 {
            break;
        }
        clock.sleep(Duration::from_millis(100)).await;
    }
    assert!(fs::read_to_string(&log).unwrap().matches("HELLO").count() >= 2);
    libvirt.destroy(uuid, Stop::Graceful).await.unwrap();

    libvirt.undefine(uuid, Undefine::ALL).await.unwrap();
    expect(&mut events, uuid, LifecycleKind::Undefined).await;
    assert!(libvirt.undefine(uuid, Undefine::ALL).await.unwrap_err().is_no_such_domain());
    assert!(libvirt.domains(ListFilter::All).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hardware_is_accepted_too() {
    let Some(daemons) = Daemons::start().await else { return };
    let libvirt = Libvirt::connect(daemons.settings(), Clock::system()).await.unwrap();
    let mut config = guest(&daemons);
    config.machine = Machine::Q35;
    config.cpu = Cpu::Named("qemu64".into());
    (config.tablet, config.rng, config.balloon, config.video) = (false, false, false, Video::Virtio);
    config.disks[0].bus = DiskBus::Scsi;
    config.cdroms[0].bus = config.machine.cdrom_bus();
    config.interfaces[0].model = InterfaceModel::E1000;
    config.on_crash = OnLifecycle::Preserve;
    config.security = SecurityLabel::None;
    for file in [&config.disks[0].path, &config.cdroms[0].path] {
        // nobody gives them to QEMU's user
        fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap();
    }
    libvirt.define(&config).await.unwrap();
    libvirt.create(config.uuid).await.unwrap();
    assert_eq!(fs::metadata(&config.disks[0].path).unwrap().uid(), 0);
    assert!(!daemons.emulator_status("guest", "Uid:").starts_with('0'), "QEMU runs as root");
    let read = libvirt.description(config.uuid, XmlKind::Current).await.unwrap();
    let buses: Vec<_> = read.disks.iter().filter_map(|disk| disk.bus.as_deref()).collect();
    assert_eq!(buses, ["scsi", "sata"]);
    let log = config.serial.as_ref().and_then(|serial| serial.log.clone()).unwrap();
    wait_for_text(&log, "HELLO").await;
    libvirt.destroy(config.uuid, Stop::Forced).await.unwrap();
    // with labels, the files are QEMU's user's while the guest runs
    config.security = SecurityLabel::Default;
    libvirt.define(&config).await.unwrap();
    libvirt.create(config.uuid).await.unwrap();
    assert_ne!(fs::metadata(&config.disks[0].path).unwrap().uid(), 0);
    libvirt.destroy(config.uuid, Stop::Forced).await.unwrap();
    libvirt.undefine(config.uuid, Undefine::ALL).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn libvirtd_dies_and_comes_back() {
    let Some(mut daemons) = Daemons::start().await else { return };
    let libvirt = Libvirt::connect(daemons.settings(), Clock::system()).await.unwrap();
    let mut events = libvirt.events();
    let config = guest(&daemons);
    let uuid = config.uuid;
    libvirt.define(&config).await.unwrap();
    libvirt.create(uuid).await.unwrap();

    daemons.kill_libvirtd();
    expect_event(&mut events, |event| (*event == Event::Disconnected).then_some(())).await;
    let error = libvirt.status(uuid).await.unwrap_err();
    assert!(matches!(error, LibvirtError::Unavailable { .. }) && error.is_transient(), "{error:?}");

    // nobody calls: the connection comes back by itself
    daemons.start_libvirtd().await;
    expect_event(&mut events, |event| (*event == Event::Reconnected).then_some(())).await;
    assert_eq!(libvirt.status(uuid).await.unwrap().state, DomainState::Running);
    assert_eq!(libvirt.domains(ListFilter::Active).await.unwrap().len(), 1);
    libvirt.destroy(uuid, Stop::Forced).await.unwrap();
    expect(&mut events, uuid, LifecycleKind::Stopped).await;

    // and a call that comes before the connection was found dead finds a new one
    daemons.kill_libvirtd();
    daemons.start_libvirtd().await;
    let (first, second) = tokio::join!(libvirt.status(uuid), libvirt.domains(ListFilter::All));
    assert_eq!(first.unwrap().state, DomainState::Off);
    assert_eq!(second.unwrap().len(), 1);
    libvirt.undefine(uuid, Undefine::ALL).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_libvirtd_that_hangs_does_not_hold_callers() {
    let Some(daemons) = Daemons::start().await else { return };
    let settings = Settings { call_timeout: Duration::from_secs(20), ..daemons.settings() };
    let libvirt = Libvirt::connect(settings, Clock::system()).await.unwrap();
    let pid = fs::read_to_string(daemons.path("run/libvirtd.pid")).unwrap();
    assert!(daemons.inside(&["kill", "-STOP", pid.trim()]).status().unwrap().success());
    let error = libvirt.domains(ListFilter::All).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(daemons.inside(&["kill", "-CONT", pid.trim()]).status().unwrap().success());
    let clock = Clock::system();
    for _ in 0..100 {
        if libvirt.ping().await.is_ok() {
            return;
        }
        clock.sleep(Duration::from_millis(200)).await;
    }
    panic!("libvirtd goes on, but is not reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_libvirtd_the_address_is_named() {
    let settings = Settings::socket("/nonexistent/libvirt-sock");
    match Libvirt::connect(settings, Clock::system()).await {
        Err(LibvirtError::LibraryMissing { .. }) => eprintln!("skipped: libvirt0 is not installed"),
        Err(error @ LibvirtError::Unavailable { .. }) => {
            assert!(error.to_string().contains("/nonexistent/libvirt-sock"))
        }
        other => panic!("{other:?}"),
    }
}
