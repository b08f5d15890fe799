use ferrostack_base::Clock;
use ferrostack_db::{Row, testing::TestDb};
use ferrostack_http::Params;

use super::*;
use crate::migrations::MIGRATIONS;

static ATTRIBUTES: &[Attribute] = &[
    Attribute::text("id"),
    Attribute::text("name"),
    Attribute::new("stateful", "stateful", ValueKind::Bool),
    Attribute::new("revision_number", "revision", ValueKind::Int),
];
const SELECT: &str = "SELECT id FROM security_group WHERE 1 = 1";

#[derive(Debug)]
struct Id(String);
impl ferrostack_db::FromRow for Id {
    fn from_row(row: &Row) -> Result<Self, ferrostack_db::DbError> {
        row.at(0).map(Self)
    }
}

async fn seeded() -> Vec<TestDb> {
    let all = TestDb::each(Clock::system(), &[MIGRATIONS]).await.unwrap();
    for test in &all {
        let insert = |id: &'static str, name: &'static str, stateful: i64| {
            test.db.tx(move |tx| async move {
                tx.exec(
                    "INSERT INTO security_group (id, project_id, name, description, stateful, tags, revision, created_us, updated_us) \
                     VALUES (?, 'p', ?, '', ?, '[]', 1, 0, 0)",
                    ferrostack_db::args![id, name, stateful],
                )
                .await
            })
        };
        for (id, name, stateful) in [("a", "x", 1), ("b", "y", 0), ("c", "x", 1), ("d", "w", 1)] {
            insert(id, name, stateful).await.unwrap();
        }
        for (id, tag) in [("a", "red"), ("a", "blue"), ("b", "red")] {
            let row = ferrostack_db::args![id, tag];
            test.db
                .tx(|tx| {
                    let row = row.clone();
                    async move { tx.exec("INSERT INTO network_tag (resource_id, tag) VALUES (?, ?)", row).await }
                })
                .await
                .unwrap();
        }
    }
    all
}

async fn list(test: &TestDb, query: &str) -> String {
    let listing = Listing::parse(&Params::parse(query), ATTRIBUTES, &[]).unwrap();
    let found: Found<Id> = listing.run(&test.db, SELECT, "security_group", |_| ()).await.unwrap();
    found.rows.into_iter().map(|id| id.0).collect()
}

#[tokio::test]
async fn filters_order_and_pages_become_sql() {
    for test in seeded().await {
        for (query, expected) in [
            ("", "abcd"),
            ("name=x", "ac"),
            ("name=x&name=w", "acd"),
            ("stateful=False", "b"),
            ("sort_key=name&sort_dir=asc", "dacb"),
            ("sort_key=name&sort_dir=desc", "bacd"),
            ("limit=2", "ab"),
            ("limit=2&marker=b", "cd"),
            ("limit=2&marker=c&sort_key=name", "b"),
            ("limit=2&marker=a&sort_key=name", "cb"),
            ("limit=1&marker=c&page_reverse=True", "b"),
            ("limit=0", "abcd"),
            ("tags=red", "ab"),
            ("tags=red,blue", "a"),
            ("tags-any=blue,green", "a"),
            ("not-tags=red,blue", "bcd"),
            ("not-tags-any=red", "cd"),
            ("name=", ""),
        ] {
            assert_eq!(list(&test, query).await, expected, "{query}");
        }
    }
}

#[test]
fn what_cannot_be_filtered_or_sorted_by_is_refused() {
    for query in ["colour=red", "sort_key=colour", "stateful=maybe", "revision_number=x", "limit=-1"] {
        assert!(Listing::parse(&Params::parse(query), ATTRIBUTES, &[]).is_err(), "{query}");
    }
    assert!(Listing::parse(&Params::parse("fields=id&fields=name"), ATTRIBUTES, &[]).unwrap().fields.want("name"));
}

#[tokio::test]
async fn a_marker_must_exist() {
    let test = seeded().await.remove(0);
    let listing = Listing::parse(&Params::parse("marker=zz"), ATTRIBUTES, &[]).unwrap();
    let found: Result<Found<Id>, _> = listing.run(&test.db, SELECT, "security_group", |_| ()).await;
    assert!(found.unwrap_err().to_string().contains("zz"));
}
