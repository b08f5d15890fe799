use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use ferrostack_agent_api::{AgentError, AgentErrorKind, ImageData, Reply};
use futures::StreamExt;
use sha2::{Digest, Sha512};

use super::*;

/// Gives the same bytes for each image, in pieces; breaks off before the end when told so.
struct Source {
    data: Vec<u8>,
    opened: AtomicUsize,
    cut: AtomicUsize,
    size_known: bool,
}

impl Source {
    fn of(data: Vec<u8>) -> Arc<Self> {
        Arc::new(Self { data, opened: AtomicUsize::new(0), cut: AtomicUsize::new(0), size_known: true })
    }
}

impl ImageSource for Source {
    fn open(&self, _: Uuid) -> Reply<'_, ImageData> {
        Box::pin(async {
            self.opened.fetch_add(1, Ordering::SeqCst);
            if self.data.is_empty() {
                return Err(AgentError::new(AgentErrorKind::NotFound, "no such image"));
            }
            let mut pieces: Vec<io::Result<Bytes>> =
                self.data.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            if self.cut.swap(0, Ordering::SeqCst) > 0 {
                pieces.truncate(2);
                pieces.push(Err(io::Error::other("broken")));
            }
            let size = self.size_known.then_some(self.data.len() as u64);
            Ok(ImageData {
                size,
                chunks: futures::stream::iter(pieces)
                    .then(async |piece| {
                        tokio::task::yield_now().await;
                        piece
                    })
                    .boxed(),
            })
        })
    }
}

fn cache(folder: &Path, limit: u64, source: &Arc<Source>) -> ImageCache {
    let clock = Clock::system();
    ImageCache::open(folder, (limit, 0), clock.clone(), Programs::new(clock), source.clone()).unwrap()
}

fn image(number: u128, data: &[u8]) -> BootImage {
    let digest = hex::encode(Sha512::digest(data));
    BootImage { id: Uuid::from_u128(number), format: Some("raw".to_owned()), hash: Some(("sha512".to_owned(), digest)) }
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.join("images"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn many_wants_are_one_fetch_and_the_base_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let source = Source::of(vec![7; 10_000]);
    let cache = cache(folder.path(), 1 << 30, &source);
    let image = image(1, &source.data);
    let bases = futures::future::join_all((0..5).map(|_| cache.base(&image))).await;
    let base = bases.into_iter().next().unwrap().unwrap();
    assert_eq!(source.opened.load(Ordering::SeqCst), 1);
    assert_eq!(fs::read(base.path()).unwrap(), source.data);
    assert_eq!(fs::metadata(base.path()).unwrap().permissions().mode() & 0o777, 0o444);
    assert_eq!((base.description.format.as_str(), base.description.virtual_size), ("raw", 10_000));
    // Another process finds it again.
    drop(base);
    let again = self::cache(folder.path(), 1 << 30, &source);
    again.base(&image).await.unwrap();
    assert_eq!(source.opened.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_broken_off_or_not_what_it_should_be_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::of(vec![7; 10_000]);
    let cache = cache(folder.path(), 1 << 30, &source);
    let good = image(1, &source.data);
    let kind = |error: NodeError| AgentError::from(error).kind;
    source.cut.store(1, Ordering::SeqCst);
    assert_eq!(cache.base(&good).await.err().map(kind), Some(AgentErrorKind::Unreachable));
    let other_digest = image(1, b"other");
    let wrong_format = BootImage { format: Some("qcow2".to_owned()), ..good.clone() };
    let unknown_digest = BootImage { hash: Some(("crc".to_owned(), "00".to_owned())), ..good.clone() };
    for bad in [other_digest, wrong_format, unknown_digest, BootImage { format: None, ..good.clone() }] {
        assert_eq!(cache.base(&bad).await.err().map(kind), Some(AgentErrorKind::Refused), "{bad:?}");
    }
    assert_eq!(files(folder.path()), Vec::<String>::new());
    cache.base(&good).await.unwrap();
    fs::write(folder.path().join("images/left.part"), "x").unwrap();
    fs::write(folder.path().join("images/left.base"), "x").unwrap();
    self::cache(folder.path(), 1 << 30, &source);
    assert_eq!(files(folder.path()).len(), 2, "the rest of an interrupted fetch goes at start-up");
    let nothing = Source::of(Vec::new());
    let cache = self::cache(folder.path(), 1 << 30, &nothing);
    assert_eq!(cache.base(&image(9, b"")).await.err().map(kind), Some(AgentErrorKind::Refused));
}

#[tokio::test]
async fn an_image_that_reads_files_of_the_host_is_refused() {
    // The header of a qcow2 image, version 2, with a backing file.
    let mut data = vec![0u8; 70_000];
    data[..8].copy_from_slice(b"QFI\xfb\0\0\0\x02");
    data[8..16].copy_from_slice(&1024u64.to_be_bytes());
    data[16..20].copy_from_slice(&11u32.to_be_bytes());
    data[20..24].copy_from_slice(&16u32.to_be_bytes());
    data[24..32].copy_from_slice(&(1u64 << 20).to_be_bytes());
    data[1024..1035].copy_from_slice(b"/etc/passwd");
    let folder = tempfile::tempdir().unwrap();
    let source = Source::of(data);
    let cache = cache(folder.path(), 1 << 30, &source);
    for format in ["qcow2", "raw"] {
        let bad = BootImage { format: Some(format.to_owned()), ..image(1, &source.data) };
        assert!(cache.base(&bad).await.is_err(), "{format}");
    }
    assert_eq!(files(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn the_least_recently_used_go_but_not_what_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::of(vec![7; 10_000]);
    let cache = cache(folder.path(), 25_000, &source);
    let data = &source.data;
    let held = cache.base(&image(1, data)).await.unwrap();
    let instance = folder.path().join("instances/x");
    fs::create_dir_all(&instance).unwrap();
    let stood_on = cache.base(&image(2, data)).await.unwrap();
    fs::write(instance.join(BASE_FILE), &stood_on.name).unwrap();
    drop(stood_on);
    for number in 3..6 {
        cache.base(&image(number, data)).await.unwrap();
    }
    let left: Vec<String> = files(folder.path()).into_iter().filter(|name| name.ends_with(".base")).collect();
    assert_eq!(left.len(), 3, "{left:?}");
    for number in [1, 2, 5] {
        assert!(left.iter().any(|name| name.starts_with(&Uuid::from_u128(number).to_string())), "{number} of {left:?}");
    }
    drop(held);
    cache.trim(0).await;
    let left = files(folder.path());
    assert!(!left.iter().any(|name| name.starts_with(&Uuid::from_u128(1).to_string())), "{left:?}");
}

#[tokio::test]
async fn an_image_without_room_for_it_is_refused_before_it_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::of(vec![7; 10_000]);
    let clock = Clock::system();
    let open = ImageCache::open(folder.path(), (0, u64::MAX / 2), clock.clone(), Programs::new(clock), source.clone());
    let error = open.unwrap().base(&image(1, &source.data)).await.err().unwrap();
    assert!(matches!(error, NodeError::Full { .. }), "{error}");
    assert_eq!(files(folder.path()), Vec::<String>::new());
}
