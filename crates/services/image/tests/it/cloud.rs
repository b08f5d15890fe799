//! A service to talk to.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ferrostack_auth::{Authenticated, Policy, Scope};
use ferrostack_base::Clock;
use ferrostack_db::{Db, testing::TestDb};
use ferrostack_http::{
    AuthFuture, Authenticator, Dialect, Fault, Gate, Service,
    axum::{
        Router,
        body::{Body, Bytes},
        http::{HeaderMap, Request, StatusCode},
    },
};
use ferrostack_image::{ACTIONS, Image, ImageOptions, MIGRATIONS, routes};
use ferrostack_policy::Role;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Tokens are `ROLE:PROJECT`; an administrator has the other roles too, and so on downwards.
struct Tokens;

impl Authenticator for Tokens {
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a> {
        Box::pin(async move {
            let (role, project) =
                token.split_once(':').ok_or_else(|| Fault::unauthorized("The token is not valid."))?;
            let names = ["admin", "member", "reader"];
            let from = names
                .iter()
                .position(|name| *name == role)
                .ok_or_else(|| Fault::unauthorized("The token is not valid."))?;
            Ok(Arc::new(identity(project, &names[from..])))
        })
    }
}

pub(crate) fn identity(project: &str, roles: &[&str]) -> Authenticated {
    Authenticated {
        user_id: format!("user-of-{project}"),
        user_name: "someone".to_owned(),
        user_domain_id: "default".to_owned(),
        user_domain_name: "Default".to_owned(),
        scope: Scope::Project {
            id: project.to_owned(),
            name: project.to_owned(),
            domain_id: "default".to_owned(),
            domain_name: "Default".to_owned(),
            is_domain: false,
        },
        roles: roles.iter().map(|name| Role { id: format!("role-{name}"), name: (*name).to_owned() }).collect(),
        expires_at_us: i64::MAX,
        audit_ids: Vec::new(),
        methods: Vec::new(),
    }
}

pub(crate) fn policy() -> Arc<Policy> {
    Arc::new(Policy::new([ACTIONS]).unwrap())
}

pub(crate) struct Cloud {
    pub(crate) image: Image,
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    app: Router,
    dir: tempfile::TempDir,
    _test: TestDb,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }
}

const PATCH: &str = "application/openstack-images-v2.1-json-patch";
pub(crate) const OWNER: &str = "member:p1";
pub(crate) const OTHER: &str = "member:p2";
pub(crate) const ADMIN: &str = "admin:p0";

impl Cloud {
    pub(crate) async fn each() -> Vec<Self> {
        Self::each_with(|_| {}).await
    }

    pub(crate) async fn each_with(change: impl Fn(&mut ImageOptions)) -> Vec<Self> {
        let clock = Clock::manual();
        let mut clouds = Vec::new();
        for test in TestDb::each(clock.clone(), &[MIGRATIONS]).await.unwrap() {
            let dir = tempfile::tempdir().unwrap();
            let mut options = ImageOptions::new(dir.path());
            change(&mut options);
            let image = Image::new(test.db.clone(), options);
            image.start().await.unwrap();
            let gate = Gate { authenticator: Arc::new(Tokens), policy: policy() };
            let service = Service { name: "image", dialect: Dialect::Image, versions: None, gate, observer: None };
            let app = Router::new().nest_service("/image", service.mount(routes(), image.clone()));
            clouds.push(Self { image, clock: clock.clone(), db: test.db.clone(), app, dir, _test: test });
        }
        clouds
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) async fn call(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder().method(method).uri(format!("/image{path}")).header("host", "cloud:8080");
        let request = if token.is_empty() { request } else { request.header("x-auth-token", token) };
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let media_type = if method == "PATCH" { PATCH } else { "application/json" };
        let request = request.header("content-type", media_type).body(body).unwrap();
        self.send(request).await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(token, "GET", path, None).await
    }

    pub(crate) async fn create(&self, token: &str, body: Value) -> String {
        let answer = self.call(token, "POST", "/v2/images", Some(body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// A queued raw image of the owner.
    pub(crate) async fn queued(&self) -> String {
        self.create(OWNER, json!({"name": "tiny", "disk_format": "raw", "container_format": "bare"})).await
    }

    /// An active raw image of the owner.
    pub(crate) async fn active(&self, data: &[u8]) -> String {
        let id = self.queued().await;
        assert_eq!(self.upload(OWNER, &id, data.to_vec()).await.status, 204);
        id
    }

    pub(crate) async fn upload(&self, token: &str, id: &str, data: impl Into<Body>) -> Answer {
        self.send(upload(token, id, data)).await
    }

    pub(crate) async fn patch(&self, token: &str, id: &str, body: Value) -> Answer {
        self.patch_as(token, id, PATCH, body).await
    }

    pub(crate) async fn patch_as(&self, token: &str, id: &str, media_type: &str, body: Value) -> Answer {
        let request = Request::builder().method("PATCH").uri(format!("/image/v2/images/{id}"));
        let request = request.header("x-auth-token", token).header("content-type", media_type);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn show(&self, id: &str) -> Value {
        let answer = self.get(ADMIN, &format!("/v2/images/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Ids in the order of a list.
    pub(crate) async fn ids(&self, token: &str, query: &str) -> Vec<String> {
        let answer = self.get(token, &format!("/v2/images{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        let images = answer.json();
        images["images"].as_array().unwrap().iter().map(|image| image["id"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// Names of all files in the store.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        for dir in [self.dir(), self.dir().join("incoming")] {
            for entry in std::fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_file() {
                    names.push(entry.file_name().into_string().unwrap());
                }
            }
        }
        names
    }

    /// Waits until the image has that status.
    pub(crate) async fn until(&self, id: &str, status: &str) {
        for _ in 0..500 {
            if self.show(id).await["status"] == status {
                return;
            }
            Clock::system().sleep(Duration::from_millis(10)).await;
        }
        panic!("{id} does not become {status}");
    }

    pub(crate) fn app(&self) -> Router {
        self.app.clone()
    }
}

pub(crate) fn upload(token: &str, id: &str, data: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method("PUT").uri(format!("/image/v2/images/{id}/file"));
    request.header("x-auth-token", token).header("content-type", "application/octet-stream").body(data.into()).unwrap()
}

/// A qcow2 image of a disk of 64 MiB; `backing` is the offset of a backing file's name.
pub(crate) fn qcow2(backing: u64) -> Vec<u8> {
    let mut image = vec![0; 65_536];
    image[..8].copy_from_slice(b"QFI\xfb\x00\x00\x00\x03");
    image[8..16].copy_from_slice(&backing.to_be_bytes());
    image[20..24].copy_from_slice(&16_u32.to_be_bytes());
    image[24..32].copy_from_slice(&(64_u64 << 20).to_be_bytes());
    image[100..104].copy_from_slice(&112_u32.to_be_bytes());
    image
}

pub(crate) fn no_content(answer: &Answer) -> bool {
    answer.status == StatusCode::NO_CONTENT.as_u16() && answer.body.is_empty()
}
