//! The search through trees and levels; see the room's theory of operation.

use std::collections::HashSet;

use super::plan::{Filter, Level, Plan};
use crate::view::{Index, Provider, Slot, Topology};

/// An amount that a candidate takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Amount {
    pub(crate) slot: Slot,
    pub(crate) class: u32,
    pub(crate) amount: i64,
}

/// One way to meet the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// By provider and class; none stands twice.
    pub(crate) amounts: Vec<Amount>,
    /// The providers that meet each group, in the order of the groups.
    pub(crate) mappings: Vec<Vec<Slot>>,
}

/// All ways that were looked for.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) candidates: Vec<Candidate>,
    /// The providers that are to be described with them.
    pub(crate) described: Vec<Slot>,
}

/// Finds at most `limit` candidates, beginning at the root with the number `start` (modulo their count).
pub(crate) fn search(index: &Index, plan: &Plan, limit: usize, start: usize) -> Found {
    let topology = index.topology();
    let mut search = Search {
        index,
        topology,
        plan,
        limit,
        eligible: vec![Vec::new(); plan.levels.len()],
        picks: Vec::with_capacity(plan.levels.len()),
        amounts: Vec::new(),
        seen: HashSet::new(),
        found: Vec::new(),
    };
    let roots = topology.roots();
    let (head, tail) = roots.split_at(if roots.is_empty() { 0 } else { start % roots.len() });
    for root in tail.iter().chain(head) {
        if search.found.len() >= limit {
            break;
        }
        if search.prepare(*root) {
            search.descend(0);
        }
    }
    let candidates = search.found;
    let described = described(topology, plan, &candidates);
    Found { candidates, described }
}

struct Search<'a> {
    index: &'a Index,
    topology: &'a Topology,
    plan: &'a Plan,
    limit: usize,
    /// By level, for the tree at hand.
    eligible: Vec<Vec<Slot>>,
    picks: Vec<Slot>,
    amounts: Vec<Amount>,
    /// Candidates with sharing providers may turn up at several anchors.
    seen: HashSet<(Vec<Amount>, Vec<Vec<Slot>>)>,
    found: Vec<Candidate>,
}

impl<'a> Search<'a> {
    /// Finds the eligible providers of each level for the tree with that root. `false` when a level has none.
    fn prepare(&mut self, root: Slot) -> bool {
        let Some(anchor) = self.index.at(root) else { return false };
        if !anchor.has_traits(&self.plan.root_required, &self.plan.root_forbidden) {
            return false;
        }
        let (tree, sharing) = (self.topology.tree(&root), self.topology.sharing_with(root));
        let reachable = || tree.iter().chain(sharing).filter_map(|slot| self.index.at(*slot));
        // Most trees fail for a trait that nobody in them has: that is seen before any amount is looked at.
        let has_any = |any: &Vec<u32>| reachable().any(|provider| provider.has_any_trait(any));
        if !self.plan.filters.iter().flat_map(|filter| &filter.required).all(has_any) {
            return false;
        }
        for (level, eligible) in self.plan.levels.iter().zip(&mut self.eligible) {
            eligible.clear();
            let Some(filter) = self.plan.filters.get(level.group) else { return false };
            let fits = |slot: &Slot| {
                self.index.at(*slot).is_some_and(|provider| {
                    filter.admits(provider, anchor, self.topology.root(*slot), root) && level.fits(provider)
                })
            };
            eligible.extend(tree.iter().chain(sharing).copied().filter(fits));
            if eligible.is_empty() {
                return false;
            }
        }
        true
    }

    fn descend(&mut self, depth: usize) {
        let plan: &'a Plan = self.plan;
        let Some(level) = plan.levels.get(depth) else { return self.finish() };
        let eligible = self.eligible.get_mut(depth).map(std::mem::take).unwrap_or_default();
        for slot in &eligible {
            if self.found.len() >= self.limit {
                break;
            }
            if plan.isolate && self.is_taken(depth, level, *slot) {
                continue;
            }
            let before = self.amounts.len();
            let placed = self.place(level, *slot);
            self.picks.push(*slot);
            if placed == level.amounts.len() && (!level.closes || self.group_holds(level.group)) {
                self.descend(depth + 1);
            }
            self.picks.pop();
            self.take_back(level, *slot, placed, before);
        }
        if let Some(place) = self.eligible.get_mut(depth) {
            *place = eligible;
        }
    }

    /// Whether an earlier group with a suffix has that provider.
    fn is_taken(&self, depth: usize, level: &Level, slot: Slot) -> bool {
        let granular = |group: usize| self.plan.filters.get(group).is_some_and(|filter| filter.granular);
        granular(level.group)
            && self
                .plan
                .levels
                .iter()
                .take(depth)
                .zip(&self.picks)
                .any(|(other, pick)| *pick == slot && granular(other.group))
    }

    /// Adds the level's amounts to the account; how many of them there was room for.
    fn place(&mut self, level: &Level, slot: Slot) -> usize {
        for (placed, (class, amount)) in level.amounts.iter().enumerate() {
            match self.amounts.iter_mut().find(|known| known.slot == slot && known.class == *class) {
                None => self.amounts.push(Amount { slot, class: *class, amount: *amount }),
                Some(known) => {
                    let sum = known.amount.saturating_add(*amount);
                    let stock = self.index.at(slot).and_then(|provider| provider.stock(*class));
                    if stock.is_none_or(|stock| {
                        stock.used.saturating_add(sum) > stock.capacity || sum > stock.offer.max_unit
                    }) {
                        return placed;
                    }
                    known.amount = sum;
                }
            }
        }
        level.amounts.len()
    }

    /// Undoes [`Search::place`]: what it added lies behind `before`, what it raised lies ahead.
    fn take_back(&mut self, level: &Level, slot: Slot, placed: usize, before: usize) {
        self.amounts.truncate(before);
        for (class, amount) in level.amounts.iter().take(placed) {
            if let Some(known) = self.amounts.iter_mut().find(|known| known.slot == slot && known.class == *class) {
                known.amount -= amount;
            }
        }
    }

    /// The picks of a group, each provider once, sorted.
    fn picks_of(&self, group: usize) -> Vec<Slot> {
        let of_group = self.plan.levels.iter().zip(&self.picks).filter(|(level, _)| level.group == group);
        let mut slots: Vec<Slot> = of_group.map(|(_, slot)| *slot).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Whether the providers chosen for the group without suffix have together the traits that it requires.
    fn group_holds(&self, group: usize) -> bool {
        let Some(filter) = self.plan.filters.get(group) else { return false };
        if filter.granular || filter.required.is_empty() {
            return true;
        }
        let picks = self.picks_of(group);
        let has = |number: &u32| {
            picks.iter().any(|slot| self.index.at(*slot).is_some_and(|provider| provider.has_trait(*number)))
        };
        filter.required.iter().all(|any| any.iter().any(has))
    }

    fn finish(&mut self) {
        let mappings: Vec<Vec<Slot>> = (0..self.plan.filters.len()).map(|group| self.picks_of(group)).collect();
        if !self.plan.same_subtrees.iter().all(|groups| self.is_subtree(groups, &mappings)) {
            return;
        }
        if !self.plan.nested && self.has_relatives() {
            return;
        }
        let shared = self.topology.any_shares()
            && self.picks.iter().any(|slot| self.index.at(*slot).is_some_and(|provider| provider.shares));
        if shared {
            let mut key = self.amounts.clone();
            key.sort_unstable();
            if !self.seen.insert((key, mappings.clone())) {
                return;
            }
        }
        self.found.push(Candidate { amounts: self.amounts.clone(), mappings });
    }

    /// Whether one of the providers of these groups is above all the others.
    fn is_subtree(&self, groups: &[usize], mappings: &[Vec<Slot>]) -> bool {
        let slots: Vec<Slot> = groups.iter().filter_map(|group| mappings.get(*group)).flatten().copied().collect();
        slots.iter().any(|top| slots.iter().all(|slot| self.topology.is_above(*top, *slot)))
    }

    /// Whether two different providers belong to one tree.
    fn has_relatives(&self) -> bool {
        let other = |one: &Amount, two: &Amount| {
            one.slot != two.slot && self.topology.root(one.slot) == self.topology.root(two.slot)
        };
        self.amounts.iter().any(|one| self.amounts.iter().any(|two| other(one, two)))
    }
}

impl Filter {
    /// Whether a provider may be considered for this group at the tree of `anchor`, traits that several may have together
    /// and amounts aside.
    fn admits(&self, provider: &Provider, anchor: &Provider, own_root: Slot, root: Slot) -> bool {
        if self.tree.is_some_and(|tree| tree != own_root) || provider.has_any_trait(&self.forbidden) {
            return false;
        }
        if self.granular {
            return provider.has_traits(&self.required, &[])
                && provider.in_aggregates(&self.member_of)
                && !provider.in_any_aggregate(&self.forbidden_aggregates);
        }
        // An aggregate of the root spans its whole tree; what is shared with the tree must itself be a member.
        let own = own_root == root;
        (provider.in_aggregates(&self.member_of) || (own && anchor.in_aggregates(&self.member_of)))
            && !provider.in_any_aggregate(&self.forbidden_aggregates)
            && !anchor.in_any_aggregate(&self.forbidden_aggregates)
            // What is shared comes from another tree, so a group that is bound to a tree can't have it.
            && (own || self.tree.is_none())
    }
}

/// All members of the trees that candidates take from; just the providers themselves before microversion 1.29.
fn described(topology: &Topology, plan: &Plan, candidates: &[Candidate]) -> Vec<Slot> {
    let mut seen: HashSet<Slot> = HashSet::new();
    let mut described = Vec::new();
    for amount in candidates.iter().flat_map(|candidate| &candidate.amounts) {
        if !plan.nested {
            if seen.insert(amount.slot) {
                described.push(amount.slot);
            }
            continue;
        }
        let root = topology.root(amount.slot);
        if seen.insert(root) {
            described.extend_from_slice(topology.tree(&root));
        }
    }
    described
}

#[cfg(test)]
mod tests;
