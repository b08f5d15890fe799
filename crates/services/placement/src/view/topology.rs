//! How providers hang together: trees, and who shares with which tree.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::{Index, Slot};

/// Trees and sharing, by slots.
#[derive(Debug)]
pub(crate) struct Topology {
    /// The root of each slot's tree.
    root: Vec<Slot>,
    /// The parent of each slot; its own number when it is a root.
    parent: Vec<Slot>,
    /// All roots.
    roots: Vec<Slot>,
    /// The members of trees that have more than a root.
    trees: HashMap<Slot, Vec<Slot>>,
    /// By root: the providers of other trees that share their inventory with a member of this tree.
    sharing: HashMap<Slot, Vec<Slot>>,
    any_shares: bool,
}

impl Topology {
    pub(crate) fn of(index: &Index) -> Self {
        let own: Vec<Slot> = (0..).take(index.len()).collect();
        let mut topology = Self {
            root: own.clone(),
            parent: own,
            roots: Vec::new(),
            trees: HashMap::new(),
            sharing: HashMap::new(),
            any_shares: false,
        };
        let mut members: BTreeMap<Slot, Vec<Slot>> = BTreeMap::new();
        let mut aggregates: HashMap<Uuid, Vec<Slot>> = HashMap::new();
        for (slot, provider) in index.iter() {
            let root = index.slot(provider.root).unwrap_or(slot);
            let parent = provider.parent.and_then(|parent| index.slot(parent)).unwrap_or(slot);
            set(&mut topology.root, slot, root);
            set(&mut topology.parent, slot, parent);
            members.entry(root).or_default().push(slot);
            for aggregate in &provider.aggregates {
                aggregates.entry(*aggregate).or_default().push(slot);
            }
        }
        for (slot, provider) in index.iter().filter(|(_, provider)| provider.shares) {
            topology.any_shares = true;
            let neighbours = provider.aggregates.iter().filter_map(|aggregate| aggregates.get(aggregate)).flatten();
            let anchors: BTreeSet<Slot> = neighbours.map(|neighbour| topology.root(*neighbour)).collect();
            let own = topology.root(slot);
            for anchor in anchors.into_iter().filter(|anchor| *anchor != own) {
                topology.sharing.entry(anchor).or_default().push(slot);
            }
        }
        topology.roots = members.keys().copied().collect();
        topology.trees = members.into_iter().filter(|(_, members)| members.len() > 1).collect();
        topology
    }

    /// All roots.
    pub(crate) fn roots(&self) -> &[Slot] {
        &self.roots
    }

    /// The root of a provider's tree.
    pub(crate) fn root(&self, slot: Slot) -> Slot {
        self.root.get(slot as usize).copied().unwrap_or(slot)
    }

    /// The members of the tree with that root.
    pub(crate) fn tree<'a>(&'a self, root: &'a Slot) -> &'a [Slot] {
        self.trees.get(root).map_or(std::slice::from_ref(root), Vec::as_slice)
    }

    /// The providers of other trees that share with that tree.
    pub(crate) fn sharing_with(&self, root: Slot) -> &[Slot] {
        self.sharing.get(&root).map_or(&[], Vec::as_slice)
    }

    /// Whether any provider shares.
    pub(crate) fn any_shares(&self) -> bool {
        self.any_shares
    }

    /// Whether `ancestor` is `slot` itself or above it.
    pub(crate) fn is_above(&self, ancestor: Slot, mut slot: Slot) -> bool {
        // A tree is never deeper than there are providers; the bound holds even if rows are torn between two reads.
        for _ in 0..=self.parent.len() {
            if slot == ancestor {
                return true;
            }
            let parent = self.parent.get(slot as usize).copied().unwrap_or(slot);
            if parent == slot {
                return false;
            }
            slot = parent;
        }
        false
    }
}

fn set(slots: &mut [Slot], at: Slot, value: Slot) {
    if let Some(place) = slots.get_mut(at as usize) {
        *place = value;
    }
}
