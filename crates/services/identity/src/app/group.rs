//! Groups and who is in them.

use ferrostack_auth::Ctx;
use ferrostack_db::{DbError, Tx};

use crate::{
    GroupId, Identity, IdentityError, UserId,
    app::{authentication::implied_domain, domain, merge_extra},
    store::{
        self, Listing,
        group::{Filter, Group},
        user::User,
    },
    wire::{
        group::{GroupChange, NewGroup},
        kept,
    },
};

impl Identity {
    /// A group, for `action`.
    ///
    /// # Errors
    /// Denied when the caller may not do that, whether the group exists or not.
    pub(crate) async fn find_group(&self, cx: &Ctx, id: &GroupId, action: &str) -> Result<Group, IdentityError> {
        match store::group::get(self.db(), id).await? {
            Some(group) => {
                cx.allow(
                    action,
                    &[("target.group.id", group.id.as_str()), ("target.group.domain_id", group.domain_id.as_str())],
                )?;
                Ok(group)
            }
            None => {
                cx.allow(action, &())?;
                Err(IdentityError::not_found("group", id))
            }
        }
    }

    /// A group and a user that may be in it, for `action`.
    ///
    /// # Errors
    /// As [`Identity::find_group`].
    pub(crate) async fn find_member(
        &self,
        cx: &Ctx,
        group_id: &GroupId,
        user_id: &UserId,
        action: &str,
    ) -> Result<(Group, User), IdentityError> {
        let group = store::group::get(self.db(), group_id).await?;
        let user = store::user::get(self.db(), user_id).await?;
        let target = [
            ("target.group.domain_id", group.as_ref().map(|group| group.domain_id.as_str())),
            ("target.user.domain_id", user.as_ref().map(|user| user.domain_id.as_str())),
            ("target.user.id", user.as_ref().map(|user| user.id.as_str())),
        ];
        cx.allow(action, &target)?;
        let group = group.ok_or_else(|| IdentityError::not_found("group", group_id))?;
        Ok((group, user.ok_or_else(|| IdentityError::not_found("user", user_id))?))
    }
}

/// Groups that the caller may list: all, or with a domain-scoped token those of the domain.
pub(crate) async fn list(cx: &Ctx, identity: &Identity, mut filter: Filter) -> Result<Listing<Group>, IdentityError> {
    domain::narrow(cx, &mut filter.domain_id);
    let domain_id = filter.domain_id.as_ref().map(crate::DomainId::as_str);
    cx.allow("identity:list_groups", &[("target.domain_id", domain_id)])?;
    Ok(store::group::list(identity.db(), &filter).await?)
}

fn taken(error: DbError, group: &Group) -> IdentityError {
    IdentityError::taken(error, "group", &group.name, format!(" in domain {}", group.domain_id))
}

/// Makes a group.
pub(crate) async fn create(cx: &Ctx, identity: &Identity, new: NewGroup) -> Result<Group, IdentityError> {
    let domain_id = new.domain_id.unwrap_or_else(|| implied_domain(cx));
    cx.allow("identity:create_group", &[("target.group.domain_id", domain_id.as_str())])?;
    domain::must_exist(identity, &domain_id).await?;
    let (name, description) = (new.name.trim().to_owned(), new.description.unwrap_or_default());
    let group = Group { id: GroupId::new(), domain_id, name, description, extra: kept(new.extra) };
    let new = &group;
    identity
        .db()
        .tx(|tx| async move { store::group::insert(&tx, new).await.map_err(|error| taken(error, new)) })
        .await?;
    Ok(group)
}

/// Changes a group.
pub(crate) async fn update(identity: &Identity, mut group: Group, change: GroupChange) -> Result<Group, IdentityError> {
    if change.domain_id.is_some_and(|domain_id| domain_id != group.domain_id) {
        return Err(IdentityError::invalid("group.domain_id can't be changed."));
    }
    group.name = change.name.map_or(group.name, |name| name.trim().to_owned());
    group.description = change.description.map_or(group.description, Option::unwrap_or_default);
    merge_extra(&mut group.extra, kept(change.extra));
    let changed = &group;
    let update =
        |tx: Tx| async move { store::group::update(&tx, changed).await.map_err(|error| taken(error, changed)) };
    if !identity.db().tx(update).await? {
        return Err(IdentityError::not_found("group", &group.id));
    }
    Ok(group)
}

/// Deletes a group; its members lose the roles that they have by it.
pub(crate) async fn delete(identity: &Identity, group: Group) -> Result<(), IdentityError> {
    let id = &group.id;
    let delete = |tx: Tx| async move {
        if !store::group::delete(&tx, id).await? {
            return Err(IdentityError::not_found("group", id));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(delete).await
}

/// Makes a user member of a group, where it may be already.
pub(crate) async fn add_member(identity: &Identity, group: &Group, user: &User) -> Result<(), IdentityError> {
    let add = |tx: Tx| async move {
        store::group::insert_member(&tx, &group.id, &user.id).await?;
        identity.touch(&tx).await
    };
    Ok(identity.db().tx(add).await?)
}

/// Whether the user is in the group.
pub(crate) async fn check_member(identity: &Identity, group: &Group, user: &User) -> Result<(), IdentityError> {
    if store::group::has_member(identity.db(), &group.id, &user.id).await? {
        return Ok(());
    }
    Err(not_a_member(group, user))
}

/// Removes a user from a group.
pub(crate) async fn remove_member(identity: &Identity, group: &Group, user: &User) -> Result<(), IdentityError> {
    let remove = |tx: Tx| async move {
        if !store::group::delete_member(&tx, &group.id, &user.id).await? {
            return Err(not_a_member(group, user));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(remove).await
}

fn not_a_member(group: &Group, user: &User) -> IdentityError {
    IdentityError::not_found("membership", format!("user {} in group {}", user.id, group.id))
}
