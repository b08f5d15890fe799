//! A node's agent as a controller reaches it.

use std::net::SocketAddr;

use axum::http::Method;
use ferrostack_agent_api::{
    Agent, ByteStream, ConsoleKind, DomainReport, DomainSpec, EngineFacts, EngineObject, NodeFacts, OneShot, Reply,
};
use ferrostack_base::Fence;
use uuid::Uuid;

use super::{Channel, Question, Target, stream};
use crate::{
    options::Link,
    tls::{Expected, Role},
    wire,
};

/// The agent of the node of that name, wherever it listens. Every call that fails on the way is `Unreachable`: whether the
/// node did anything is not known. Dropping a call tells the node that nobody waits any more.
pub struct RemoteAgent {
    channel: Channel,
}

impl RemoteAgent {
    /// Connects on the first call.
    pub fn new(link: Link, name: &str, address: SocketAddr) -> Self {
        let expected = Expected { role: Role::Agent, name: Some(name.to_owned()) };
        Self { channel: Channel::new(link, Target { authority: address.to_string(), expected }) }
    }

    /// A question about what is, which is answered soon or not at all.
    fn question(&self, path: impl Into<String>) -> Question {
        Question::get(path).within(self.channel.link().options().question_patience)
    }
}

impl Agent for RemoteAgent {
    fn facts(&self) -> Reply<'_, NodeFacts> {
        Box::pin(self.channel.ask(self.question("/v1/facts")))
    }

    fn put_domain<'a>(&'a self, spec: &'a DomainSpec) -> Reply<'a, DomainReport> {
        Box::pin(async move {
            let path = format!("/v1/domains/{}", spec.server);
            self.channel.ask(Question::with_body(Method::PUT, path, spec)?).await
        })
    }

    fn drop_domain(&self, server: Uuid, fence: Fence) -> Reply<'_, ()> {
        Box::pin(async move {
            let path = format!("/v1/domains/{server}?fence={}", fence.0);
            let question = Question { method: Method::DELETE, ..Question::get(path) };
            self.channel.ask_bytes(question).await.map(drop)
        })
    }

    fn one_shot<'a>(&'a self, shot: &'a OneShot) -> Reply<'a, DomainReport> {
        Box::pin(async move { self.channel.ask(Question::with_body(Method::POST, "/v1/one-shots", shot)?).await })
    }

    fn console_log(&self, server: Uuid, lines: Option<usize>) -> Reply<'_, String> {
        Box::pin(async move {
            let lines = lines.map(|lines| format!("?lines={lines}")).unwrap_or_default();
            let question = self.question(format!("/v1/domains/{server}/console-log{lines}"));
            let log = self.channel.ask_bytes(question).await?;
            Ok(String::from_utf8_lossy(&log).into_owned())
        })
    }

    fn domains(&self) -> Reply<'_, Vec<DomainReport>> {
        Box::pin(self.channel.ask(self.question("/v1/domains")))
    }

    fn open_console(&self, server: Uuid, kind: ConsoleKind) -> Reply<'_, Box<dyn ByteStream>> {
        Box::pin(async move {
            let path = format!("/v1/domains/{server}/consoles/{}", wire::console_name(kind));
            stream::open_duplex(self.channel.link(), self.channel.target(), &path).await
        })
    }

    fn engines(&self) -> Reply<'_, Vec<EngineFacts>> {
        Box::pin(self.channel.ask(self.question("/v1/engines")))
    }

    fn explain(&self, server: Uuid) -> Reply<'_, Vec<EngineObject>> {
        Box::pin(self.channel.ask(self.question(format!("/v1/domains/{server}/engine-objects"))))
    }
}
