//! The context of a request.

use std::sync::Arc;

use ferrostack_policy::{Creds, Denied, Policy, Target};
use serde::{Deserialize, Serialize};

use crate::{AuthError, Authenticated, Microversion};

/// What accompanies a request through all rooms: its ids, who asks, at which microversion, under which policy.
/// Background tasks have one too ([`Ctx::internal`]). Clones share one allocation.
#[derive(Debug, Clone)]
pub struct Ctx(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    request_id: Box<str>,
    global_request_id: Option<Box<str>>,
    asker: Asker,
    service: Option<Arc<Authenticated>>,
    microversion: Microversion,
}

#[derive(Debug, Clone)]
enum Asker {
    /// A request from outside. Without a token there is no identity.
    Client { identity: Option<Arc<Authenticated>>, policy: Arc<Policy> },
    /// The cloud itself, perhaps on behalf of a user whose request was accepted earlier.
    Cloud { user_id: Option<Box<str>>, project_id: Option<Box<str>> },
}

/// On whose behalf an operation runs; stored with it, so that whoever continues it logs the same request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The id of the request that was accepted.
    pub request_id: String,
    /// The id that the client gave to a chain of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global_request_id: Option<String>,
    /// Who asked; none when the cloud itself did.
    pub user_id: Option<String>,
    /// The project of the token.
    pub project_id: Option<String>,
}

impl Ctx {
    /// A request without identity so far.
    pub fn new(request_id: impl Into<Box<str>>, policy: Arc<Policy>) -> Self {
        Self::of(request_id.into(), None, Asker::Client { identity: None, policy })
    }

    /// For the cloud's own background tasks: everything is allowed, nobody is the user.
    pub fn internal(request_id: impl Into<Box<str>>) -> Self {
        Self::of(request_id.into(), None, Asker::Cloud { user_id: None, project_id: None })
    }

    /// For an operation that was accepted earlier: everything is allowed, since that was asked then; the ids of the
    /// request, its user and its project are those of `origin`.
    pub fn on_behalf_of(origin: Origin) -> Self {
        let asker =
            Asker::Cloud { user_id: origin.user_id.map(Into::into), project_id: origin.project_id.map(Into::into) };
        Self::of(origin.request_id.into(), origin.global_request_id.map(Into::into), asker)
    }

    fn of(request_id: Box<str>, global_request_id: Option<Box<str>>, asker: Asker) -> Self {
        let microversion = Microversion::UNVERSIONED;
        Self(Arc::new(Inner { request_id, global_request_id, asker, service: None, microversion }))
    }

    /// The same request, by this identity. The cloud's own context stays its own.
    #[must_use]
    pub fn with_identity(mut self, who: Arc<Authenticated>) -> Self {
        if let Asker::Client { identity, .. } = &mut Arc::make_mut(&mut self.0).asker {
            *identity = Some(who);
        }
        self
    }

    /// The same request, vouched for by a service's token (`X-Service-Token`).
    #[must_use]
    pub fn with_service(mut self, service: Arc<Authenticated>) -> Self {
        Arc::make_mut(&mut self.0).service = Some(service);
        self
    }

    /// The same request, as part of the chain that the client named (`X-OpenStack-Request-ID`).
    #[must_use]
    pub fn with_global_request_id(mut self, id: impl Into<Box<str>>) -> Self {
        Arc::make_mut(&mut self.0).global_request_id = Some(id.into());
        self
    }

    /// The same request, at this microversion.
    #[must_use]
    pub fn with_microversion(mut self, microversion: Microversion) -> Self {
        Arc::make_mut(&mut self.0).microversion = microversion;
        self
    }

    /// The id of this request, `req-` and a UUID.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// The id that the client gave to a chain of requests.
    pub fn global_request_id(&self) -> Option<&str> {
        self.0.global_request_id.as_deref()
    }

    /// The microversion to answer in.
    pub fn microversion(&self) -> Microversion {
        self.0.microversion
    }

    /// Who asks; none without a token, and in the cloud's own contexts.
    pub fn identity(&self) -> Option<&Arc<Authenticated>> {
        match &self.0.asker {
            Asker::Client { identity, .. } => identity.as_ref(),
            Asker::Cloud { .. } => None,
        }
    }

    /// Who asks.
    ///
    /// # Errors
    /// [`AuthError::Unauthenticated`] without a token, and in the cloud's own contexts.
    pub fn require_identity(&self) -> Result<&Arc<Authenticated>, AuthError> {
        self.identity().ok_or(AuthError::Unauthenticated)
    }

    /// The policy; none in the cloud's own contexts, which need none.
    pub fn policy(&self) -> Option<&Arc<Policy>> {
        match &self.0.asker {
            Asker::Client { policy, .. } => Some(policy),
            Asker::Cloud { .. } => None,
        }
    }

    /// The user who asks, or on whose behalf an operation runs.
    pub fn user_id(&self) -> Option<&str> {
        match &self.0.asker {
            Asker::Client { identity, .. } => identity.as_ref().map(|identity| identity.user_id.as_str()),
            Asker::Cloud { user_id, .. } => user_id.as_deref(),
        }
    }

    /// The project of the token, or of the request behind an operation.
    pub fn project_id(&self) -> Option<&str> {
        match &self.0.asker {
            Asker::Client { identity, .. } => identity.as_ref().and_then(|identity| identity.project_id()),
            Asker::Cloud { project_id, .. } => project_id.as_deref(),
        }
    }

    /// The project of the token.
    ///
    /// # Errors
    /// [`AuthError::NoProject`] when the token is not scoped to one.
    pub fn require_project(&self) -> Result<&str, AuthError> {
        self.project_id().ok_or(AuthError::NoProject)
    }

    /// The domain of a domain-scoped token.
    pub fn domain_id(&self) -> Option<&str> {
        self.identity().and_then(|identity| identity.domain_id())
    }

    /// Whether the token carries that role, in whatever case.
    pub fn has_role(&self, name: &str) -> bool {
        self.identity().is_some_and(|identity| identity.has_role(name))
    }

    /// Whether this is the cloud itself.
    pub fn is_internal(&self) -> bool {
        matches!(self.0.asker, Asker::Cloud { .. })
    }

    /// Whether the token carries the role `admin`, or this is the cloud itself. For rules use [`Ctx::allow`]; this is
    /// for what services tie to being an administrator without a rule.
    pub fn is_admin(&self) -> bool {
        self.is_internal() || self.has_role("admin")
    }

    /// May this caller do `action` to `target`? The cloud itself may do everything.
    ///
    /// # Errors
    /// [`Denied`], which says what decided.
    pub fn allow(&self, action: &str, target: &dyn Target) -> Result<(), Denied> {
        match &self.0.asker {
            Asker::Client { policy, .. } => policy.check(action, &self.creds(), target),
            Asker::Cloud { .. } => Ok(()),
        }
    }

    /// The caller's side of a policy check.
    pub fn creds(&self) -> Creds<'_> {
        Creds {
            service_roles: self.0.service.as_ref().map_or(&[], |service| &service.roles),
            ..self.identity().map(|identity| identity.creds()).unwrap_or_default()
        }
    }

    /// What an operation keeps of this context.
    pub fn origin(&self) -> Origin {
        Origin {
            request_id: self.request_id().to_owned(),
            global_request_id: self.global_request_id().map(str::to_owned),
            user_id: self.user_id().map(str::to_owned),
            project_id: self.project_id().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests;
