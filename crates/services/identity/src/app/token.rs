//! Tokens: making, checking and revoking them.
//!
//! # Theory of operation
//! A token is what its text says and what the database says now: the user and its domain are enabled, the scope exists
//! and is enabled, there is at least one role, and nothing revokes it. [`validate`] reads all that once for a token and a
//! generation and keeps the result, with the answer's JSON.
//!
//! A revocation of all tokens of a user, project or domain concerns those that were made at an earlier generation, see
//! [`audit_id`]. A token is of the generation at which its maker *began* to check who asks: a password that was right at
//! first, but is another one at the end, gives a token that is void from birth.

use std::{sync::Arc, time::Duration};

use ferrostack_auth::{
    Authenticated, DomainScoped, Payload, ProjectScoped, Role, Scope, SystemScoped, Token, TokenKind, Unscoped,
};
use ferrostack_base::Timestamp;
use ferrostack_db::Tx;

use crate::{
    DomainId, Identity, IdentityError, ProjectId, UserId,
    app::{
        audit_id,
        directory::{DomainFacts, ProjectFacts, UserFacts},
        remembered::Remembered,
    },
    store::{
        self,
        assignment::Target,
        revocation::{self, Revocation},
    },
    wire,
};

/// How many tokens are remembered, in all shards together.
const MAX: usize = 49_152;
const SHARDS: usize = 16;

/// A token that is valid, or was until its end.
pub(crate) struct Validated {
    /// What services get to know.
    pub(crate) who: Arc<Authenticated>,
    /// The answer up to its catalog: `{"token": {...`.
    head: Box<[u8]>,
    /// The catalog as JSON; none without a scope.
    catalog: Option<Arc<[u8]>>,
}

impl Validated {
    /// The answer: `{"token": {...}}`.
    pub(crate) fn body(&self, with_catalog: bool) -> Vec<u8> {
        let catalog = self.catalog.as_deref().filter(|_| with_catalog).unwrap_or_default();
        let mut body = Vec::with_capacity(self.head.len() + catalog.len() + 16);
        body.extend_from_slice(&self.head);
        if !catalog.is_empty() {
            body.extend_from_slice(b",\"catalog\":");
            body.extend_from_slice(catalog);
        }
        body.extend_from_slice(b"}}");
        body
    }

    /// The catalog as JSON; none without a scope.
    pub(crate) fn catalog(&self) -> Option<&[u8]> {
        self.catalog.as_deref()
    }
}

/// Tokens that were found valid. In shards, so that requests on several threads do not wait for each other.
pub(crate) struct Cache {
    shards: [Remembered<Box<str>, Arc<Validated>>; SHARDS],
}

impl Default for Cache {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Remembered::new(MAX / SHARDS)) }
    }
}

impl Cache {
    /// The end of a token is the end of its signature: as good as random.
    fn shard(&self, token: &str) -> &Remembered<Box<str>, Arc<Validated>> {
        let index = token.bytes().rev().take(4).fold(0, |sum, byte| sum ^ usize::from(byte)) % SHARDS;
        self.shards.get(index).unwrap_or(&self.shards[0])
    }
}

/// What a new token shall be good for.
#[derive(Debug)]
pub(crate) enum NewScope {
    Project(Arc<ProjectFacts>),
    Domain(Arc<DomainFacts>),
    System,
    Unscoped,
}

/// A token to be made.
#[derive(Debug)]
pub(crate) struct NewToken {
    pub(crate) user: Arc<UserFacts>,
    pub(crate) methods: Vec<String>,
    pub(crate) scope: NewScope,
    /// The token that this one is made from: when that ends, and the audit id of the first of the chain.
    pub(crate) parent: Option<(i64, String)>,
}

/// Makes a token of the generation at which its maker began.
///
/// # Errors
/// [`IdentityError::InvalidToken`] when it would not be valid: no role in that scope, something is disabled.
pub(crate) async fn issue(
    identity: &Identity,
    generation: i64,
    new: NewToken,
) -> Result<(String, Arc<Validated>), IdentityError> {
    let now = identity.now();
    // Whole seconds: other implementations keep no more.
    let mut expires = Timestamp::from_secs(now.secs()) + identity.options().token_expiration;
    let mut audit_ids = vec![audit_id::new(generation)];
    if let Some((parent_expires_us, first_audit_id)) = new.parent {
        expires = expires.min(Timestamp::from_micros(parent_expires_us));
        audit_ids.push(first_audit_id);
    }
    let kind = match &new.scope {
        NewScope::Project(project) => TokenKind::from(ProjectScoped { project_id: project.id.to_string() }),
        NewScope::Domain(domain) => DomainScoped { domain_id: domain.id.to_string() }.into(),
        NewScope::System => SystemScoped { system: "all".to_owned() }.into(),
        NewScope::Unscoped => Unscoped.into(),
    };
    let user_id = new.user.id.to_string();
    let payload = Payload { user_id, methods: new.methods, expires_at_us: expires.micros(), audit_ids, kind };
    let text = identity.tokens().encode(&payload, now.micros())?;
    // Read back, so that this answer is the same as all later ones about this token.
    let validated = Arc::new(establish(identity, generation, identity.tokens().decode(&text)?).await?);
    identity.validated().shard(&text).put(generation, text.as_str().into(), Arc::clone(&validated));
    Ok((text, validated))
}

/// What a token says, if it is valid, or was and ended within `window`.
///
/// # Errors
/// [`IdentityError::InvalidToken`].
pub(crate) async fn validate(
    identity: &Identity,
    token: &str,
    window: Duration,
) -> Result<Arc<Validated>, IdentityError> {
    let generation = identity.generation().await?;
    let now = identity.now();
    let in_time = |expires_at_us: i64| now < Timestamp::from_micros(expires_at_us) + window;
    let shard = identity.validated().shard(token);
    if let Some(validated) = shard.get(generation, token) {
        return if in_time(validated.who.expires_at_us) { Ok(validated) } else { Err(IdentityError::InvalidToken) };
    }
    let read = identity.tokens().decode(token).map_err(|error| {
        tracing::debug!(reason = %error, "not a token");
        IdentityError::InvalidToken
    })?;
    if !in_time(read.payload.expires_at_us) {
        return Err(IdentityError::InvalidToken);
    }
    let issued_at = Timestamp::from_micros(read.issued_at_us);
    let validated = Arc::new(establish(identity, generation, read).await?);
    if is_revoked(identity, generation, &validated.who, issued_at).await? {
        return Err(IdentityError::InvalidToken);
    }
    shard.put(generation, token.into(), Arc::clone(&validated));
    Ok(validated)
}

/// Whether something revokes it.
async fn is_revoked(
    identity: &Identity,
    generation: i64,
    who: &Authenticated,
    issued_at: Timestamp,
) -> Result<bool, IdentityError> {
    let mut subjects = vec![who.user_id.as_str(), who.user_domain_id.as_str()];
    subjects.extend(who.audit_ids.first().map(String::as_str));
    match &who.scope {
        Scope::Project { id, domain_id, .. } => subjects.extend([id.as_str(), domain_id.as_str()]),
        Scope::Domain { id, .. } => subjects.push(id),
        Scope::System | Scope::Unscoped => {}
    }
    let found = revocation::list(identity.db(), &subjects).await?;
    // A generation that is not reached yet is that of a database which was replaced by an older copy.
    let made_at =
        who.audit_ids.first().and_then(|id| audit_id::generation(id)).filter(|made_at| *made_at <= generation);
    let concerns = |revocation: &Revocation| match made_at {
        Some(made_at) => made_at < revocation.generation,
        None => issued_at.secs() <= revocation.issued_before.secs(),
    };
    Ok(found.iter().any(|revocation| revocation.is_token || concerns(revocation)))
}

/// Looks up all that the token's text names. Whether it was revoked is not looked at.
async fn establish(identity: &Identity, generation: i64, token: Token) -> Result<Validated, IdentityError> {
    let payload = token.payload;
    let user_id = UserId::from_trusted(payload.user_id.as_str());
    let user = identity
        .user_facts(generation, &user_id)
        .await?
        .filter(|user| user.enabled)
        .ok_or(IdentityError::InvalidToken)?;
    let (scope, target) = match &payload.kind {
        TokenKind::ProjectScoped(kind) => project_scope(identity, generation, kind).await?,
        TokenKind::DomainScoped(kind) => domain_scope(identity, generation, kind).await?,
        TokenKind::SystemScoped(_) => (Scope::System, Some(Target::System)),
        TokenKind::Unscoped(_) => (Scope::Unscoped, None),
        // Ways to get a token that this service does not offer.
        _ => return Err(IdentityError::InvalidToken),
    };
    let roles: Vec<Role> = match &target {
        Some(target) => identity.effective_roles(generation, &user_id, target).await?.to_vec(),
        None => Vec::new(),
    };
    let catalog = match target {
        Some(_) if roles.is_empty() => return Err(IdentityError::InvalidToken),
        Some(_) => {
            let project_id = if let Scope::Project { id, .. } = &scope { Some(id.as_str()) } else { None };
            Some(identity.catalog(generation).await?.render(project_id, user_id.as_str())?)
        }
        None => None,
    };
    let who = Authenticated {
        user_id: payload.user_id,
        user_name: user.name.clone(),
        user_domain_id: user.domain.id.to_string(),
        user_domain_name: user.domain.name.clone(),
        scope,
        roles,
        expires_at_us: payload.expires_at_us,
        audit_ids: payload.audit_ids,
        methods: payload.methods,
    };
    let head = wire::token::head(&who, Timestamp::from_micros(token.issued_at_us))?.into();
    Ok(Validated { who: Arc::new(who), head, catalog })
}

async fn project_scope(
    identity: &Identity,
    generation: i64,
    kind: &ProjectScoped,
) -> Result<(Scope, Option<Target>), IdentityError> {
    let id = ProjectId::from_trusted(kind.project_id.as_str());
    let project = identity
        .project_facts(generation, &id)
        .await?
        .filter(|project| project.enabled)
        .ok_or(IdentityError::InvalidToken)?;
    let scope = Scope::Project {
        id: kind.project_id.clone(),
        name: project.name.clone(),
        domain_id: project.domain.id.to_string(),
        domain_name: project.domain.name.clone(),
        is_domain: false,
    };
    Ok((scope, Some(Target::Project(id))))
}

async fn domain_scope(
    identity: &Identity,
    generation: i64,
    kind: &DomainScoped,
) -> Result<(Scope, Option<Target>), IdentityError> {
    let id = DomainId::from_trusted(kind.domain_id.as_str());
    let domain = identity
        .domain_facts(generation, &id)
        .await?
        .filter(|domain| domain.enabled)
        .ok_or(IdentityError::InvalidToken)?;
    Ok((Scope::Domain { id: kind.domain_id.clone(), name: domain.name.clone() }, Some(Target::Domain(id))))
}

/// Makes this one token invalid, not those that were made from it.
pub(crate) async fn revoke(identity: &Identity, validated: &Validated) -> Result<(), IdentityError> {
    let Some(audit_id) = validated.who.audit_ids.first() else { return Err(IdentityError::InvalidToken) };
    let now = identity.now();
    // A service may still ask for it for a while after its end.
    let expires = Timestamp::from_micros(validated.who.expires_at_us) + identity.options().allow_expired_window;
    let revoke = |tx: Tx| async move {
        let generation = identity.raise(&tx).await?;
        let subject = audit_id.clone();
        let revocation = Revocation { subject, is_token: true, generation, issued_before: now, expires };
        store::revocation::insert(&tx, &revocation, now).await?;
        Ok::<_, IdentityError>(())
    };
    identity.db().tx(revoke).await
}

/// Makes all tokens invalid that a user, project or domain has now, as part of the change that demands it and that raised
/// the generation.
pub(crate) async fn revoke_all_of(
    identity: &Identity,
    tx: &Tx,
    subject: &str,
    generation: i64,
) -> Result<(), IdentityError> {
    let now = identity.now();
    let expires = now + identity.options().token_expiration + identity.options().allow_expired_window;
    let revocation =
        Revocation { subject: subject.to_owned(), is_token: false, generation, issued_before: now, expires };
    Ok(store::revocation::insert(tx, &revocation, now).await?)
}

#[cfg(test)]
mod tests;
