//! The search against a plain reference that tries every choice of providers, on many small random clouds.

use std::collections::BTreeSet;

use ferrostack_base::Timestamp;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use uuid::Uuid;

use super::*;
use crate::{
    app::candidate::{Group, Request},
    names::SHARES,
    store::{
        change::Marks,
        inventory::{InventoryRow, Offer},
        provider::ProviderRow,
    },
    view::Delta,
};

const CLASSES: [&str; 3] = ["VCPU", "MEMORY_MB", "DISK_GB"];
const TRAITS: [&str; 3] = ["HW_CPU_X86_VMX", "HW_CPU_X86_SSE", "COMPUTE_NODE"];

fn some<T: Clone>(random: &mut StdRng, of: &[T], chance: f64) -> Vec<T> {
    of.iter().filter(|_| random.random_bool(chance)).cloned().collect()
}

fn random_cloud(random: &mut StdRng) -> Index {
    let aggregates: Vec<Uuid> = (1..=2).map(Uuid::from_u128).collect();
    let mut providers: Vec<ProviderRow> = Vec::new();
    let mut inventories: Vec<InventoryRow> = Vec::new();
    for number in 0..random.random_range(1..=7u128) {
        let uuid = Uuid::from_u128(100 + number);
        let parent = if random.random_bool(0.5) { providers.choose(random).cloned() } else { None };
        let mut traits: Vec<String> = some(random, &TRAITS, 0.4).into_iter().map(str::to_owned).collect();
        if random.random_bool(0.3) {
            traits.push(SHARES.to_owned());
        }
        providers.push(ProviderRow {
            uuid,
            name: number.to_string(),
            generation: 0,
            root: parent.as_ref().map_or(uuid, |parent| parent.root),
            parent: parent.map(|parent| parent.uuid),
            traits,
            aggregates: some(random, &aggregates, 0.4),
            updated: Timestamp::from_secs(0),
        });
        for class in some(random, &CLASSES, 0.7) {
            let offer = Offer {
                total: random.random_range(2..=6),
                reserved: if random.random_bool(0.2) { 1 } else { 0 },
                min_unit: if random.random_bool(0.1) { 2 } else { 1 },
                max_unit: random.random_range(2..=4),
                step_size: if random.random_bool(0.1) { 2 } else { 1 },
                allocation_ratio: if random.random_bool(0.1) { 1.5 } else { 1.0 },
            };
            let (capacity, used) = (offer.capacity(), random.random_range(0..=1));
            inventories.push(InventoryRow {
                provider: uuid,
                class: class.to_owned(),
                offer,
                capacity,
                used,
                updated: Timestamp::from_secs(0),
            });
        }
    }
    let mut index = Index::empty();
    index.apply(Delta {
        marks: Marks { seq: 1, names_seq: 0, deleted_seq: 0 },
        names: None,
        providers,
        inventories,
        remaining: None,
    });
    index
}

fn random_group(random: &mut StdRng, suffix: &str, index: &Index, bare: bool) -> Group {
    let aggregates: Vec<Uuid> = (1..=2).map(Uuid::from_u128).collect();
    let mut classes = some(random, &CLASSES, 0.4);
    if classes.is_empty() {
        classes.push("VCPU");
    }
    let mut group = Group { suffix: suffix.to_owned(), ..Group::default() };
    if !bare {
        group.resources = classes.into_iter().map(|class| (class.to_owned(), random.random_range(1..=2))).collect();
    }
    if bare || random.random_bool(0.3) {
        group.required.push(some(random, &TRAITS, 0.5).into_iter().map(str::to_owned).collect());
        group.required.retain(|any| !any.is_empty());
    }
    if random.random_bool(0.1) {
        group.forbidden = vec![TRAITS.choose(random).copied().unwrap().to_owned()];
    }
    if random.random_bool(0.15) {
        let lists = random.random_range(1..=2);
        group.member_of.extend((0..lists).map(|_| some(random, &aggregates, 0.7)).filter(|any| !any.is_empty()));
    }
    if random.random_bool(0.1) {
        group.forbidden_aggregates = vec![*aggregates.choose(random).unwrap()];
    }
    if random.random_bool(0.1) {
        group.in_tree = index.iter().map(|(_, provider)| provider.uuid).collect::<Vec<_>>().choose(random).copied();
    }
    group
}

fn random_request(random: &mut StdRng, index: &Index) -> Request {
    let mut request =
        Request { isolate: random.random_bool(0.3), nested: random.random_bool(0.8), ..Request::default() };
    if random.random_bool(0.7) {
        request.groups.push(random_group(random, "", index, false));
    }
    for suffix in some(random, &["_A", "_B"], 0.5) {
        request.groups.push(random_group(random, suffix, index, false));
    }
    if request.groups.is_empty() {
        request.groups.push(random_group(random, "", index, false));
    }
    let granular: Vec<usize> =
        (0..request.groups.len()).filter(|place| !request.groups[*place].suffix.is_empty()).collect();
    if !granular.is_empty() && random.random_bool(0.5) {
        let bare = request.groups.len();
        request.groups.push(random_group(random, "_C", index, true));
        request.same_subtrees.push([granular, vec![bare]].concat());
        // A second subtree, of some of those groups.
        if random.random_bool(0.3) {
            let all: Vec<usize> = request.same_subtrees.concat();
            request.same_subtrees.extend(Some(some(random, &all, 0.6)).filter(|groups| !groups.is_empty()));
        }
    }
    if random.random_bool(0.2) {
        request.root_required = vec![TRAITS.choose(random).copied().unwrap().to_owned()];
    }
    if random.random_bool(0.2) {
        request.root_forbidden = vec![TRAITS.choose(random).copied().unwrap().to_owned()];
    }
    request
}

/// A candidate in words, for comparison.
type Outcome = (BTreeSet<(Uuid, String, i64)>, Vec<BTreeSet<Uuid>>);

/// A group's place, a provider for it, and what it is to give.
type Choice<'a> = (usize, &'a Provider, Vec<&'a (String, i64)>);

fn ancestors(index: &Index, uuid: Uuid) -> Vec<Uuid> {
    std::iter::successors(Some(uuid), |uuid| index.get(*uuid).and_then(|provider| provider.parent)).collect()
}

/// Every choice of one provider for each class of the group without suffix and for each other group, checked afterwards.
fn reference(index: &Index, request: &Request) -> BTreeSet<Outcome> {
    let all: Vec<&Provider> = index.iter().map(|(_, provider)| &**provider).collect();
    let has = |provider: &Provider, name: &String| {
        index.names().traits.find(name).is_some_and(|number| provider.has_trait(number))
    };
    let in_any =
        |provider: &Provider, any: &[Uuid]| any.iter().any(|aggregate| provider.aggregates.contains(aggregate));
    let mut outcomes = BTreeSet::new();
    // (group, class or none for a whole group)
    let mut slots: Vec<(usize, Option<&(String, i64)>)> = Vec::new();
    for (place, group) in request.groups.iter().enumerate() {
        if group.suffix.is_empty() {
            slots.extend(group.resources.iter().map(|resource| (place, Some(resource))));
        } else {
            slots.push((place, None));
        }
    }
    for root in all.iter().filter(|provider| provider.root == provider.uuid) {
        if !request.root_required.iter().all(|name| has(root, name))
            || request.root_forbidden.iter().any(|name| has(root, name))
        {
            continue;
        }
        let shares_here = |provider: &Provider| {
            provider.shares
                && provider.root != root.uuid
                && all.iter().any(|member| member.root == root.uuid && in_any(member, &provider.aggregates))
        };
        let reachable: Vec<&Provider> =
            all.iter().copied().filter(|provider| provider.root == root.uuid || shares_here(provider)).collect();
        let choices = reachable.len().pow(u32::try_from(slots.len()).unwrap());
        'choice: for number in 0..choices {
            let mut rest = number;
            let mut chosen: Vec<Choice<'_>> = Vec::new();
            for (place, resource) in &slots {
                let provider = reachable[rest % reachable.len()];
                rest /= reachable.len();
                let wanted = resource
                    .map_or_else(|| request.groups[*place].resources.iter().collect(), |resource| vec![resource]);
                chosen.push((*place, provider, wanted));
            }
            let mut taken: std::collections::BTreeMap<(Uuid, String), i64> = std::collections::BTreeMap::new();
            for (place, provider, wanted) in &chosen {
                let group = &request.groups[*place];
                let (own, granular) = (provider.root == root.uuid, !group.suffix.is_empty());
                let tree = group.in_tree.map(|uuid| index.get(uuid).unwrap().root);
                let aggregates_fit = |provider: &Provider| group.member_of.iter().all(|any| in_any(provider, any));
                let ok = tree.is_none_or(|tree| tree == provider.root && (granular || own))
                    && !group.forbidden.iter().any(|name| has(provider, name))
                    && !in_any(provider, &group.forbidden_aggregates)
                    && (granular || !in_any(root, &group.forbidden_aggregates))
                    && (aggregates_fit(provider) || (!granular && own && aggregates_fit(root)))
                    && (!granular || group.required.iter().all(|any| any.iter().any(|name| has(provider, name))));
                if !ok {
                    continue 'choice;
                }
                for (class, amount) in wanted {
                    let stock = index.names().classes.find(class).and_then(|class| provider.stock(class));
                    let keeps = |offer: &Offer| *amount >= offer.min_unit && amount % offer.step_size == 0;
                    if !stock.is_some_and(|stock| keeps(&stock.offer)) {
                        continue 'choice;
                    }
                    *taken.entry((provider.uuid, class.clone())).or_default() += amount;
                }
            }
            for ((uuid, class), amount) in &taken {
                let stock = index.get(*uuid).unwrap().stock(index.names().classes.find(class).unwrap()).unwrap();
                #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
                let room = ((stock.offer.total - stock.offer.reserved) as f64 * stock.offer.allocation_ratio) as i64;
                if stock.used + amount > room || *amount > stock.offer.max_unit {
                    continue 'choice;
                }
            }
            let of_group = |place: usize| {
                chosen.iter().filter(move |(group, _, _)| *group == place).map(|(_, provider, _)| *provider)
            };
            for (place, group) in request.groups.iter().enumerate().filter(|(_, group)| group.suffix.is_empty()) {
                if !group
                    .required
                    .iter()
                    .all(|any| of_group(place).any(|provider| any.iter().any(|name| has(provider, name))))
                {
                    continue 'choice;
                }
            }
            let mappings: Vec<BTreeSet<Uuid>> = (0..request.groups.len())
                .map(|place| of_group(place).map(|provider| provider.uuid).collect())
                .collect();
            let granular: Vec<&BTreeSet<Uuid>> = mappings
                .iter()
                .zip(&request.groups)
                .filter(|(_, group)| !group.suffix.is_empty())
                .map(|(mapping, _)| mapping)
                .collect();
            let different: BTreeSet<Uuid> = granular.iter().copied().flatten().copied().collect();
            if request.isolate && different.len() != granular.len() {
                continue;
            }
            for places in &request.same_subtrees {
                let members: BTreeSet<Uuid> = places.iter().flat_map(|place| mappings[*place].clone()).collect();
                if !members.iter().any(|top| members.iter().all(|member| ancestors(index, *member).contains(top))) {
                    continue 'choice;
                }
            }
            let users: BTreeSet<Uuid> = taken.keys().map(|(uuid, _)| *uuid).collect();
            let roots: BTreeSet<Uuid> = users.iter().map(|uuid| index.get(*uuid).unwrap().root).collect();
            if !request.nested && users.len() != roots.len() {
                continue;
            }
            outcomes
                .insert((taken.into_iter().map(|((uuid, class), amount)| (uuid, class, amount)).collect(), mappings));
        }
    }
    outcomes
}

/// The providers that belong into the answer beside these outcomes: whole trees, or only who gives something.
fn expected_description(index: &Index, request: &Request, outcomes: &BTreeSet<Outcome>) -> BTreeSet<Uuid> {
    let givers: BTreeSet<Uuid> = outcomes.iter().flat_map(|(amounts, _)| amounts).map(|(uuid, _, _)| *uuid).collect();
    if !request.nested {
        return givers;
    }
    let roots: BTreeSet<Uuid> = givers.iter().map(|uuid| index.get(*uuid).unwrap().root).collect();
    let members = index.iter().filter(|(_, provider)| roots.contains(&provider.root));
    members.map(|(_, provider)| provider.uuid).collect()
}

fn in_words(index: &Index, candidate: &Candidate) -> Outcome {
    let uuid = |slot: &Slot| index.at(*slot).unwrap().uuid;
    let amounts = candidate.amounts.iter();
    let amounts = amounts
        .map(|amount| (uuid(&amount.slot), index.names().classes.name(amount.class).to_owned(), amount.amount))
        .collect();
    (amounts, candidate.mappings.iter().map(|slots| slots.iter().map(uuid).collect()).collect())
}

/// How many of the random requests could be met, and had something to them.
#[derive(Debug, Default)]
struct Met {
    all: usize,
    nested: usize,
    sharing: usize,
    same_subtree: usize,
    isolated: usize,
}

#[test]
fn the_search_finds_what_trying_everything_finds() {
    let mut met = Met::default();
    for seed in 0..4000 {
        let random = &mut StdRng::seed_from_u64(seed);
        let index = random_cloud(random);
        let request = random_request(random, &index);
        let plan = Plan::of(&index, &request).unwrap().unwrap();
        let start = random.random_range(0..100);
        let found = search(&index, &plan, usize::MAX, start);
        let words: Vec<Outcome> = found.candidates.iter().map(|candidate| in_words(&index, candidate)).collect();
        let expected = reference(&index, &request);
        assert_eq!(words.iter().cloned().collect::<BTreeSet<_>>(), expected, "seed {seed}: {request:?}");
        assert_eq!(words.len(), expected.len(), "seed {seed}: nothing is found twice");
        let described: BTreeSet<Uuid> = found.described.iter().map(|slot| index.at(*slot).unwrap().uuid).collect();
        assert_eq!(described.len(), found.described.len(), "seed {seed}: nobody is described twice");
        assert_eq!(described, expected_description(&index, &request, &expected), "seed {seed}");
        check_limits(&index, &plan, start, &words, seed);
        let root = |uuid: &Uuid| index.get(*uuid).unwrap().root;
        let any = |fits: &dyn Fn(&Outcome) -> bool| usize::from(expected.iter().any(fits));
        met.all += usize::from(!expected.is_empty());
        met.nested += any(&|(amounts, _)| amounts.iter().any(|(uuid, _, _)| root(uuid) != *uuid));
        met.sharing +=
            any(&|(amounts, _)| amounts.iter().map(|(uuid, _, _)| root(uuid)).collect::<BTreeSet<_>>().len() > 1);
        met.same_subtree += any(&|_| !request.same_subtrees.is_empty());
        met.isolated += any(&|(amounts, _)| request.isolate && amounts.len() > 1);
    }
    let Met { all, nested, sharing, same_subtree, isolated } = met;
    assert!(all > 800, "the random clouds are too poor to tell anything: {met:?}");
    assert!([nested, sharing, same_subtree, isolated].iter().all(|count| *count > 80), "{met:?}");
}

/// With a limit the search finds the first ones of what it finds without, whatever the limit.
fn check_limits(index: &Index, plan: &Plan, start: usize, all: &[Outcome], seed: u64) {
    for limit in [1, all.len() / 2, all.len(), all.len() + 1] {
        let found = search(index, plan, limit, start);
        let words: Vec<Outcome> = found.candidates.iter().map(|candidate| in_words(index, candidate)).collect();
        assert_eq!(words, all[..limit.min(all.len())], "seed {seed}: limit {limit}");
    }
}
