//! Which chassis carry the gateways of routers: the members of the groups that external router ports refer to.
//!
//! Candidates for a physical network are the living chassis that have a way to it and say `enable-chassis-as-gw` in
//! `ovn-cms-options`; where none says so, all that have the way. Each group puts them in an order of its own, always the
//! same for the same candidates, so that one more or one less moves as few gateways as possible (rendezvous hashing).
//! Of three and more OVN finds out by itself, and sooner, which of them is alive.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_ovn::{
    Condition, Contents, Operation, OvnError, Row, Table, Value,
    northbound::{HaChassis, HaChassisGroup},
    southbound::Chassis,
};
use uuid::Uuid;

use super::{
    names::{self, GatewayGroup},
    wanted::map,
};
use crate::Network;

/// Candidates in one group, as many as OVN watches well.
const MEMBERS: usize = 5;

/// A chassis that may carry gateways.
#[derive(Debug, Clone)]
struct Candidate {
    name: String,
    /// The physical networks to which it has a way.
    reaches: BTreeSet<String>,
    /// Whether its operator wants it to.
    is_asked: bool,
}

fn candidates(contents: &Contents) -> Result<Vec<Candidate>, OvnError> {
    let candidate = |chassis: Chassis| {
        // Older chassis have these in `external_ids`.
        let says = |key: &str| {
            chassis.other_config.get(key).or_else(|| chassis.external_ids.get(key)).map_or("", String::as_str)
        };
        let ways = says("ovn-bridge-mappings").split(',').filter_map(|way| way.trim().split_once(':'));
        let reaches: BTreeSet<String> = ways.map(|(network, _)| network.to_owned()).collect();
        let is_asked = says("ovn-cms-options").split(',').any(|option| option.trim() == "enable-chassis-as-gw");
        Candidate { name: chassis.name, reaches, is_asked }
    };
    Ok(contents.list::<Chassis>()?.into_iter().map(|(_, chassis)| candidate(chassis)).collect())
}

/// The names of those that may carry gateways to a physical network; to any when that has no name.
fn able(candidates: &[Candidate], physical_network: &str) -> BTreeSet<String> {
    let able = candidates.iter().filter(|candidate| match physical_network {
        "" => !candidate.reaches.is_empty() || candidate.is_asked,
        network => candidate.reaches.contains(network),
    });
    let (asked, others): (Vec<&Candidate>, Vec<&Candidate>) = able.partition(|candidate| candidate.is_asked);
    let chosen = if asked.is_empty() { others } else { asked };
    chosen.into_iter().map(|candidate| candidate.name.clone()).collect()
}

/// The members of a group and their priorities.
fn members(group: Uuid, candidates: &BTreeSet<String>) -> BTreeMap<String, i64> {
    let mut order: Vec<(Uuid, &String)> = candidates.iter().map(|name| (names::derived(group, name), name)).collect();
    order.sort();
    let ranked = order.into_iter().take(MEMBERS).enumerate();
    ranked.map(|(rank, (_, name))| (name.clone(), i64::try_from(MEMBERS - rank).unwrap_or(1))).collect()
}

/// Brings the groups to their members.
pub(super) async fn choose(network: &Network) -> Result<(), OvnError> {
    let mut candidates = network.southbound().replica().read(candidates)?;
    // Of two members OVN cannot tell which one is cut off: the dead one has to go.
    if candidates.iter().any(|candidate| network.liveness().is_alive(&candidate.name)) {
        candidates.retain(|candidate| network.liveness().is_alive(&candidate.name));
    }
    let operations = network.northbound().replica().read(|contents| {
        let groups = GatewayGroup::all(&network.options().physical_networks);
        let wanted = groups.map(|group| operations(contents, group.id(), &able(&candidates, group.physical_network)));
        wanted.collect::<Result<Vec<_>, OvnError>>()
    })?;
    let operations: Vec<Operation> = operations.into_iter().flatten().collect();
    if operations.is_empty() {
        return Ok(());
    }
    match network.northbound().transact(&operations).await {
        // Somebody was faster; the change wakes us.
        Err(error) if error.is_stale() => Ok(()),
        other => other.map(drop),
    }
}

/// What brings a group to its members; nothing when it has them, or is not there yet.
fn operations(contents: &Contents, group: Uuid, candidates: &BTreeSet<String>) -> Result<Vec<Operation>, OvnError> {
    let Some(row) = contents.row(HaChassisGroup::TABLE, group) else { return Ok(Vec::new()) };
    let stored = row.get("ha_chassis").cloned().unwrap_or_else(Value::empty_set);
    let mut known: BTreeMap<String, i64> = BTreeMap::new();
    for uuid in stored.atoms().filter_map(ferrostack_ovn::Atom::as_uuid) {
        known.extend(contents.get::<HaChassis>(uuid)?.map(|member| (member.chassis_name, member.priority)));
    }
    let wanted = members(group, candidates);
    if known == wanted {
        return Ok(Vec::new());
    }
    // All rows are new: the old ones go with the last reference.
    let rows: Vec<(Uuid, HaChassis)> = wanted
        .into_iter()
        .map(|(chassis_name, priority)| {
            let external_ids = map([("neutron:chassis", &chassis_name)]);
            (Uuid::new_v4(), HaChassis { chassis_name, priority, external_ids })
        })
        .collect();
    let references = Value::set(rows.iter().map(|(uuid, _)| (*uuid).into()));
    let here = [Condition::uuid(group), Condition::equal("ha_chassis", stored)];
    let mut operations = vec![Operation::require(HaChassisGroup::TABLE, here)];
    operations.extend(rows.iter().map(|(uuid, row)| row.insert(*uuid)));
    operations.push(Operation::update(
        HaChassisGroup::TABLE,
        [Condition::uuid(group)],
        Row::new().with("ha_chassis", references),
    ));
    Ok(operations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of(count: usize) -> BTreeSet<String> {
        (0..count).map(|number| format!("node-{number}")).collect()
    }

    fn groups() -> Vec<Uuid> {
        GatewayGroup::all(&[]).map(GatewayGroup::id).collect()
    }

    fn first(group: Uuid, candidates: &BTreeSet<String>) -> String {
        members(group, candidates).into_iter().max_by_key(|(_, priority)| *priority).unwrap().0
    }

    #[test]
    fn groups_have_their_own_orders_and_at_most_five_members() {
        let candidates = names_of(8);
        let firsts: BTreeSet<String> = groups().into_iter().map(|group| first(group, &candidates)).collect();
        assert!(firsts.len() > 2, "{firsts:?}");
        let one = members(groups()[0], &candidates);
        assert_eq!(one.values().copied().collect::<BTreeSet<_>>(), (1..=5).collect());
    }

    #[test]
    fn one_chassis_less_moves_only_what_it_carried() {
        let all = names_of(6);
        let gone = first(groups()[3], &all);
        let left: BTreeSet<String> = all.iter().filter(|name| **name != gone).cloned().collect();
        for group in groups() {
            if first(group, &all) != gone {
                assert_eq!(first(group, &left), first(group, &all));
            }
        }
    }

    #[test]
    fn only_who_has_the_way_carries_and_rather_who_was_asked() {
        let candidate = |name: &str, ways: &[&str], is_asked| Candidate {
            name: name.into(),
            reaches: ways.iter().map(|way| (*way).to_owned()).collect(),
            is_asked,
        };
        let all =
            [candidate("a", &["one"], false), candidate("b", &["one", "two"], true), candidate("c", &["two"], false)];
        let names = |network: &str| able(&all, network).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!([names("one"), names("two"), names("three"), names("")], ["b", "b", "", "b"]);
        let names = |network: &str| able(&all[..1], network).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!([names("one"), names("two"), names("")], ["a", "", "a"]);
    }
}
