use serde_json::json;

use super::*;

fn schema() -> DatabaseSchema {
    let map = json!({"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}});
    let set = json!({"type": {"key": "string", "min": 0, "max": "unlimited"}});
    let optional = json!({"type": {"key": "boolean", "min": 0, "max": 1}});
    let columns = json!({"name": {"type": "string"}, "ports": set, "up": optional, "external_ids": map});
    DatabaseSchema::from_json(&json!({"name": "D", "version": "1.0.0", "tables": {"T": {"columns": columns}}})).unwrap()
}

fn ids(value: &str) -> Value {
    Value::map([("id".into(), value.into())])
}

fn replica() -> Replica {
    let replica = Replica::new("id");
    let row = Row::new().with("name", "one").with("external_ids", ids("first")).with("up", Value::empty_set());
    replica.reset(&schema(), &[WatchedTable::all("T")], update(1, RowUpdate::Insert(row)));
    replica
}

fn update(uuid: u128, update: RowUpdate) -> Update {
    Update { rows: vec![("T".into(), Uuid::from_u128(uuid), update)], last_transaction: None }
}

#[test]
fn rows_are_found_by_identifier_name_and_external_id() {
    let replica = replica();
    replica.read(|contents| {
        let row = contents.row("T", Uuid::from_u128(1)).unwrap();
        assert_eq!(row.get("up"), None, "defaults are not kept");
        assert_eq!(contents.rows_named("T", "one").count(), 1);
        assert_eq!(contents.rows_with_external_id("T", "first").count(), 1);
        assert_eq!(contents.rows_with_external_id("T", "other").count(), 0);
        assert_eq!(contents.rows("Unwatched").count(), 0);
    });
}

#[test]
fn differences_and_indexes_follow_changes() {
    let replica = replica();
    let differences = Row::new()
        .with("ports", Value::set(["a".into(), "b".into()]))
        .with("up", true)
        // The old pair and the new one under the same key: the new value stands in the difference.
        .with("external_ids", ids("second"));
    let changes = replica.apply(update(1, RowUpdate::Modify(differences)));
    let columns = ["external_ids", "ports", "up"].map(Arc::from).to_vec();
    assert_eq!(changes, [Change { table: "T".into(), uuid: Uuid::from_u128(1), kind: ChangeKind::Modified(columns) }]);
    replica.apply(update(1, RowUpdate::Modify(Row::new().with("ports", "a").with("up", Value::empty_set()))));
    replica.read(|contents| {
        let (_, row) = contents.rows_with_external_id("T", "second").next().unwrap();
        assert_eq!(row, &Row::new().with("name", "one").with("ports", "b").with("external_ids", ids("second")));
        assert_eq!(contents.rows_with_external_id("T", "first").count(), 0);
    });
}

#[test]
fn whole_rows_of_the_plain_monitor_name_only_what_changed() {
    let replica = replica();
    let row = Row::new().with("name", "two").with("external_ids", ids("first")).with("up", Value::empty_set());
    let changes = replica.apply(update(1, RowUpdate::Replace(row)));
    assert_eq!(changes[0].kind, ChangeKind::Modified(vec!["name".into()]));
    replica.read(|contents| {
        assert_eq!(contents.rows_named("T", "one").count(), 0);
        assert_eq!(contents.rows_named("T", "two").count(), 1);
    });
}

#[test]
fn a_deleted_row_says_what_it_was() {
    let replica = replica();
    let changes = replica.apply(update(1, RowUpdate::Delete));
    assert!(matches!(&changes[0].kind, ChangeKind::Deleted(row) if row.external_id("id") == Some("first")));
    assert_eq!(replica.apply(update(1, RowUpdate::Delete)), []);
    assert_eq!(replica.read(|contents| contents.rows_named("T", "one").count()), 0);
}

#[tokio::test]
async fn who_waits_is_woken_by_the_change() {
    let replica = replica();
    let waiting = tokio::spawn({
        let replica = replica.clone();
        async move { replica.wait_until(|contents| contents.rows_named("T", "new").next().map(|(uuid, _)| uuid)).await }
    });
    let seen = replica.version();
    replica.apply(update(2, RowUpdate::Insert(Row::new().with("name", "new"))));
    assert_eq!(replica.wait_for_change(seen).await, seen + 1);
    assert_eq!(waiting.await.unwrap(), Uuid::from_u128(2));
}
