//! Thousands of small random transactions to the simulated server and to a real one: whatever the order of joining,
//! leaving, renaming and deleting, both answer the same and end with the same contents.

use std::collections::BTreeMap;

use ferrostack_ovn::{Client, Condition, Mutation, Operation, Row, Value};
use ferrostack_sim::ovsdb::Ovsdb;
use uuid::Uuid;

use crate::real_server::RealServer;

const DATABASE: &str = "OVN_Northbound";
const TRANSACTIONS: usize = 3000;

/// The next number of a fixed sequence, below `limit` (Knuth's constants).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn of(&mut self, first: u128, count: u64) -> Uuid {
        Uuid::from_u128(first + u128::from(self.roll(count)))
    }
}

/// Few rows, so that transactions meet: switches 1-3, ports 11-16, groups 21-22, rules 31-33, options 41-42.
fn operation(dice: &mut Dice) -> Operation {
    let name = format!("name-{}", dice.roll(7));
    let mutator = dice.roll(2) == 0;
    let members = |column: &str, dice: &mut Dice, first: u128, count: u64| {
        let members = [dice.of(first, count), dice.of(first, count)];
        if mutator { Mutation::insert(column, members) } else { Mutation::delete(column, members) }
    };
    let rule = Row::new()
        .with("direction", "to-lport")
        .with("action", "drop")
        .with("priority", i64::try_from(dice.roll(3)).unwrap());
    match dice.roll(14) {
        0 => Operation::insert_as(
            "Logical_Switch",
            dice.of(1, 3),
            Row::new().with("name", name).with("ports", dice.of(11, 6)),
        ),
        1 | 2 => Operation::insert_as(
            "Logical_Switch_Port",
            dice.of(11, 6),
            Row::new().with("name", name).with("dhcpv4_options", dice.of(41, 2)),
        ),
        3 => Operation::insert_as(
            "Port_Group",
            dice.of(21, 2),
            Row::new().with("name", name).with("ports", dice.of(11, 6)),
        ),
        4 => Operation::insert_as("ACL", dice.of(31, 3), rule),
        5 => Operation::insert_as("DHCP_Options", dice.of(41, 2), Row::new().with("cidr", name)),
        6 | 7 => Operation::mutate("Logical_Switch", [Condition::uuid(dice.of(1, 3))], [members("ports", dice, 11, 6)]),
        8 => Operation::mutate("Logical_Switch", [], [members("acls", dice, 31, 3)]),
        9 => Operation::mutate(
            "Port_Group",
            [Condition::uuid(dice.of(21, 2))],
            [members("ports", dice, 11, 6), members("acls", dice, 31, 3)],
        ),
        10 => Operation::update(
            "Logical_Switch_Port",
            [Condition::uuid(dice.of(11, 6))],
            Row::new().with("name", name).with("dhcpv4_options", dice.of(41, 2)),
        ),
        11 => {
            let pairs = Value::map([("k".into(), name.as_str().into())]);
            let mutator = if mutator { ferrostack_ovn::Mutator::Insert } else { ferrostack_ovn::Mutator::Delete };
            Operation::mutate("Logical_Switch", [], [Mutation::new("external_ids", mutator, pairs)])
        }
        12 => {
            let (table, first, count) = [("Logical_Switch", 1, 3), ("Port_Group", 21, 2), ("DHCP_Options", 41, 2)]
                [usize::try_from(dice.roll(3)).unwrap()];
            Operation::delete(table, [Condition::uuid(dice.of(first, count))])
        }
        _ => Operation::delete("Logical_Switch_Port", [Condition::equal("name", name)]),
    }
}

async fn contents(client: &Client) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for table in ["Logical_Switch", "Logical_Switch_Port", "Port_Group", "ACL", "DHCP_Options"] {
        let rows = client.transact(DATABASE, &[Operation::select(table, [])]).await.unwrap().remove(0).rows();
        for mut row in rows {
            row.take("_version");
            all.insert(format!("{table} {:?}", row.uuid()), format!("{row:?}"));
        }
    }
    all
}

#[tokio::test]
async fn random_transactions_end_the_same_on_a_real_server() {
    let Some(server) = RealServer::start().await else { return };
    let real = Client::connect(server.endpoint().connect().await.unwrap());
    let simulated = Ovsdb::bare();
    let simulated = Client::connect(simulated.endpoint().connect().await.unwrap());
    let mut dice = Dice(7);
    let mut done = 0;
    for number in 0..TRANSACTIONS {
        let count = 1 + dice.roll(4);
        let operations: Vec<Operation> = (0..count).map(|_| operation(&mut dice)).collect();
        let expected = real.transact(DATABASE, &operations).await;
        let found = simulated.transact(DATABASE, &operations).await;
        match (&expected, &found) {
            (Ok(expected), Ok(found)) => {
                assert_eq!(expected, found, "transaction {number}: {operations:#?}");
                done += 1;
            }
            (Err(expected), Err(found)) => {
                assert_eq!(expected.kind(), found.kind(), "transaction {number}: {operations:#?}")
            }
            _ => panic!("transaction {number}: real {expected:?}, simulated {found:?}: {operations:#?}"),
        }
        if number % 100 == 99 {
            assert_eq!(contents(&real).await, contents(&simulated).await, "after transaction {number}");
        }
    }
    // A sequence in which nearly everything fails would show nothing.
    assert!(done > TRANSACTIONS / 5, "only {done} of {TRANSACTIONS} were committed");
    eprintln!("{done} of {TRANSACTIONS} were committed");
}
