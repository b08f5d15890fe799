//! A whole guest, described by [`DomainConfig`]: it boots from its disk, sees its devices, and obeys the power button.
//! The image is `script/guest-image`'s; FERROSTACK_TEST_GUEST_IMAGE names it.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use crate::support::Daemons;
use ferrostack_base::{Clock, Timestamp};
use ferrostack_libvirt::{
    Cpu, Disk, DiskFormat, DomainConfig, DomainState, Libvirt, LifecycleKind, Machine, Serial, Stop, Undefine,
    VirtType, Vnc,
};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(180);
/// What the guest prints when it is up.
const UP: &str = "TINY-BOOT-DONE";

struct Guest {
    libvirt: Libvirt,
    daemons: Daemons,
    image: PathBuf,
}

impl Guest {
    async fn prepare() -> Option<Self> {
        let Some(image) = std::env::var_os("FERROSTACK_TEST_GUEST_IMAGE").map(PathBuf::from) else {
            eprintln!("skipped: FERROSTACK_TEST_GUEST_IMAGE names no image");
            return None;
        };
        let daemons = Daemons::start().await?;
        let libvirt = Libvirt::connect(daemons.settings(), Clock::system()).await.unwrap();
        Some(Self { libvirt, daemons, image })
    }

    fn config(&self, name: &str) -> DomainConfig {
        let place = self.daemons.path(name);
        fs::create_dir_all(&place).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o777)).unwrap();
        fs::copy(&self.image, place.join("root.qcow2")).unwrap();
        let mut config = DomainConfig::new(Uuid::new_v4(), name, VirtType::Qemu);
        config.memory_mib = 96;
        config.disks = vec![Disk::new(place.join("root.qcow2"), DiskFormat::Qcow2)];
        config.serial = Some(Serial { socket: place.join("serial"), log: Some(place.join("console.log")) });
        config.vnc = Some(Vnc { socket: place.join("vnc") });
        config
    }

    /// Starts it and waits until it is up: how long the start took, and the boot.
    async fn boot(&self, config: &DomainConfig) -> (Duration, Duration) {
        let clock = Clock::system();
        self.libvirt.define(config).await.unwrap();
        let begin = clock.now();
        self.libvirt.create(config.uuid).await.unwrap();
        let started = since(begin);
        let log = config.serial.as_ref().and_then(|serial| serial.log.clone()).unwrap();
        while !String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).contains(UP) {
            assert!(
                since(begin) < PATIENCE,
                "{UP} does not appear: {}",
                String::from_utf8_lossy(&fs::read(&log).unwrap_or_default())
            );
            clock.sleep(Duration::from_millis(50)).await;
        }
        (started, since(begin))
    }

    /// The resident memory of the guest's QEMU, in KiB.
    fn resident(&self, name: &str) -> u64 {
        self.daemons.emulator_status(name, "VmRSS:").split_whitespace().next().unwrap().parse().unwrap()
    }
}

fn since(begin: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(Clock::system().now().micros() - begin.micros()).unwrap_or(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_boots_and_obeys_the_power_button() {
    let Some(guest) = Guest::prepare().await else { return };
    let config = guest.config("tiny");
    let (started, booted) = guest.boot(&config).await;
    eprintln!("start {started:?}, up after {booted:?}, {} MiB", guest.resident("tiny") / 1024);
    let mut events = guest.libvirt.events();
    let begin = Clock::system().now();
    guest.libvirt.shutdown(config.uuid).await.unwrap();
    let off = async {
        loop {
            if let ferrostack_libvirt::Event::Lifecycle(happened) = events.recv().await.unwrap()
                && happened.event == LifecycleKind::Stopped
            {
                return happened.detail;
            }
        }
    };
    assert_eq!(Clock::system().timeout(Duration::from_secs(60), off).await.expect("it does not shut down"), 0);
    eprintln!("shut down after {:?}", since(begin));
    let status = guest.libvirt.status(config.uuid).await.unwrap();
    assert_eq!((status.state, status.reason_text()), (DomainState::Off, "guest shut down"));
    guest.libvirt.undefine(config.uuid, Undefine::ALL).await.unwrap();
}

/// Prints what the documents say of processors, machines and the buffer for translated code.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run by hand on an idle machine"]
async fn measure() {
    let Some(guest) = Guest::prepare().await else { return };
    let named = |name: &str| Cpu::Named(name.to_owned());
    let cases = [
        (Machine::Pc, Cpu::Maximum, Some(32)),
        (Machine::Pc, Cpu::Maximum, None),
        (Machine::Pc, Cpu::Maximum, Some(16)),
        (Machine::Pc, Cpu::Maximum, Some(64)),
        (Machine::Pc, named("qemu64"), Some(32)),
        (Machine::Pc, named("Nehalem"), Some(32)),
        (Machine::Pc, named("Haswell-noTSX"), Some(32)),
        (Machine::Q35, Cpu::Maximum, Some(32)),
    ];
    for (index, (machine, cpu, cache)) in cases.into_iter().cycle().take(16).enumerate() {
        let name = format!("m{index}");
        let mut config = guest.config(&name);
        (config.machine, config.cpu, config.tb_cache_mib) = (machine.clone(), cpu.clone(), cache);
        let (started, booted) = guest.boot(&config).await;
        let resident = guest.resident(&name) / 1024;
        let used = guest.libvirt.info(config.uuid).await.unwrap().cpu_time;
        let begin = Clock::system().now();
        guest.libvirt.destroy(config.uuid, Stop::Forced).await.unwrap();
        println!(
            "{machine:?} {cpu:?} cache {cache:?}: start {started:?}, up {booted:?}, cpu {used:?}, {resident} MiB, destroy {:?}",
            since(begin)
        );
        guest.libvirt.undefine(config.uuid, Undefine::ALL).await.unwrap();
    }
}
