//! Images.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use ferrostack_auth::Ctx;
use ferrostack_contracts::{ContractError, Image, ImageFacts, Reply};
use uuid::Uuid;

/// Images by their ids; everybody sees them.
#[derive(Debug, Default)]
pub struct FakeImages(Mutex<HashMap<Uuid, ImageFacts>>);

impl FakeImages {
    /// Adds a small active image; returns its id.
    pub fn add(&self, name: &str) -> Uuid {
        let id = Uuid::new_v4();
        let facts = ImageFacts {
            id,
            name: Some(name.to_owned()),
            status: "active".to_owned(),
            size: Some(1 << 20),
            virtual_size: Some(1 << 24),
            disk_format: Some("qcow2".to_owned()),
            min_disk: 0,
            min_ram: 0,
            hash: Some(("sha512".to_owned(), "00".repeat(64))),
            properties: BTreeMap::new(),
        };
        self.put(facts);
        id
    }

    /// Adds that image.
    pub fn put(&self, facts: ImageFacts) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(facts.id, facts);
    }
}

impl FakeImages {
    /// The image as it is.
    ///
    /// # Panics
    /// When there is none.
    #[allow(clippy::expect_used, reason = "for tests only")]
    pub fn facts(&self, id: Uuid) -> ImageFacts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned().expect("an image")
    }
}

impl Image for FakeImages {
    fn image<'a>(&'a self, _: &'a Ctx, id: Uuid) -> Reply<'a, ImageFacts> {
        Box::pin(async move {
            let images = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            images.get(&id).cloned().ok_or_else(|| ContractError::not_found("Image", id))
        })
    }
}
