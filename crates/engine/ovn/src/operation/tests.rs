use super::*;
use crate::{ErrorKind, OvnError};

fn all() -> Vec<Operation> {
    let one = [Condition::uuid(Uuid::from_u128(1))];
    vec![
        Operation::insert("Logical_Switch", "sw", Row::new().with("name", "net")),
        Operation::insert_as("Logical_Switch", Uuid::from_u128(9), Row::new()),
        Operation::select("ACL", [Condition::new("priority", Function::GreaterOrEqual, 5)]),
        Operation::Select { table: "ACL".into(), conditions: vec![], columns: Some(vec!["match".into()]) },
        Operation::update("Logical_Switch", one.clone(), Row::new().with("name", "other")),
        Operation::mutate("Logical_Switch", one.clone(), [Mutation::insert("ports", [Uuid::from_u128(2)])]),
        Operation::delete("Logical_Switch", one.clone()),
        Operation::require("Logical_Switch", [Condition::includes("external_ids", "rev", "7")]),
        Operation::require_none("Logical_Switch", [Condition::equal("name", "net")]),
        Operation::Commit { durable: true },
        Operation::Abort,
        Operation::Comment("req-1".into()),
        Operation::Assert { lock: "l".into() },
    ]
}

#[test]
fn every_operation_survives_json() {
    for operation in all() {
        assert_eq!(Operation::from_json(&operation.to_json()).unwrap(), operation);
    }
}

#[test]
fn the_fence_is_a_wait_that_does_not_wait() {
    let fence = Operation::require("Logical_Switch", [Condition::includes("external_ids", "rev", "7")]);
    assert_eq!(
        fence.to_json(),
        json!({"op": "wait", "table": "Logical_Switch", "where": [["external_ids", "includes", ["map", [["rev", "7"]]]]],
               "columns": ["_uuid"], "until": "!=", "rows": [], "timeout": 0})
    );
}

#[test]
fn wrong_operations_name_the_member() {
    for (bad, member) in [
        (json!({"op": "explode"}), "op"),
        (json!({"op": "insert", "row": {}}), "table"),
        (json!({"op": "insert", "table": "T", "row": []}), "row"),
        (json!({"op": "select", "table": "T"}), "where"),
        (json!({"op": "select", "table": "T", "where": [["a", "like", 1]]}), "condition"),
        (json!({"op": "wait", "table": "T", "where": [], "columns": [], "until": "=", "rows": []}), "until"),
    ] {
        let error = Operation::from_json(&bad).unwrap_err();
        assert!(matches!(&error, OvnError::Value { field, .. } if field == member), "{bad}: {error}");
    }
}

#[test]
fn conditions_compare_as_the_rfc_says() {
    let set = Value::set(["a".into(), "b".into()]);
    let map = Value::map([("k".into(), "v".into()), ("l".into(), "w".into())]);
    let pair = |k: &str, v: &str| Value::map([(k.into(), v.into())]);
    for (function, column, value, expected) in [
        (Function::Equal, &set, set.clone(), true),
        (Function::Includes, &set, "a".into(), true),
        (Function::Includes, &set, Value::empty_set(), true),
        (Function::Includes, &set, Value::set(["a".into(), "z".into()]), false),
        (Function::Excludes, &set, Value::set(["a".into(), "z".into()]), false),
        (Function::Excludes, &set, "z".into(), true),
        (Function::Includes, &map, pair("k", "v"), true),
        (Function::Includes, &map, pair("k", "w"), false),
        (Function::Excludes, &map, pair("k", "w"), true),
        (Function::Less, &Value::from(3), 4.into(), true),
        (Function::Greater, &Value::from(3), 3.into(), false),
        (Function::Less, &Value::empty_set(), 4.into(), false),
    ] {
        assert_eq!(function.holds(column, &value), expected, "{function:?} {column:?} {value:?}");
    }
}

#[test]
fn results_are_read_by_their_operation() {
    let operations = [all().remove(0), all().remove(6), all().remove(9)];
    let answer = json!([{"uuid": ["uuid", Uuid::from_u128(5).to_string()]}, {"count": 2}, {}]);
    let results = results_from_json(&operations, &answer).unwrap();
    assert_eq!(
        results,
        [OperationResult::Inserted(Uuid::from_u128(5)), OperationResult::Count(2), OperationResult::Done]
    );
    assert!(results_from_json(&operations, &json!([{}])).is_err());
}

#[test]
fn an_error_of_one_operation_or_of_the_commit_is_the_error_of_all() {
    let operations = [all().remove(7), all().remove(0)];
    let error = results_from_json(&operations, &json!([{"error": "timed out"}, null])).unwrap_err();
    assert!(error.is_stale());
    assert_eq!(error.to_string(), "operation 0 (wait) of the transaction failed: timed out");
    let answer =
        json!([{}, {"uuid": ["uuid", Uuid::nil().to_string()]}, {"error": "constraint violation", "details": "twice"}]);
    let error = results_from_json(&operations, &answer).unwrap_err();
    assert_eq!(error.kind(), Some(&ErrorKind::ConstraintViolation));
    assert_eq!(error.to_string(), "the transaction could not be committed: constraint violation (twice)");
}
