//! Which chassis are alive.
//!
//! Theory of operation. The leader raises `NB_Global.nb_cfg` now and then. northd carries the number into the Southbound
//! database, and each ovn-controller that works writes it into its `Chassis_Private` row. A chassis that stays behind
//! for longer than it is given is taken for dead, until it moves again. Only this process's clock is asked, so nodes
//! with wrong clocks do not matter; and only what northd has carried over counts, so that a northd that is away makes
//! nobody dead. Every controller judges by itself from its copy of the Southbound database.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use ferrostack_base::Timestamp;
use ferrostack_ovn::{
    Contents, Mutation, Mutator, Operation, OvnError, Row, Table,
    northbound::NbGlobal,
    southbound::{Chassis, ChassisPrivate, SbGlobal},
};
use uuid::Uuid;

use crate::Network;

/// What is known of a chassis' answers.
#[derive(Debug, Clone, Copy)]
struct Answers {
    /// The last number that it wrote.
    last: i64,
    /// Since when it has been behind; the moment of the last look when it is not.
    since: Timestamp,
    is_dead: bool,
}

/// What is known of all.
#[derive(Debug, Default)]
pub(crate) struct Liveness(Mutex<BTreeMap<String, Answers>>);

impl Liveness {
    /// Whether the chassis of that name may be taken to work. One that nobody knows yet may.
    pub(super) fn is_alive(&self, chassis: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(chassis).is_none_or(|answers| !answers.is_dead)
    }

    /// Looks at what was asked and answered, and gives the chassis that died or came back.
    pub(super) fn look(
        &self,
        contents: &Contents,
        now: Timestamp,
        down_after: Duration,
    ) -> Result<BTreeSet<String>, OvnError> {
        let asked = contents.list::<SbGlobal>()?.first().map_or(0, |(_, global)| global.nb_cfg);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = BTreeSet::new();
        let mut present = BTreeSet::new();
        for (_, row) in contents.list::<ChassisPrivate>()? {
            let answers =
                known.entry(row.name.clone()).or_insert(Answers { last: row.nb_cfg, since: now, is_dead: false });
            if row.nb_cfg != answers.last || row.nb_cfg >= asked {
                (answers.last, answers.since) = (row.nb_cfg, now);
            }
            let is_dead = answers.since + down_after <= now && row.nb_cfg < asked;
            if is_dead != answers.is_dead {
                answers.is_dead = is_dead;
                changed.insert(row.name.clone());
            }
            present.insert(row.name);
        }
        known.retain(|name, _| present.contains(name));
        Ok(changed)
    }

    /// Begins anew: what was asked and answered meanwhile is not known.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Asks all chassis for a sign of life.
pub(super) async fn ask(network: &Network) -> Result<(), OvnError> {
    let more = [Mutation::new("nb_cfg", Mutator::Add, 1)];
    network.northbound().transact(&[Operation::mutate(NbGlobal::TABLE, [], more)]).await.map(drop)
}

/// The name and the host name of the chassis that a binding names.
pub(super) fn named<'a>(southbound: &'a Contents, chassis: Uuid) -> Option<(&'a str, &'a str)> {
    let row = southbound.row(Chassis::TABLE, chassis)?;
    let text = |row: &'a Row, column| row.get(column).and_then(|value| value.as_atom()?.as_str()).unwrap_or_default();
    Some((text(row, "name"), text(row, "hostname")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrostack_ovn::{DatabaseSchema, Replica, RowUpdate, Update, Value, WatchedTable, southbound};

    const PATIENCE: Duration = Duration::from_secs(40);

    struct World {
        replica: Replica,
        liveness: Liveness,
    }

    impl World {
        fn new() -> Self {
            let column = |kind: &str| serde_json::json!({"type": kind});
            let table = |columns: serde_json::Value| serde_json::json!({"columns": columns});
            let schema = DatabaseSchema::from_json(&serde_json::json!({"name": southbound::DATABASE, "version": "1.0.0", "tables": {
                "SB_Global": table(serde_json::json!({"nb_cfg": column("integer")})),
                "Chassis_Private": table(serde_json::json!({"name": column("string"), "nb_cfg": column("integer")})),
            }}))
            .unwrap();
            let replica = Replica::new("id");
            replica.reset(&schema, &["SB_Global", "Chassis_Private"].map(WatchedTable::all), Update::default());
            Self { replica, liveness: Liveness::default() }
        }

        fn set(&self, table: &'static str, number: u128, row: Row) {
            let rows = vec![(table.into(), Uuid::from_u128(number), RowUpdate::Insert(row))];
            self.replica.apply(Update { rows, last_transaction: None });
        }

        fn asked(&self, number: i64) {
            self.set("SB_Global", 1, Row::new().with("nb_cfg", number));
        }

        fn answered(&self, name: &str, number: i64) {
            let row = Row::new().with("name", Value::from(name)).with("nb_cfg", number);
            self.set("Chassis_Private", u128::from(name.as_bytes()[0]), row);
        }

        /// Who died or came back.
        fn look(&self, second: i64) -> Vec<String> {
            let now = Timestamp::from_micros(second * 1_000_000);
            let changed = self.replica.read(|contents| self.liveness.look(contents, now, PATIENCE)).unwrap();
            changed.into_iter().collect()
        }
    }

    #[test]
    fn who_stays_behind_is_dead_until_it_moves() {
        let world = World::new();
        world.asked(5);
        world.answered("a", 5);
        world.answered("b", 5);
        assert!(world.look(0).is_empty());
        for (second, number) in [(10, 6), (20, 7), (30, 8), (39, 9)] {
            world.asked(number);
            world.answered("a", number);
            assert!(world.look(second).is_empty(), "{second}");
        }
        world.asked(10);
        world.answered("a", 10);
        assert_eq!(world.look(50), ["b"]);
        assert!(world.liveness.is_alive("a") && !world.liveness.is_alive("b"));
        // It is slow, but it works.
        world.answered("b", 7);
        assert_eq!(world.look(51), ["b"]);
        assert!(world.liveness.is_alive("b"));
    }

    #[test]
    fn who_was_asked_nothing_owes_nothing_and_a_new_one_has_time() {
        let world = World::new();
        world.asked(5);
        world.answered("a", 5);
        assert!(world.look(0).is_empty() && world.look(1000).is_empty());
        world.asked(6);
        assert!(world.look(1001).is_empty());
        world.answered("c", 0);
        assert!(world.look(1020).is_empty());
        assert_eq!(world.look(1045), ["a"]);
        assert_eq!(world.look(1061), ["c"]);
        world.liveness.forget();
        assert!(world.liveness.is_alive("a") && world.look(1062).is_empty());
    }
}
