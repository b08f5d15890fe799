//! Images on their way to nodes.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use ferrostack_agent_api::{AgentError, AgentErrorKind, ImageData, ImageSource, Reply};
use ferrostack_agent_link::{Controllers, Directory, Link, RemoteImages, Role, management};
use futures::{StreamExt, stream};
use uuid::Uuid;

use super::world::{ANY_PORT, Memory, Served, Wire, World};

const MIB: u64 = 1 << 20;
const IMAGE: Uuid = Uuid::from_u128(1);
const WITHOUT_SIZE: Uuid = Uuid::from_u128(2);
const BROKEN: Uuid = Uuid::from_u128(3);
const SHORT: Uuid = Uuid::from_u128(4);
const SIZE: u64 = 100 * MIB;

/// Images made up as they are read; it counts what was taken of them.
#[derive(Default)]
struct Source {
    given: Arc<AtomicU64>,
}

/// The bytes of the chunk at `offset`: each says where it is.
fn chunk(offset: u64) -> Bytes {
    (0..MIB / 16).flat_map(|word| (offset + word * 8).to_le_bytes()).collect::<Vec<u8>>().into()
}

impl ImageSource for Source {
    fn open(&self, image: Uuid) -> Reply<'_, ImageData> {
        let given = self.given.clone();
        let chunks = stream::iter(0..SIZE / (MIB / 2)).map(move |number| {
            let offset = number * MIB / 2;
            match image {
                BROKEN if offset >= 10 * MIB => Err(io::Error::other("the disk broke")),
                _ => {
                    given.fetch_add(MIB / 2, Ordering::SeqCst);
                    Ok(chunk(offset))
                }
            }
        });
        let end = if image == SHORT { 20 } else { usize::MAX };
        let size = (image != WITHOUT_SIZE).then_some(SIZE);
        Box::pin(async move {
            match image {
                IMAGE | WITHOUT_SIZE | BROKEN | SHORT => Ok(ImageData { size, chunks: Box::pin(chunks.take(end)) }),
                _ => Err(AgentError::new(AgentErrorKind::NotFound, format!("image {image} has no data"))),
            }
        })
    }
}

struct Cloud {
    world: World,
    given: Arc<AtomicU64>,
    controller: Served,
    agent: Link,
}

async fn cloud() -> Cloud {
    let world = World::new();
    let source = Source::default();
    let given = source.given.clone();
    let link = world.controller();
    let directory = Directory::open(link.clone(), Arc::new(Memory::default())).await.unwrap();
    let controller = Served::routes(&link, ANY_PORT, management(directory, Arc::new(source))).await;
    let agent = world.link(Role::Agent, "compute-1");
    Cloud { world, given, controller, agent }
}

impl Cloud {
    fn images(&self, urls: &[String]) -> RemoteImages {
        RemoteImages::new(Controllers::new(&self.agent, urls).unwrap())
    }
}

#[tokio::test]
async fn a_large_image_flows_without_being_held_anywhere() {
    let cloud = cloud().await;
    let images = cloud.images(&[cloud.controller.url()]);
    for (image, size) in [(IMAGE, Some(SIZE)), (WITHOUT_SIZE, None)] {
        cloud.given.store(0, Ordering::SeqCst);
        let mut data = images.open(image).await.unwrap();
        assert_eq!(data.size, size);
        // A reader that stands still stops the whole chain.
        cloud.world.clock.sleep(Duration::from_millis(300)).await;
        let (mut read, mut most) = (0u64, 0);
        while let Some(chunk) = data.chunks.next().await {
            let chunk = chunk.unwrap();
            for (at, word) in (read..).zip(&chunk[..]).filter(|(at, _)| at % 4099 == 0) {
                assert_eq!(*word, (at / 8 * 8).to_le_bytes()[usize::try_from(at % 8).unwrap()], "at {at}");
            }
            most = most.max(cloud.given.load(Ordering::SeqCst) - read);
            read += chunk.len() as u64;
        }
        assert_eq!(read, SIZE);
        assert!(most < 8 * MIB, "{} KiB were on their way at once", most / 1024);
    }
}

#[tokio::test]
async fn data_that_ends_early_is_an_error() {
    let cloud = cloud().await;
    let wire = Wire::to(cloud.controller.address).await;
    for (image, cut) in [(BROKEN, false), (SHORT, false), (IMAGE, true)] {
        let images = cloud.images(&[format!("https://{}", wire.address)]);
        let mut data = images.open(image).await.unwrap();
        let mut read = 0;
        let error = loop {
            match data.chunks.next().await {
                Some(Ok(chunk)) => read += chunk.len() as u64,
                Some(Err(error)) => break Some(error),
                None => break None,
            }
            if cut && read > MIB {
                wire.freeze();
            }
        };
        assert!(read < SIZE && error.is_some(), "{image}: {read} bytes, {error:?}");
    }
}

#[tokio::test]
async fn the_next_controller_is_asked_when_one_is_silent_but_not_when_it_says_no() {
    let cloud = cloud().await;
    let images = cloud.images(&["https://127.0.0.1:1".to_owned(), cloud.controller.url()]);
    assert_eq!(images.open(IMAGE).await.unwrap().size, Some(SIZE));
    let error = images.open(Uuid::from_u128(9)).await.err().unwrap();
    assert_eq!(error.kind, AgentErrorKind::NotFound);
    assert!(error.message.contains("has no data"), "{error:?}");

    let images = cloud.images(&["https://127.0.0.1:1".to_owned()]);
    let error = images.open(IMAGE).await.err().unwrap();
    assert_eq!(error.kind, AgentErrorKind::Unreachable);
    assert!(error.message.starts_with("controller at 127.0.0.1:1 does not answer"), "{error:?}");
}
