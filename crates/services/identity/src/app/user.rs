//! Users.

use ferrostack_auth::Ctx;
use ferrostack_base::Secret;
use ferrostack_db::DbError;

use crate::{
    Identity, IdentityError, UserId,
    app::{authentication::implied_domain, domain, merge_extra, merge_options, token::revoke_all_of},
    store::Listing,
    store::{
        self, Extra,
        user::{Filter, User},
    },
    wire::{
        kept,
        user::{NewUser, PasswordChange, UserChange},
    },
};

/// What a rule can ask about a user.
fn target(user: &User) -> [(&'static str, &str); 3] {
    [
        ("target.user.id", user.id.as_str()),
        ("target.user.domain_id", user.domain_id.as_str()),
        ("user_id", user.id.as_str()),
    ]
}

impl Identity {
    /// A user, for `action`.
    ///
    /// # Errors
    /// Denied when the caller may not do that, whether the user exists or not.
    pub(crate) async fn find_user(&self, cx: &Ctx, id: &UserId, action: &str) -> Result<User, IdentityError> {
        match store::user::get(self.db(), id).await? {
            Some(user) => {
                cx.allow(action, &target(&user))?;
                Ok(user)
            }
            None => {
                cx.allow(action, &())?;
                Err(IdentityError::not_found("user", id))
            }
        }
    }
}

/// Users that the caller may list: all, or with a domain-scoped token those of the domain.
pub(crate) async fn list(cx: &Ctx, identity: &Identity, mut filter: Filter) -> Result<Listing<User>, IdentityError> {
    domain::narrow(cx, &mut filter.domain_id);
    let domain_id = filter.domain_id.as_ref().map(crate::DomainId::as_str);
    cx.allow("identity:list_users", &[("target.domain_id", domain_id)])?;
    Ok(store::user::list(identity.db(), &filter).await?)
}

fn taken(error: DbError, user: &User) -> IdentityError {
    IdentityError::taken(error, "user", &user.name, format!(" in domain {}", user.domain_id))
}

async fn hash(identity: &Identity, password: Option<Secret<String>>) -> Result<Option<Secret<String>>, IdentityError> {
    match password {
        Some(password) => Ok(Some(Secret::new(identity.hasher().hash(password.expose()).await?))),
        None => Ok(None),
    }
}

fn options(new: Extra) -> Extra {
    let mut options = Extra::new();
    merge_options(&mut options, new);
    options
}

/// Makes a user.
pub(crate) async fn create(cx: &Ctx, identity: &Identity, new: NewUser) -> Result<User, IdentityError> {
    let domain_id = new.domain_id.unwrap_or_else(|| implied_domain(cx));
    cx.allow("identity:create_user", &[("target.user.domain_id", domain_id.as_str())])?;
    domain::must_exist(identity, &domain_id).await?;
    let user = User {
        id: UserId::new(),
        domain_id,
        name: new.name.trim().to_owned(),
        enabled: new.enabled.unwrap_or(true),
        default_project_id: new.default_project_id,
        password_hash: hash(identity, new.password).await?,
        options: options(new.options),
        extra: kept(new.extra),
    };
    let new = &user;
    // Nobody has a token of this user yet: nothing that is remembered becomes void.
    identity
        .db()
        .tx(|tx| async move { store::user::insert(&tx, new).await.map_err(|error| taken(error, new)) })
        .await?;
    Ok(user)
}

/// Changes a user. With another password, or disabled, all its tokens are void.
pub(crate) async fn update(identity: &Identity, mut user: User, change: UserChange) -> Result<User, IdentityError> {
    if change.domain_id.is_some_and(|domain_id| domain_id != user.domain_id) {
        return Err(IdentityError::invalid("user.domain_id can't be changed."));
    }
    let revokes = change.password.is_some() || (user.enabled && change.enabled == Some(false));
    user.name = change.name.map_or(user.name, |name| name.trim().to_owned());
    user.enabled = change.enabled.unwrap_or(user.enabled);
    user.default_project_id = change.default_project_id.unwrap_or(user.default_project_id);
    if let Some(password) = change.password {
        user.password_hash = hash(identity, password).await?;
    }
    merge_options(&mut user.options, change.options.unwrap_or_default());
    merge_extra(&mut user.extra, kept(change.extra));
    store_change(identity, &user, revokes).await?;
    Ok(user)
}

async fn store_change(identity: &Identity, user: &User, revokes: bool) -> Result<(), IdentityError> {
    let change = |tx: ferrostack_db::Tx| async move {
        if !store::user::update(&tx, user).await.map_err(|error| taken(error, user))? {
            return Err(IdentityError::not_found("user", &user.id));
        }
        let generation = identity.raise(&tx).await?;
        if revokes {
            revoke_all_of(identity, &tx, user.id.as_str(), generation).await?;
        }
        Ok(())
    };
    identity.db().tx(change).await
}

/// A user's own change of its password. Who does not know the old one learns nothing, not even whether the user exists.
pub(crate) async fn change_password(
    identity: &Identity,
    id: &UserId,
    change: PasswordChange,
) -> Result<(), IdentityError> {
    let user = store::user::get(identity.db(), id).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
    let right =
        identity.hasher().verify(change.original_password.expose(), hash.map(|hash| hash.expose().as_str())).await?;
    let Some(mut user) = user.filter(|user| right && user.enabled) else { return Err(IdentityError::Unauthorized) };
    if user.options.get("lock_password") == Some(&serde_json::Value::Bool(true)) {
        return Err(IdentityError::invalid(format!(
            "The password of user {id} is locked: only an administrator can change it."
        )));
    }
    user.password_hash = Some(Secret::new(identity.hasher().hash(change.password.expose()).await?));
    store_change(identity, &user, true).await
}

/// Deletes a user.
pub(crate) async fn delete(identity: &Identity, user: User) -> Result<(), IdentityError> {
    let id = &user.id;
    let delete = |tx: ferrostack_db::Tx| async move {
        if !store::user::delete(&tx, id).await? {
            return Err(IdentityError::not_found("user", id));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(delete).await
}
