//! The probe, on whatever machine this is. What KVM's answer must be depends on the machine; that it is an answer within
//! its time, and that the boot sector itself is sound, does not.

use std::{path::PathBuf, time::Duration};

use ferrostack_base::Clock;
use ferrostack_libvirt::{
    VirtType,
    probe::{Fingerprint, ProbeBoot, ProbeSettings, check_emulation, probe},
};

const EMULATOR: &str = "/usr/bin/qemu-system-x86_64";

fn settings() -> Option<ProbeSettings> {
    if !PathBuf::from(EMULATOR).exists() {
        eprintln!("skipped: {EMULATOR} is not installed");
        return None;
    }
    Some(ProbeSettings { emulator: EMULATOR.into(), ..ProbeSettings::default() })
}

#[tokio::test]
async fn the_boot_sector_gets_through_under_the_translator() {
    let Some(settings) = settings() else { return };
    check_emulation(&settings, &Clock::system()).await.unwrap();
}

#[tokio::test]
async fn the_probe_answers_in_time_and_says_why() {
    let Some(settings) = settings() else { return };
    let verdict = probe(&settings, &Clock::system()).await;
    eprintln!("{verdict:?}");
    assert!(verdict.took < settings.deadline * 2 + Duration::from_secs(5));
    assert!(!verdict.reason.is_empty());
    let fingerprint = Fingerprint::take(&settings.emulator, &Clock::system()).await;
    eprintln!("{fingerprint}");
    assert!(
        fingerprint.emulator.contains("version")
            && !fingerprint.kernel.trim().is_empty()
            && !fingerprint.cpu.is_empty()
    );
}

#[tokio::test]
async fn a_kernel_and_the_boot_sector_come_to_the_same_answer() {
    let Some(settings) = settings() else { return };
    let Some(kernel) = std::env::var_os("FERROSTACK_TEST_KERNEL").map(PathBuf::from) else {
        eprintln!("skipped: FERROSTACK_TEST_KERNEL names no kernel");
        return;
    };
    let kernel = ProbeSettings {
        boot: ProbeBoot::Kernel { kernel, initrd: None },
        deadline: Duration::from_secs(20),
        ..settings.clone()
    };
    check_emulation(&kernel, &Clock::system()).await.unwrap();
    let by_kernel = probe(&kernel, &Clock::system()).await;
    eprintln!("{by_kernel:?}");
    assert_eq!(by_kernel.virt_type, probe(&settings, &Clock::system()).await.virt_type);
}

#[tokio::test]
async fn without_a_device_or_an_emulator_the_answer_is_emulation() {
    let Some(settings) = settings() else { return };
    let nowhere = ProbeSettings { device: "/nonexistent/kvm".into(), ..settings.clone() };
    let verdict = probe(&nowhere, &Clock::system()).await;
    assert_eq!(verdict.virt_type, VirtType::Qemu);
    assert!(verdict.reason.contains("/nonexistent/kvm"), "{}", verdict.reason);

    let no_emulator = ProbeSettings { device: "/dev/null".into(), emulator: "/nonexistent/qemu".into(), ..settings };
    let verdict = probe(&no_emulator, &Clock::system()).await;
    assert_eq!(verdict.virt_type, VirtType::Qemu);
    assert!(verdict.reason.contains("/nonexistent/qemu"), "{}", verdict.reason);
}
