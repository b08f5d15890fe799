//! What the wire does not show: that an undone transaction leaves nothing behind, not in indexes nor in references. What
//! operations answer is held against a real server in `tests/it/parity.rs`.

use std::collections::BTreeMap;

use ferrostack_ovn::{Condition, Mutation, Operation};

use super::*;
use crate::ovsdb::schema;

fn nobody(_: &str) -> bool {
    false
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn run(database: &mut Database, operations: Vec<Operation>) -> Result<Changes, Failure> {
    let mut transaction = Transaction::begin(database, &nobody);
    for operation in operations {
        if let Err(failure) = transaction.execute(operation) {
            transaction.undo();
            return Err(failure);
        }
    }
    transaction.commit()
}

fn insert(table: &str, number: u128, row: Row) -> Operation {
    Operation::insert_as(table, id(number), row)
}

/// A switch (1) with ports 2 and 3, a group (4) with port 2 and rule 5.
fn filled() -> Database {
    let mut database = Database::new(schema::northbound());
    let operations = vec![
        insert(
            "Logical_Switch",
            1,
            Row::new().with("name", "net").with("ports", Value::set([id(2).into(), id(3).into()])),
        ),
        insert("Logical_Switch_Port", 2, Row::new().with("name", "two")),
        insert("Logical_Switch_Port", 3, Row::new().with("name", "three")),
        insert("Port_Group", 4, Row::new().with("name", "group").with("ports", id(2)).with("acls", id(5))),
        insert("ACL", 5, Row::new().with("direction", "to-lport").with("action", "drop").with("match", "1")),
    ];
    run(&mut database, operations).unwrap();
    database
}

/// Everything that the database holds, in an order of its own.
fn dump(database: &Database) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (place, table) in database.tables.iter().enumerate() {
        for (uuid, row) in &table.rows {
            let mut weak = database.weak_references((place, *uuid));
            weak.sort();
            let shown = format!("{:?} strong {} weak {weak:?}", row.values, database.strong_references((place, *uuid)));
            all.insert(format!("{} {uuid}", table.name), shown);
        }
        for (number, index) in table.indexes.iter().enumerate() {
            for (key, rows) in &index.rows {
                all.insert(format!("{} index {number} {key:?}", table.name), format!("{rows:?}"));
            }
        }
    }
    all
}

#[test]
fn a_failed_transaction_leaves_no_trace() {
    let mut database = filled();
    let before = dump(&database);
    let everything = [
        Operation::update("Logical_Switch", [Condition::uuid(id(1))], Row::new().with("name", "other")),
        Operation::mutate("Logical_Switch", [Condition::uuid(id(1))], [Mutation::delete("ports", [id(2)])]),
        Operation::update(
            "Logical_Switch_Port",
            [Condition::uuid(id(3))],
            Row::new().with("name", "renamed").with("tag", 5),
        ),
        Operation::delete("Port_Group", [Condition::uuid(id(4))]),
        insert("Port_Group", 40, Row::new().with("name", "group").with("ports", id(3))),
    ];
    // It fails by its last operation, or at the commit by a port that does not exist.
    let dangling = Operation::mutate("Logical_Switch", [Condition::uuid(id(1))], [Mutation::insert("ports", [id(99)])]);
    for (last, kind) in [(Operation::Abort, ErrorKind::Aborted), (dangling, ErrorKind::ReferentialIntegrityViolation)] {
        let operations = everything.iter().cloned().chain([last]).collect();
        assert_eq!(run(&mut database, operations).unwrap_err().kind, kind);
        assert_eq!(dump(&database), before);
    }
    // What failed only because of its last operation is fine without it, and can be undone after the commit.
    let changes = run(&mut database, everything.to_vec()).unwrap();
    assert_ne!(dump(&database), before);
    undo(&mut database, changes);
    assert_eq!(dump(&database), before);
}

#[test]
fn changes_are_those_of_the_whole_transaction() {
    let mut database = filled();
    let place = database.place("Logical_Switch").unwrap();
    let there_and_back = vec![
        Operation::update("Logical_Switch", [Condition::uuid(id(1))], Row::new().with("name", "other")),
        Operation::update("Logical_Switch", [Condition::uuid(id(1))], Row::new().with("name", "net")),
        insert("DNS", 9, Row::new()),
        Operation::delete("DNS", [Condition::uuid(id(9))]),
    ];
    assert!(run(&mut database, there_and_back).unwrap().is_empty());
    let changed_and_deleted = vec![
        Operation::update("Logical_Switch", [Condition::uuid(id(1))], Row::new().with("name", "other")),
        Operation::delete("Logical_Switch", [Condition::uuid(id(1))]),
    ];
    let changes = run(&mut database, changed_and_deleted).unwrap();
    // The switch as it was before, its two ports, and the group that lost one.
    assert_eq!(changes.len(), 4);
    let RowChange::Deleted(row) = &changes[&(place, id(1))] else { panic!("{changes:?}") };
    assert_eq!(database.tables[place].value(row, "name"), Some(&"net".into()));
}

#[test]
fn one_port_more_costs_no_copy_of_the_others() {
    let mut database = filled();
    let place = database.place("Logical_Switch").unwrap();
    for number in 1000..3000 {
        let operations = vec![
            insert("Logical_Switch_Port", number, Row::new().with("name", format!("port-{number}"))),
            Operation::mutate("Logical_Switch", [Condition::uuid(id(1))], [Mutation::insert("ports", [id(number)])]),
        ];
        let changes = run(&mut database, operations).unwrap();
        let RowChange::Modified(columns) = &changes[&(place, id(1))] else { panic!("{changes:?}") };
        assert_eq!(columns.values().collect::<Vec<_>>(), [&Change::Members([id(number).into()].into())]);
    }
}
