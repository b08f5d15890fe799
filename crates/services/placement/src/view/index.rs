//! A snapshot of all providers.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use ferrostack_base::Timestamp;
use uuid::Uuid;

use super::{Names, Topology};
use crate::store::{
    change::Marks,
    inventory::{InventoryRow, Offer},
    name::NameRow,
    provider::ProviderRow,
};

/// A provider's place in the index.
pub(crate) type Slot = u32;

/// What a provider has of one class.
#[derive(Debug, Clone)]
pub(crate) struct Stock {
    /// The class's number.
    pub(crate) class: u32,
    pub(crate) offer: Offer,
    pub(crate) capacity: i64,
    pub(crate) used: i64,
    pub(crate) updated: Timestamp,
}

impl Stock {
    /// Whether one consumer may have that much more of it.
    pub(crate) fn fits(&self, amount: i64) -> bool {
        let offer = &self.offer;
        self.used.saturating_add(amount) <= self.capacity
            && amount >= offer.min_unit
            && amount <= offer.max_unit
            && amount % offer.step_size == 0
    }
}

/// A provider with all that belongs to it.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) uuid: Uuid,
    pub(crate) name: String,
    pub(crate) generation: i64,
    pub(crate) parent: Option<Uuid>,
    pub(crate) root: Uuid,
    pub(crate) updated: Timestamp,
    /// In the order of their classes' numbers.
    pub(crate) stocks: Vec<Stock>,
    /// Numbers of traits, sorted.
    pub(crate) traits: Vec<u32>,
    pub(crate) aggregates: Vec<Uuid>,
    /// Whether it shares its inventory with the members of its aggregates.
    pub(crate) shares: bool,
    /// Its summary in candidates as JSON, written when it is first needed: from microversion 1.27 on it depends on the
    /// provider alone.
    pub(crate) summary: OnceLock<Box<[u8]>>,
}

impl Provider {
    pub(crate) fn stock(&self, class: u32) -> Option<&Stock> {
        self.stocks.iter().find(|stock| stock.class == class)
    }

    /// Whether it has room for one consumer with that amount.
    pub(crate) fn fits(&self, class: u32, amount: i64) -> bool {
        self.stock(class).is_some_and(|stock| stock.fits(amount))
    }

    pub(crate) fn has_trait(&self, number: u32) -> bool {
        self.traits.binary_search(&number).is_ok()
    }

    /// Whether it is in one aggregate of each list.
    pub(crate) fn in_aggregates(&self, all_of_any: &[Vec<Uuid>]) -> bool {
        all_of_any.iter().all(|any| self.in_any_aggregate(any))
    }

    pub(crate) fn in_any_aggregate(&self, any: &[Uuid]) -> bool {
        any.iter().any(|aggregate| self.aggregates.contains(aggregate))
    }

    /// Whether it has one trait of each list and none of `forbidden`.
    pub(crate) fn has_traits(&self, all_of_any: &[Vec<u32>], forbidden: &[u32]) -> bool {
        all_of_any.iter().all(|any| any.iter().any(|number| self.has_trait(*number))) && !self.has_any_trait(forbidden)
    }

    pub(crate) fn has_any_trait(&self, any: &[u32]) -> bool {
        any.iter().any(|number| self.has_trait(*number))
    }
}

/// What was read from the database since the last index.
#[derive(Debug)]
pub(crate) struct Delta {
    pub(crate) marks: Marks,
    /// Custom classes and traits, if any of them changed.
    pub(crate) names: Option<(Vec<NameRow>, Vec<NameRow>)>,
    pub(crate) providers: Vec<ProviderRow>,
    pub(crate) inventories: Vec<InventoryRow>,
    /// All providers that there are, if any was deleted.
    pub(crate) remaining: Option<Vec<Uuid>>,
}

/// The snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    marks: Marks,
    names: Arc<Names>,
    slots: Vec<Option<Arc<Provider>>>,
    free: Vec<Slot>,
    by_uuid: HashMap<Uuid, Slot>,
    topology: OnceLock<Arc<Topology>>,
}

impl Index {
    /// Before anything was read.
    pub(crate) fn empty() -> Self {
        Self {
            marks: Marks { seq: -1, names_seq: -1, deleted_seq: 0 },
            names: Arc::new(Names::standard()),
            slots: Vec::new(),
            free: Vec::new(),
            by_uuid: HashMap::new(),
            topology: OnceLock::new(),
        }
    }

    pub(crate) fn marks(&self) -> Marks {
        self.marks
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// How the providers hang together; worked out when first asked for after a change of it.
    pub(crate) fn topology(&self) -> &Topology {
        self.topology.get_or_init(|| Arc::new(Topology::of(self)))
    }

    /// How many slots there are, free ones among them.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn at(&self, slot: Slot) -> Option<&Arc<Provider>> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub(crate) fn slot(&self, uuid: Uuid) -> Option<Slot> {
        self.by_uuid.get(&uuid).copied()
    }

    pub(crate) fn get(&self, uuid: Uuid) -> Option<&Arc<Provider>> {
        self.at(self.slot(uuid)?)
    }

    /// All providers with their slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &Arc<Provider>)> {
        (0..).zip(&self.slots).filter_map(|(slot, provider)| Some((slot, provider.as_ref()?)))
    }

    /// Brings it up to date.
    pub(crate) fn apply(&mut self, delta: Delta) {
        if let Some((classes, traits)) = &delta.names {
            let names = Arc::make_mut(&mut self.names);
            names.classes.set_customs(classes);
            names.traits.set_customs(traits);
        }
        if let Some(remaining) = delta.remaining {
            let remaining: HashSet<Uuid> = remaining.into_iter().collect();
            let gone: Vec<(Uuid, Slot)> = self
                .by_uuid
                .iter()
                .filter(|(uuid, _)| !remaining.contains(uuid))
                .map(|(uuid, slot)| (*uuid, *slot))
                .collect();
            for (uuid, slot) in gone {
                self.by_uuid.remove(&uuid);
                self.free.push(slot);
                if let Some(place) = self.slots.get_mut(slot as usize) {
                    *place = None;
                }
                self.topology = OnceLock::new();
            }
        }
        let mut stocks: HashMap<Uuid, Vec<Stock>> = HashMap::with_capacity(delta.providers.len());
        for row in delta.inventories {
            let class = self.class(&row.class);
            let stock = Stock { class, offer: row.offer, capacity: row.capacity, used: row.used, updated: row.updated };
            stocks.entry(row.provider).or_default().push(stock);
        }
        for row in delta.providers {
            let stocks = stocks.remove(&row.uuid).unwrap_or_default();
            self.put(row, stocks);
        }
        self.marks = delta.marks;
    }

    fn class(&mut self, name: &str) -> u32 {
        match self.names.classes.find(name) {
            Some(number) => number,
            None => Arc::make_mut(&mut self.names).classes.intern(name),
        }
    }

    fn put(&mut self, row: ProviderRow, mut stocks: Vec<Stock>) {
        stocks.sort_unstable_by_key(|stock| stock.class);
        let mut traits: Vec<u32> = Vec::with_capacity(row.traits.len());
        for name in &row.traits {
            traits.push(match self.names.traits.find(name) {
                Some(number) => number,
                None => Arc::make_mut(&mut self.names).traits.intern(name),
            });
        }
        traits.sort_unstable();
        let shares = traits.contains(&self.names.shares);
        let provider = Provider {
            uuid: row.uuid,
            name: row.name,
            generation: row.generation,
            parent: row.parent,
            root: row.root,
            updated: row.updated,
            stocks,
            traits,
            aggregates: row.aggregates,
            shares,
            summary: OnceLock::new(),
        };
        let known = self.slot(row.uuid);
        let moved = known.and_then(|slot| self.at(slot)).is_none_or(|old| {
            old.parent != provider.parent
                || old.root != provider.root
                || old.shares != provider.shares
                || old.aggregates != provider.aggregates
        });
        if moved {
            self.topology = OnceLock::new();
        }
        let slot = known.or_else(|| self.free.pop()).unwrap_or_else(|| {
            self.slots.push(None);
            Slot::try_from(self.slots.len() - 1).unwrap_or(Slot::MAX)
        });
        self.by_uuid.insert(provider.uuid, slot);
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(Arc::new(provider));
        }
    }
}
