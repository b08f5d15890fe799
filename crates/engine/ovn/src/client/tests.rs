//! Against a server that is written out message by message; the simulated server's tests have whole conversations.

use tokio::io::DuplexStream;

use super::*;
use crate::{Row, RowUpdate};

struct Script {
    messages: MessageReader<tokio::io::ReadHalf<DuplexStream>>,
    writer: tokio::io::WriteHalf<DuplexStream>,
}

impl Script {
    fn begin() -> (Client, Self) {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (reader, writer) = tokio::io::split(theirs);
        (Client::connect(ours), Self { messages: MessageReader::new(reader, 1 << 20), writer })
    }
    async fn expect(&mut self, method: &str) -> Json {
        let message = self.messages.next().await.unwrap().expect("a message");
        assert_eq!(message["method"], method);
        message
    }
    async fn say(&mut self, message: Json) {
        self.writer.write_all(message.to_string().as_bytes()).await.unwrap();
    }
    async fn answer(&mut self, request: &Json, result: Json) {
        self.say(json!({"id": request["id"], "result": result, "error": null})).await;
    }
    async fn refuse(&mut self, request: &Json, error: Json) {
        self.say(json!({"id": request["id"], "result": null, "error": error})).await;
    }
}

#[tokio::test]
async fn answers_find_their_requests_whatever_their_order() {
    let (client, mut server) = Script::begin();
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.request("a", json!([])).await.unwrap() }
    });
    let first_request = server.expect("a").await;
    let second = tokio::spawn(async move { client.request("b", json!([])).await.unwrap() });
    let second_request = server.expect("b").await;
    server.answer(&second_request, json!(2)).await;
    server.answer(&first_request, json!(1)).await;
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (json!(1), json!(2)));
}

#[tokio::test]
async fn the_servers_echo_is_answered() {
    let (_client, mut server) = Script::begin();
    server.say(json!({"method": "echo", "params": ["x"], "id": "e1"})).await;
    let reply = server.messages.next().await.unwrap().unwrap();
    assert_eq!(reply, json!({"result": ["x"], "error": null, "id": "e1"}));
}

#[tokio::test]
async fn an_older_server_is_watched_with_what_it_has() {
    let (client, mut server) = Script::begin();
    let monitoring = tokio::spawn(async move { client.monitor("D", &[WatchedTable::all("T")], None).await.unwrap() });
    for method in ["monitor_cond_since", "monitor_cond"] {
        let request = server.expect(method).await;
        server.refuse(&request, json!({"error": "unknown method"})).await;
    }
    let request = server.expect("monitor").await;
    server.answer(&request, json!({"T": {}})).await;
    // The change follows the answer at once, before the client can have looked.
    let row = Uuid::from_u128(1).to_string();
    server
        .say(json!({"method": "update", "id": null, "params": [request["params"][1], {"T": {row: {"new": {"a": 1}}}}]}))
        .await;
    let mut monitor = monitoring.await.unwrap();
    assert_eq!((monitor.version, monitor.found), (MonitorVersion::Plain, false));
    let update = monitor.updates.recv().await.unwrap();
    assert_eq!(update.rows, [("T".into(), Uuid::from_u128(1), RowUpdate::Insert(Row::new().with("a", 1)))]);
    assert_eq!(monitor.delivered.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_server_with_history_sends_only_what_is_new() {
    let (client, mut server) = Script::begin();
    let known = Uuid::from_u128(7);
    let monitoring =
        tokio::spawn(async move { client.monitor("D", &[WatchedTable::all("T")], Some(known)).await.unwrap() });
    let request = server.expect("monitor_cond_since").await;
    assert_eq!(request["params"][3], known.to_string());
    let last = Uuid::from_u128(8);
    server.answer(&request, json!([true, last.to_string(), {}])).await;
    let monitor = monitoring.await.unwrap();
    assert!(monitor.found);
    assert_eq!(monitor.initial.last_transaction, Some(last));
}

#[tokio::test]
async fn the_end_of_the_connection_ends_all_that_waits() {
    let (client, mut server) = Script::begin();
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.request("a", json!([])).await.unwrap_err() }
    });
    server.expect("a").await;
    drop(server);
    let error = asking.await.unwrap();
    assert!(error.is_outcome_unknown(), "{error}");
    assert!(!client.closed().await.is_empty());
    assert!(client.is_closed());
    assert!(client.echo().await.is_err());
}

#[tokio::test]
async fn a_refusal_carries_the_servers_word() {
    let (client, mut server) = Script::begin();
    let asking = tokio::spawn(async move { client.schema("Nope").await.unwrap_err() });
    let request = server.expect("get_schema").await;
    server.refuse(&request, json!({"error": "unknown database", "details": "Nope"})).await;
    let error = asking.await.unwrap();
    assert_eq!(error.kind(), Some(&ErrorKind::UnknownDatabase));
    assert_eq!(error.to_string(), "the OVSDB server refused get_schema: unknown database (Nope)");
}
