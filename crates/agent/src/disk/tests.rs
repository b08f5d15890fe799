use std::{os::unix::fs::MetadataExt, process::Command, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ferrostack_agent_api::{BootImage, GuestFile, ImageData, ImageSource, Reply, Wanted};
use ferrostack_base::{Clock, Fence, Generation, Timestamp};
use futures::StreamExt;

use super::*;
use crate::ledger::Entry;

/// A raw disk of 1 MiB.
struct Source;

impl ImageSource for Source {
    fn open(&self, _: Uuid) -> Reply<'_, ImageData> {
        Box::pin(async {
            let pieces = vec![Ok(Bytes::from(vec![7u8; 1 << 20]))];
            Ok(ImageData { size: None, chunks: futures::stream::iter(pieces).boxed() })
        })
    }
}

fn wish(disk_gb: i64, files: &[(&str, &[u8])]) -> Record {
    let image = BootImage { id: Uuid::from_u128(1), format: Some("raw".to_owned()), hash: None };
    let guest_file = |(path, content): &(&str, &[u8])| GuestFile {
        path: (*path).to_owned(),
        content: STANDARD.encode(content).into(),
    };
    let spec = DomainSpec {
        server: Uuid::from_u128(7),
        name: "instance-00000007".to_owned(),
        hostname: "web".to_owned(),
        fence: Fence(1),
        generation: Generation(1),
        power: Wanted::On,
        vcpus: 1,
        memory_mb: 96,
        disk_gb,
        image: Some(image),
        interfaces: Vec::new(),
        config_drive: Some(files.iter().map(guest_file).collect()),
        hardware: Default::default(),
        shutdown_timeout_s: 60,
        project_id: "demo".to_owned(),
        request_id: "req-1".to_owned(),
    };
    Entry::wished(None, spec, Timestamp::default()).unwrap()
}

/// The disks of a folder, owned by whoever runs the test.
fn disks(state: &Path) -> Disks {
    let clock = Clock::system();
    let programs = Programs::new(clock.clone());
    let images = ImageCache::open(state, (1 << 30, 0), clock, programs.clone(), Arc::new(Source)).unwrap();
    let meta = fs::metadata(state).unwrap();
    let owner = Owner::new(meta.uid(), meta.gid());
    Disks::new(state, 0, programs, images, (Uuid::from_u128(99), owner))
}

/// Whether the programs that these tests need are here.
fn installed() -> bool {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let all = there("qemu-img") && (there("genisoimage") || there("mkisofs") || there("xorriso"));
    if !all {
        eprintln!("skipped: qemu-img or a maker of ISO 9660 file systems is not installed");
    }
    all
}

fn info(disk: &Path) -> serde_json::Value {
    let output = Command::new("qemu-img").args(["info", "--output=json"]).arg(disk).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_disk_is_an_overlay_that_is_made_once() {
    if !installed() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let disks = disks(state.path());
    let files = disks.ensure(&wish(1, &[])).await.unwrap();
    let disk = info(&files.disk());
    assert_eq!((disk["virtual-size"].as_u64(), disk["format"].as_str()), (Some(1 << 30), Some("qcow2")));
    assert_eq!(disk["backing-filename-format"], "raw");
    assert_eq!(fs::metadata(files.disk()).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&files.folder).unwrap().mode() & 0o777, 0o711);
    let made = fs::metadata(files.disk()).unwrap().ino();
    disks.ensure(&wish(2, &[])).await.unwrap();
    assert_eq!(fs::metadata(files.disk()).unwrap().ino(), made, "the guest's data is in it");
    assert_eq!(disks.list().unwrap(), [Uuid::from_u128(7)]);
    disks.remove(Uuid::from_u128(7)).await.unwrap();
    disks.remove(Uuid::from_u128(7)).await.unwrap();
    assert!(!files.folder.exists() && disks.list().unwrap().is_empty());
    let files = disks.ensure(&wish(0, &[])).await.unwrap();
    assert_eq!(info(&files.disk())["virtual-size"], 1 << 20, "as large as the image");
    fs::remove_file(files.disk()).unwrap();
    let acted = Record { acted: Generation(1), ..wish(0, &[]) };
    assert!(disks.ensure(&acted).await.is_err(), "a fresh disk would look like a guest without its data");
}

#[tokio::test]
async fn a_configuration_drive_has_its_label_and_files_and_no_others() {
    if !installed() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let disks = disks(state.path());
    let content: &[(&str, &[u8])] = &[("openstack/latest/meta_data.json", b"{\"secret\": 1}"), ("ec2/x", &[0, 255])];
    let files = disks.ensure(&wish(0, content)).await.unwrap();
    let drive = fs::read(files.config_drive()).unwrap();
    // The primary volume descriptor is sector 16; its volume identifier stands at byte 40 (ECMA-119 section 8.4).
    assert_eq!(&drive[16 * 2048 + 1..16 * 2048 + 6], b"CD001");
    assert_eq!(&drive[16 * 2048 + 40..16 * 2048 + 48], b"config-2");
    let has = |bytes: &[u8]| drive.windows(bytes.len()).any(|window| window == bytes);
    let joliet: Vec<u8> = "meta_data.json".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(has(b"{\"secret\": 1}") && has(b"meta_data.json") && has(&joliet));
    assert_eq!(fs::metadata(files.config_drive()).unwrap().mode() & 0o777, 0o600);
    assert!(!files.folder.join("config.work").exists(), "secrets lie in it");
    disks.ensure(&wish(0, &[("other", b"other content")])).await.unwrap();
    let drive = fs::read(files.config_drive()).unwrap();
    assert!(drive.windows(13).any(|window| window == b"other content"));
    let mut none = wish(0, &[]);
    none.spec.config_drive = None;
    disks.ensure(&none).await.unwrap();
    assert!(!files.config_drive().exists());
    for path in ["../x", "/etc/x", "", "a/../../x"] {
        assert!(disks.ensure(&wish(0, &[(path, b"x")])).await.is_err(), "{path}");
        assert!(!files.folder.join("config.work").exists() && !files.config_drive().exists());
    }
}
