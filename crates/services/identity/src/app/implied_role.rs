//! Which roles imply which.

use ferrostack_auth::Ctx;
use ferrostack_db::Tx;

use crate::{
    Identity, IdentityError, RoleId,
    store::{self, role::Role},
};

/// The role that nothing may imply: whoever could make such a rule would be an administrator.
const NEVER_IMPLIED: &str = "admin";

impl Identity {
    /// A role and one that it may imply, for `action`.
    ///
    /// # Errors
    /// Denied when the caller may not do that, whether the roles exist or not.
    pub(crate) async fn find_roles(
        &self,
        cx: &Ctx,
        prior: &RoleId,
        implied: &RoleId,
        action: &str,
    ) -> Result<(Role, Role), IdentityError> {
        let prior = self.find_role(cx, prior, action).await?;
        let implied =
            store::role::get(self.db(), implied).await?.ok_or_else(|| IdentityError::not_found("role", implied))?;
        Ok((prior, implied))
    }
}

/// Lets a role imply another.
pub(crate) async fn create(identity: &Identity, prior: &Role, implied: &Role) -> Result<(), IdentityError> {
    if implied.name.eq_ignore_ascii_case(NEVER_IMPLIED) {
        return Err(IdentityError::forbidden(format!(
            "Role {} can't be implied by another: it is that of administrators.",
            implied.id
        )));
    }
    if prior.domain_id.is_none() && implied.domain_id.is_some() {
        return Err(IdentityError::forbidden(format!(
            "Role {} of the whole cloud can't imply a role of one domain.",
            prior.id
        )));
    }
    let create = |tx: Tx| async move {
        store::implied_role::insert(&tx, &prior.id, &implied.id).await?;
        identity.touch(&tx).await
    };
    Ok(identity.db().tx(create).await?)
}

/// Whether a role implies another, by a rule of its own.
pub(crate) async fn check(identity: &Identity, prior: &Role, implied: &Role) -> Result<(), IdentityError> {
    match store::implied_role::get(identity.db(), &prior.id, &implied.id).await? {
        Some(_) => Ok(()),
        None => Err(no_rule(prior, implied)),
    }
}

/// Lets a role no longer imply another.
pub(crate) async fn delete(identity: &Identity, prior: &Role, implied: &Role) -> Result<(), IdentityError> {
    let delete = |tx: Tx| async move {
        if !store::implied_role::delete(&tx, &prior.id, &implied.id).await? {
            return Err(no_rule(prior, implied));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(delete).await
}

fn no_rule(prior: &Role, implied: &Role) -> IdentityError {
    IdentityError::not_found("implied role", format!("{} implies {}", prior.id, implied.id))
}

/// Roles with what they imply by rules of their own; those that imply nothing are left out.
pub(crate) async fn list(identity: &Identity) -> Result<Vec<(Role, Vec<Role>)>, IdentityError> {
    let rules = store::implied_role::list(identity.db()).await?;
    let roles = store::role::list_all(identity.db()).await?;
    let implied_by = |prior: &RoleId| -> Vec<Role> {
        let ids: Vec<&RoleId> = rules.iter().filter(|rule| rule.prior == *prior).map(|rule| &rule.implied).collect();
        roles.iter().filter(|role| ids.contains(&&role.id)).cloned().collect()
    };
    let with_implied = roles.iter().map(|role| (role.clone(), implied_by(&role.id)));
    Ok(with_implied.filter(|(_, implied)| !implied.is_empty()).collect())
}
