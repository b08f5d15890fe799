//! From a proof of identity to a token.

use std::sync::Arc;

use crate::{
    DEFAULT_DOMAIN, DomainId, Identity, IdentityError,
    app::{
        directory::{DomainFacts, ProjectFacts, UserFacts},
        token::{self, NewScope, NewToken, Validated},
    },
    store::{self, assignment::Target},
    wire::token::{Auth, DomainRef, PasswordUser, ProjectRef, ScopeWish},
};

/// Who was proven to ask, and from which token, if from one.
struct Proven {
    user: Arc<UserFacts>,
    token: Option<Arc<Validated>>,
}

/// Checks the proof and makes a token for the wished scope.
///
/// # Errors
/// [`IdentityError::Unauthorized`] whenever anything is not as it should be, without a word on what; a malformed request
/// is told apart, and so is a token that is not valid (404, as upstream answers).
pub(crate) async fn authenticate(identity: &Identity, auth: Auth) -> Result<(String, Arc<Validated>), IdentityError> {
    let generation = identity.generation().await?;
    let proven = prove(identity, generation, &auth).await?;
    let mut methods = auth.identity.methods;
    let mut parent = None;
    if let Some(token) = &proven.token {
        methods.extend(token.who.methods.iter().cloned());
        parent = token.who.audit_ids.last().map(|first| (token.who.expires_at_us, first.clone()));
    }
    let scope = choose_scope(identity, generation, &proven.user, auth.scope).await?;
    let new = NewToken { user: proven.user, methods, scope, parent };
    token::issue(identity, generation, new).await.map_err(|error| match error {
        IdentityError::InvalidToken => IdentityError::Unauthorized,
        other => other,
    })
}

/// Goes through all methods that the request names; they must agree on the user.
async fn prove(identity: &Identity, generation: i64, auth: &Auth) -> Result<Proven, IdentityError> {
    let mut proven: Option<Proven> = None;
    for method in &auth.identity.methods {
        let one = match method.as_str() {
            "password" => {
                let password = auth.identity.password.as_ref().ok_or_else(|| missing("password"))?;
                Proven { user: by_password(identity, generation, &password.user).await?, token: None }
            }
            "token" => {
                let token = auth.identity.token.as_ref().ok_or_else(|| missing("token"))?;
                by_token(identity, generation, token.id.expose()).await?
            }
            _ => return Err(IdentityError::Unauthorized),
        };
        proven = Some(match proven {
            None => one,
            Some(before) if before.user.id == one.user.id => {
                Proven { user: one.user, token: before.token.or(one.token) }
            }
            Some(_) => return Err(IdentityError::Unauthorized),
        });
    }
    proven.ok_or(IdentityError::Unauthorized)
}

fn missing(method: &str) -> IdentityError {
    IdentityError::invalid(format!(
        "Expecting to find {method} in identity: the method {method:?} is named, its data is not there."
    ))
}

/// The user whose password it is. An unknown user takes as long as a wrong password.
async fn by_password(
    identity: &Identity,
    generation: i64,
    wanted: &PasswordUser,
) -> Result<Arc<UserFacts>, IdentityError> {
    let user = match (&wanted.id, &wanted.name) {
        (Some(id), _) => store::user::get(identity.db(), id).await?,
        (None, Some(name)) => {
            let domain = wanted.domain.as_ref().ok_or_else(|| {
                IdentityError::invalid("Expecting to find domain in user: a user is named together with its domain.")
            })?;
            match find_domain(identity, generation, domain).await? {
                Some(domain) => store::user::find_by_name(identity.db(), &domain.id, name).await?,
                None => None,
            }
        }
        (None, None) => return Err(IdentityError::invalid("Expecting to find id or name in user.")),
    };
    let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
    let right = identity.hasher().verify(wanted.password.expose(), hash.map(|hash| hash.expose().as_str())).await?;
    let Some(user) = user.filter(|_| right) else { return Err(IdentityError::Unauthorized) };
    let facts = identity.user_facts(generation, &user.id).await?;
    facts.filter(|facts| facts.enabled).ok_or(IdentityError::Unauthorized)
}

async fn by_token(identity: &Identity, generation: i64, text: &str) -> Result<Proven, IdentityError> {
    let validated = token::validate(identity, text, std::time::Duration::ZERO).await?;
    let id = crate::UserId::from_trusted(validated.who.user_id.as_str());
    let user = identity.user_facts(generation, &id).await?.ok_or(IdentityError::InvalidToken)?;
    Ok(Proven { user, token: Some(validated) })
}

async fn find_domain(
    identity: &Identity,
    generation: i64,
    wanted: &DomainRef,
) -> Result<Option<Arc<DomainFacts>>, IdentityError> {
    match (&wanted.id, &wanted.name) {
        (Some(id), _) => identity.domain_facts(generation, id).await,
        (None, Some(name)) => identity.domain_by_name(generation, name).await,
        (None, None) => Err(IdentityError::invalid("Expecting to find id or name in domain.")),
    }
}

async fn find_project(
    identity: &Identity,
    generation: i64,
    wanted: &ProjectRef,
) -> Result<Option<Arc<ProjectFacts>>, IdentityError> {
    match (&wanted.id, &wanted.name) {
        (Some(id), _) => identity.project_facts(generation, id).await,
        (None, Some(name)) => {
            let domain = wanted.domain.as_ref().ok_or_else(|| {
                IdentityError::invalid(
                    "Expecting to find domain in project: a project is named together with its domain.",
                )
            })?;
            match find_domain(identity, generation, domain).await? {
                Some(domain) => identity.project_by_name(generation, &domain.id, name).await,
                None => Ok(None),
            }
        }
        (None, None) => Err(IdentityError::invalid("Expecting to find id or name in project.")),
    }
}

async fn choose_scope(
    identity: &Identity,
    generation: i64,
    user: &UserFacts,
    wish: Option<ScopeWish>,
) -> Result<NewScope, IdentityError> {
    let Some(wish) = wish else { return default_scope(identity, generation, user).await };
    match wish.single()? {
        ScopeWish { project: Some(wanted), .. } => {
            let project = find_project(identity, generation, &wanted).await?;
            project.map(NewScope::Project).ok_or(IdentityError::Unauthorized)
        }
        ScopeWish { domain: Some(wanted), .. } => {
            let domain = find_domain(identity, generation, &wanted).await?;
            domain.map(NewScope::Domain).ok_or(IdentityError::Unauthorized)
        }
        ScopeWish { system: Some(system), .. } if system.all => Ok(NewScope::System),
        ScopeWish { system: Some(_), .. } => {
            Err(IdentityError::invalid("scope.system.all must be true: the system has no parts."))
        }
        ScopeWish { trust: Some(_), .. } => Err(IdentityError::Unauthorized),
        _ => Ok(NewScope::Unscoped),
    }
}

/// Without a wish: the user's default project, if it can be used, else no scope.
async fn default_scope(identity: &Identity, generation: i64, user: &UserFacts) -> Result<NewScope, IdentityError> {
    let Some(id) = &user.default_project_id else { return Ok(NewScope::Unscoped) };
    let Some(project) = identity.project_facts(generation, id).await?.filter(|project| project.enabled) else {
        return Ok(NewScope::Unscoped);
    };
    let roles = identity.effective_roles(generation, &user.id, &Target::Project(id.clone())).await?;
    Ok(if roles.is_empty() { NewScope::Unscoped } else { NewScope::Project(project) })
}

/// The domain of a new thing whose request names none: that of a domain-scoped token, else the default one.
pub(crate) fn implied_domain(cx: &ferrostack_auth::Ctx) -> DomainId {
    DomainId::from_trusted(cx.domain_id().unwrap_or(DEFAULT_DOMAIN))
}
