//! Which chassis carry the gateways of routers: the members of the groups that external router ports refer to.
//!
//! Candidates are the chassis that say `enable-chassis-as-gw` in `ovn-cms-options`; where none says so, all that have a
//! way to physical networks. Each group puts them in an order of its own, always the same for the same candidates, so
//! that one more or one less moves as few gateways as possible (rendezvous hashing). Which of them is alive OVN finds
//! out by itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ferrostack_ovn::{
    Condition, Connection, Contents, Event, Operation, OvnError, Row, Table, Value,
    northbound::{HaChassis, HaChassisGroup},
    southbound::Chassis,
};
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

use super::{Leader, names, wanted::map};
use crate::Network;

/// Candidates in one group, as many as OVN watches well.
const MEMBERS: usize = 5;
/// How long nothing is done after a failure, and how often leadership is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Keeps the members of the groups while `leader` says that this is ours to do. `southbound` watches
/// [`super::southbound_settings`]'s tables. Ends when the connection that sends `events` is gone for good.
pub async fn run_gateway_chooser(
    network: Network,
    southbound: Connection,
    mut events: UnboundedReceiver<Event>,
    leader: Leader,
) {
    loop {
        let seen = network.northbound().replica().version();
        // An empty copy while there is no connection says nothing about the chassis.
        if leader() && southbound.is_connected() && network.northbound().is_connected() {
            let chosen = southbound.replica().read(candidates);
            if let Err(error) = choose(&network, chosen).await {
                let error = ferrostack_base::chain(&error).to_string();
                tracing::warn!(error, "the gateway chassis could not be written; it is tried again");
                network.clock().sleep(LOOK).await;
            }
        }
        tokio::select! {
            event = events.recv() => if event.is_none() { return },
            _ = network.northbound().replica().wait_for_change(seen) => {}
            () = network.clock().sleep(LOOK) => {}
        }
    }
}

/// The names of the chassis that may carry gateways.
fn candidates(contents: &Contents) -> Result<BTreeSet<String>, OvnError> {
    let (mut asked, mut able) = (BTreeSet::new(), BTreeSet::new());
    for (_, chassis) in contents.list::<Chassis>()? {
        // Older chassis have these in `external_ids`.
        let says = |key: &str| {
            chassis.other_config.get(key).or_else(|| chassis.external_ids.get(key)).map_or("", String::as_str)
        };
        if says("ovn-cms-options").split(',').any(|option| option.trim() == "enable-chassis-as-gw") {
            asked.insert(chassis.name.clone());
        }
        if !says("ovn-bridge-mappings").is_empty() {
            able.insert(chassis.name);
        }
    }
    Ok(if asked.is_empty() { able } else { asked })
}

/// The members of a group and their priorities.
fn members(group: Uuid, candidates: &BTreeSet<String>) -> BTreeMap<String, i64> {
    let mut order: Vec<(Uuid, &String)> = candidates.iter().map(|name| (names::derived(group, name), name)).collect();
    order.sort();
    let ranked = order.into_iter().take(MEMBERS).enumerate();
    ranked.map(|(rank, (_, name))| (name.clone(), i64::try_from(MEMBERS - rank).unwrap_or(1))).collect()
}

async fn choose(network: &Network, candidates: Result<BTreeSet<String>, OvnError>) -> Result<(), OvnError> {
    let candidates = candidates?;
    let operations = network.northbound().replica().read(|contents| {
        let groups = (0..names::GATEWAY_GROUPS).map(names::gateway_group_id);
        groups.map(|group| operations(contents, group, &candidates)).collect::<Result<Vec<_>, OvnError>>()
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

    fn first(group: usize, candidates: &BTreeSet<String>) -> String {
        let members = members(names::gateway_group_id(group), candidates);
        members.into_iter().max_by_key(|(_, priority)| *priority).unwrap().0
    }

    #[test]
    fn groups_have_their_own_orders_and_at_most_five_members() {
        let candidates = names_of(8);
        let firsts: BTreeSet<String> = (0..names::GATEWAY_GROUPS).map(|group| first(group, &candidates)).collect();
        assert!(firsts.len() > 2, "{firsts:?}");
        let one = members(names::gateway_group_id(0), &candidates);
        assert_eq!(one.values().copied().collect::<BTreeSet<_>>(), (1..=5).collect());
    }

    #[test]
    fn one_chassis_less_moves_only_what_it_carried() {
        let all = names_of(6);
        let gone = first(3, &all);
        let left: BTreeSet<String> = all.iter().filter(|name| **name != gone).cloned().collect();
        for group in 0..names::GATEWAY_GROUPS {
            if first(group, &all) != gone {
                assert_eq!(first(group, &left), first(group, &all));
            }
        }
    }
}
