//! The cloud's API as a user calls it.

use std::{path::Path, time::Duration};

use ferrostack_base::Clock;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// How long a server may take for each change of its status.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Api {
    client: Client,
    base: String,
    token: String,
}

impl Api {
    pub(super) async fn log_in(base: &str, password: &str) -> Self {
        // A connection that is kept would be one to a controller that was killed.
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let mut api = Self { client, base: base.to_owned(), token: String::new() };
        let user = json!({"name": "admin", "domain": {"id": "default"}, "password": password});
        let scope = json!({"project": {"name": "admin", "domain": {"id": "default"}}});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let answer = api
            .send(Method::POST, "/identity/v3/auth/tokens", json!({"auth": {"identity": identity, "scope": scope}}))
            .await;
        api.token = answer.headers()["x-subject-token"].to_str().unwrap().to_owned();
        api
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Response {
        let request = self.client.request(method.clone(), format!("{}{path}", self.base));
        let answer = request.header("x-auth-token", &self.token).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {}: {}", answer.status(), answer.text().await.unwrap());
        answer
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.send(Method::POST, path, body).await.json().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.base)).header("x-auth-token", &self.token);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Uploads an image.
    pub(crate) async fn image(&self, file: &Path) -> String {
        let wanted = json!({"name": "tiny", "disk_format": "qcow2", "container_format": "bare"});
        let image = self.post("/image/v2/images", wanted).await["id"].as_str().unwrap().to_owned();
        let upload = self.client.put(format!("{}/image/v2/images/{image}/file", self.base));
        let upload = upload.header("x-auth-token", &self.token).header("content-type", "application/octet-stream");
        let answer = upload.body(std::fs::read(file).unwrap()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        image
    }

    /// A network with a subnet.
    pub(crate) async fn network(&self) -> String {
        let network = self.post("/network/v2.0/networks", json!({"network": {"name": "inside"}})).await;
        let network = network["network"]["id"].as_str().unwrap().to_owned();
        let subnet = json!({"subnet": {"network_id": network, "ip_version": 4, "cidr": "10.7.0.0/24"}});
        self.post("/network/v2.0/subnets", subnet).await;
        network
    }

    /// Asks for a server; its id, and that of the request.
    pub(crate) async fn boot(&self, name: &str, image: &str, network: &str) -> (String, String) {
        let server = json!({"name": name, "imageRef": image, "flavorRef": "42", "networks": [{"uuid": network}]});
        let answer = self.send(Method::POST, "/compute/v2.1/servers", json!({"server": server})).await;
        let request = answer.headers()["x-openstack-request-id"].to_str().unwrap().to_owned();
        let server: Value = answer.json().await.unwrap();
        (server["server"]["id"].as_str().unwrap().to_owned(), request)
    }

    /// A server's status; `None` when it is gone.
    pub(crate) async fn status(&self, server: &str) -> Option<String> {
        let shown = self.get(&format!("/compute/v2.1/servers/{server}")).await;
        shown["server"]["status"].as_str().map(str::to_owned)
    }

    /// Waits until a server has that status.
    pub(crate) async fn becomes(&self, server: &str, status: &str) {
        self.until(server, Some(status)).await;
    }

    async fn until(&self, server: &str, wanted: Option<&str>) {
        let clock = Clock::system();
        let waited = clock.timeout(PATIENCE, async {
            loop {
                let status = self.status(server).await;
                if status.as_deref() == wanted {
                    return;
                }
                assert_ne!(
                    status.as_deref(),
                    Some("ERROR"),
                    "{}",
                    self.get(&format!("/compute/v2.1/servers/{server}")).await
                );
                clock.sleep(Duration::from_millis(200)).await;
            }
        });
        if waited.await.is_err() {
            panic!("not {wanted:?}: {}", self.get(&format!("/compute/v2.1/servers/{server}")).await);
        }
    }

    /// Asks for an action.
    pub(crate) async fn act(&self, server: &str, action: Value) {
        self.send(Method::POST, &format!("/compute/v2.1/servers/{server}/action"), action).await;
    }

    /// What the console says when it says that.
    pub(crate) async fn console(&self, server: &str, word: &str) -> String {
        let clock = Clock::system();
        let path = format!("/compute/v2.1/servers/{server}/action");
        let mut said = String::new();
        let waited = clock.timeout(PATIENCE, async {
            while !said.contains(word) {
                clock.sleep(Duration::from_millis(500)).await;
                let answer = self.post(&path, json!({"os-getConsoleOutput": {}})).await;
                said = answer["output"].as_str().unwrap().to_owned();
            }
        });
        let late = waited.await.is_err();
        assert!(!late, "no {word}: {said}");
        said
    }

    /// Deletes a server and waits until it is gone.
    pub(crate) async fn delete(&self, server: &str) {
        self.send(Method::DELETE, &format!("/compute/v2.1/servers/{server}"), Value::Null).await;
        self.until(server, None).await;
    }
}
