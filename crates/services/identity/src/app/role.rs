//! Roles.

use ferrostack_auth::Ctx;
use ferrostack_db::{DbError, Tx};

use crate::{
    Identity, IdentityError, RoleId,
    app::{domain, merge_extra, merge_options, only_unlocks, refuse_immutable},
    store::{self, Extra, role::Role},
    wire::{
        kept,
        role::{NewRole, RoleChange},
    },
};

impl Identity {
    /// A role, for `action`.
    ///
    /// # Errors
    /// Denied when the caller may not do that, whether the role exists or not.
    pub(crate) async fn find_role(&self, cx: &Ctx, id: &RoleId, action: &str) -> Result<Role, IdentityError> {
        let role = store::role::get(self.db(), id).await?;
        let target = [
            ("target.role.name", role.as_ref().map(|role| role.name.as_str())),
            (
                "target.role.domain_id",
                role.as_ref().and_then(|role| role.domain_id.as_ref()).map(crate::DomainId::as_str),
            ),
        ];
        cx.allow(action, &target)?;
        role.ok_or_else(|| IdentityError::not_found("role", id))
    }
}

fn taken(error: DbError, role: &Role) -> IdentityError {
    let place = role.domain_id.as_ref().map(|id| format!(" in domain {id}")).unwrap_or_default();
    IdentityError::taken(error, "role", &role.name, place)
}

/// Makes a role.
pub(crate) async fn create(identity: &Identity, new: NewRole) -> Result<Role, IdentityError> {
    if let Some(domain_id) = &new.domain_id {
        domain::must_exist(identity, domain_id).await?;
    }
    let mut options = Extra::new();
    merge_options(&mut options, new.options);
    let (domain_id, description) = (new.domain_id, new.description);
    let role = Role {
        id: RoleId::new(),
        domain_id,
        name: new.name.trim().to_owned(),
        description,
        options,
        extra: kept(new.extra),
    };
    let new = &role;
    let insert = |tx: Tx| async move {
        store::role::insert(&tx, new).await.map_err(|error| taken(error, new))?;
        // The names of all roles are remembered together.
        Ok::<_, IdentityError>(identity.touch(&tx).await?)
    };
    identity.db().tx(insert).await?;
    Ok(role)
}

/// Changes a role.
pub(crate) async fn update(identity: &Identity, mut role: Role, change: RoleChange) -> Result<Role, IdentityError> {
    if !only_unlocks(change.options.as_ref()) {
        refuse_immutable(&role.options, "role", role.id.as_str(), "changed")?;
    }
    if change.domain_id.is_some_and(|domain_id| domain_id != role.domain_id) {
        return Err(IdentityError::invalid("role.domain_id can't be changed."));
    }
    role.name = change.name.map_or(role.name, |name| name.trim().to_owned());
    role.description = change.description.unwrap_or(role.description);
    merge_options(&mut role.options, change.options.unwrap_or_default());
    merge_extra(&mut role.extra, kept(change.extra));
    let changed = &role;
    let update = |tx: Tx| async move {
        if !store::role::update(&tx, changed).await.map_err(|error| taken(error, changed))? {
            return Err(IdentityError::not_found("role", &changed.id));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(update).await?;
    Ok(role)
}

/// Deletes a role and takes it from all who have it.
pub(crate) async fn delete(identity: &Identity, role: Role) -> Result<(), IdentityError> {
    refuse_immutable(&role.options, "role", role.id.as_str(), "deleted")?;
    let id = &role.id;
    let delete = |tx: Tx| async move {
        if !store::role::delete(&tx, id).await? {
            return Err(IdentityError::not_found("role", id));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(delete).await
}
