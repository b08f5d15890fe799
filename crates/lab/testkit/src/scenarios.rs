//! Every operation of the services in the failure matrix.

use ferrostack_base::Clock;
use ferrostack_db::{Db, Read};
use ferrostack_saga::{
    Saga,
    matrix::{Scenario, Setup, World},
};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::{Database, TestCloud};

/// An operation on a server with one port, on one of the databases.
#[derive(Debug, Clone, Copy)]
pub struct OnServer {
    /// The operation's kind.
    pub kind: &'static str,
    /// Where.
    pub database: Database,
}

/// All operations that exist; a test compares this with what the services register.
pub const KINDS: [&str; 5] = ["create_server", "delete_server", "reboot_server", "start_server", "stop_server"];

struct Servers {
    cloud: TestCloud,
    kind: &'static str,
    /// The server that was there before the operation; none for `create_server`.
    server: Option<String>,
}

impl Scenario for OnServer {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn world(&self, setup: Setup) -> BoxFuture<'_, Box<dyn World>> {
        Box::pin(async move {
            let cloud =
                TestCloud::start(self.database, setup).await.expect("asked for only where there is such a database");
            let mut servers = Servers { cloud, kind: self.kind, server: None };
            if self.kind != "create_server" {
                // Through the second controller, which suffers no faults.
                let id = servers.cloud.create_server(1, "matrix").await;
                servers.settled().await;
                if self.kind == "start_server" {
                    servers.act(1, &id, "os-stop").await;
                    servers.settled().await;
                }
                servers.server = Some(id);
            }
            Box::new(servers) as Box<dyn World>
        })
    }
}

impl Servers {
    /// Waits until the preparation is through.
    async fn settled(&self) {
        let real = Clock::system();
        for _ in 0..5000 {
            if ferrostack_saga::store::live(&self.cloud.db).await.expect("a query").is_empty() {
                return;
            }
            real.sleep(std::time::Duration::from_millis(2)).await;
        }
        panic!("the preparation of {} does not come to an end", self.kind);
    }

    async fn act(&self, controller: usize, server: &str, action: &str) {
        let body = if action == "reboot" { json!({"reboot": {"type": "HARD"}}) } else { json!({action: null}) };
        let path = format!("/compute/v2.1/servers/{server}/action");
        let (status, answer) = self.cloud.call(controller, "member:demo", "POST", &path, body).await;
        assert_eq!(status, 202, "{action}: {answer}");
    }

    async fn delete(&self, controller: usize, server: &str) {
        let path = format!("/compute/v2.1/servers/{server}");
        let (status, answer) = self.cloud.call(controller, "member:demo", "DELETE", &path, Value::Null).await;
        assert!(status == 204 || status == 404, "{status} {answer}");
    }
}

impl World for Servers {
    fn clock(&self) -> Clock {
        self.cloud.clock.clone()
    }

    fn db(&self) -> Db {
        self.cloud.db.clone()
    }

    fn first(&self) -> Saga {
        self.cloud.controllers[0].saga.clone()
    }

    fn second(&self) -> Saga {
        self.cloud.controllers[1].saga.clone()
    }

    fn start(&self) -> BoxFuture<'_, String> {
        Box::pin(async move {
            let id = self.server.clone().unwrap_or_default();
            let id = match self.kind {
                "create_server" => self.cloud.create_server(0, "matrix").await,
                "delete_server" => {
                    self.delete(0, &id).await;
                    id
                }
                kind => {
                    let action = match kind {
                        "stop_server" => "os-stop",
                        "start_server" => "os-start",
                        _ => "reboot",
                    };
                    self.act(0, &id, action).await;
                    id
                }
            };
            format!("server {id}")
        })
    }

    fn follow_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let sql = "SELECT id, status FROM server WHERE deleted = 0";
            let Some(row) = self.cloud.db.one(sql, vec![]).await.expect("a query") else { return };
            let (id, status): (String, String) = (row.get("id").expect("an id"), row.get("status").expect("a status"));
            match (self.kind, status.as_str()) {
                ("start_server", "ACTIVE") => self.act(1, &id, "os-stop").await,
                ("stop_server", "SHUTOFF") => self.act(1, &id, "os-start").await,
                _ => self.delete(1, &id).await,
            }
        })
    }

    fn restart_agents(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.cloud.nodes.restart().expect("nodes restart") })
    }

    fn problems(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(self.cloud.problems())
    }
}
