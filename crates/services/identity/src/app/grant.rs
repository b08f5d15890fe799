//! Roles of users and groups on projects, domains and the system.

use ferrostack_auth::Ctx;
use ferrostack_db::Tx;

use crate::{
    DomainId, Identity, IdentityError, RoleId,
    store::{
        self,
        assignment::{Actor, Target},
        role::Role,
    },
};

/// Who, on what; both exist.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) actor: Actor,
    pub(crate) target: Target,
    /// The domain of the target, or the target itself.
    domain_id: Option<DomainId>,
}

impl Identity {
    /// Looks actor, target and role up, for `action`.
    ///
    /// # Errors
    /// Denied when the caller may not do that, whether they exist or not.
    pub(crate) async fn find_grant(
        &self,
        cx: &Ctx,
        actor: Actor,
        target: Target,
        role_id: Option<&RoleId>,
        action: &str,
    ) -> Result<(Place, Option<Role>), IdentityError> {
        let actor_domain = match &actor {
            Actor::User(id) => store::user::get(self.db(), id).await?.map(|user| user.domain_id),
            Actor::Group(id) => store::group::get(self.db(), id).await?.map(|group| group.domain_id),
        };
        let target_domain = match &target {
            Target::Project(id) => store::project::get(self.db(), id).await?.map(|project| project.domain_id),
            Target::Domain(id) => store::domain::get(self.db(), id).await?.map(|domain| domain.id),
            Target::System => None,
        };
        let role = match role_id {
            Some(id) => store::role::get(self.db(), id).await?,
            None => None,
        };
        let (of_actor, of_target) = match (&actor, &target) {
            (Actor::User(_), Target::Domain(_)) => ("target.user.domain_id", "target.domain.id"),
            (Actor::User(_), _) => ("target.user.domain_id", "target.project.domain_id"),
            (Actor::Group(_), Target::Domain(_)) => ("target.group.domain_id", "target.domain.id"),
            (Actor::Group(_), _) => ("target.group.domain_id", "target.project.domain_id"),
        };
        let asked = [
            (of_actor, actor_domain.as_ref().map(DomainId::as_str)),
            (of_target, target_domain.as_ref().map(DomainId::as_str)),
            ("target.role.name", role.as_ref().map(|role| role.name.as_str())),
            ("target.role.domain_id", role.as_ref().and_then(|role| role.domain_id.as_ref()).map(DomainId::as_str)),
        ];
        cx.allow(action, &asked)?;
        if actor_domain.is_none() {
            return Err(IdentityError::not_found(actor.kind(), actor.id()));
        }
        if target_domain.is_none() && target != Target::System {
            return Err(IdentityError::not_found(target.kind(), target.id()));
        }
        if let (Some(id), None) = (role_id, &role) {
            return Err(IdentityError::not_found("role", id));
        }
        Ok((Place { actor, target, domain_id: target_domain }, role))
    }
}

/// Gives the role, which the actor may have already.
pub(crate) async fn create(identity: &Identity, place: &Place, role: &Role) -> Result<(), IdentityError> {
    if role.domain_id.is_some() && role.domain_id != place.domain_id {
        let (id, kind, target) = (&role.id, place.target.kind(), place.target.id());
        return Err(IdentityError::forbidden(format!(
            "Role {id} of one domain can't be given on {kind} {target} outside."
        )));
    }
    let create = |tx: Tx| async move {
        store::assignment::insert(&tx, &place.actor, &place.target, &role.id).await?;
        identity.touch(&tx).await
    };
    Ok(identity.db().tx(create).await?)
}

/// Whether the actor itself has the role.
pub(crate) async fn check(identity: &Identity, place: &Place, role: &Role) -> Result<(), IdentityError> {
    if store::assignment::has(identity.db(), &place.actor, &place.target, &role.id).await? {
        return Ok(());
    }
    Err(no_grant(place, role))
}

/// Takes the role; tokens in circulation lose it at once.
pub(crate) async fn delete(identity: &Identity, place: &Place, role: &Role) -> Result<(), IdentityError> {
    let delete = |tx: Tx| async move {
        if !store::assignment::delete(&tx, &place.actor, &place.target, &role.id).await? {
            return Err(no_grant(place, role));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(delete).await
}

fn no_grant(place: &Place, role: &Role) -> IdentityError {
    let (actor, target) = (&place.actor, &place.target);
    let grant = format!("role {} of {} {} on {} {}", role.id, actor.kind(), actor.id(), target.kind(), target.id());
    IdentityError::not_found("role assignment", grant)
}

/// The roles that the actor itself has there.
pub(crate) async fn list(identity: &Identity, place: &Place) -> Result<Vec<Role>, IdentityError> {
    Ok(store::assignment::list_roles(identity.db(), &place.actor, &place.target).await?)
}
