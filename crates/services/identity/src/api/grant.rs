//! Roles of users and groups on projects, domains and the system: six places, the same four verbs at each.

use ferrostack_http::{
    Cx, Fault, Reply, Routes,
    axum::{
        extract::{FromRequestParts, RawPathParams, State},
        http::request::Parts,
    },
};

use crate::{
    DomainId, GroupId, Identity, IdentityError, ProjectId, RoleId, UserId,
    api::role,
    app::{self, grant::Place},
    store::{
        assignment::{Actor, Target},
        role::Role,
    },
    wire::Links,
};

/// The policy's actions of one place.
struct Actions {
    create: &'static str,
    check: &'static str,
    delete: &'static str,
    list: &'static str,
}

const GRANT: Actions = Actions {
    create: "identity:create_grant",
    check: "identity:check_grant",
    delete: "identity:revoke_grant",
    list: "identity:list_grants",
};
const SYSTEM_USER: Actions = Actions {
    create: "identity:create_system_grant_for_user",
    check: "identity:check_system_grant_for_user",
    delete: "identity:revoke_system_grant_for_user",
    list: "identity:list_system_grants_for_user",
};
const SYSTEM_GROUP: Actions = Actions {
    create: "identity:create_system_grant_for_group",
    check: "identity:check_system_grant_for_group",
    delete: "identity:revoke_system_grant_for_group",
    list: "identity:list_system_grants_for_group",
};

pub(super) fn routes() -> Routes<Identity> {
    let places = [
        (
            "/v3/projects/{project_id}/users/{user_id}/roles",
            "/v3/projects/{project_id}/users/{user_id}/roles/{role_id}",
            GRANT,
        ),
        (
            "/v3/projects/{project_id}/groups/{group_id}/roles",
            "/v3/projects/{project_id}/groups/{group_id}/roles/{role_id}",
            GRANT,
        ),
        (
            "/v3/domains/{domain_id}/users/{user_id}/roles",
            "/v3/domains/{domain_id}/users/{user_id}/roles/{role_id}",
            GRANT,
        ),
        (
            "/v3/domains/{domain_id}/groups/{group_id}/roles",
            "/v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}",
            GRANT,
        ),
        ("/v3/system/users/{user_id}/roles", "/v3/system/users/{user_id}/roles/{role_id}", SYSTEM_USER),
        ("/v3/system/groups/{group_id}/roles", "/v3/system/groups/{group_id}/roles/{role_id}", SYSTEM_GROUP),
    ];
    places.into_iter().fold(Routes::new(), |routes, (all, one, actions)| {
        routes
            .get(all, list)
            .policy(actions.list)
            .put(one, create)
            .policy(actions.create)
            .no_schema("the path says all")
            .get(one, check)
            .policy(actions.check)
            .delete(one, delete)
            .policy(actions.delete)
    })
}

/// What a path says.
struct Named {
    actor: Actor,
    target: Target,
    role_id: Option<RoleId>,
    /// The path itself, for links.
    path: String,
}

impl FromRequestParts<Identity> for Named {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, identity: &Identity) -> Result<Self, Fault> {
        let params = RawPathParams::from_request_parts(parts, identity)
            .await
            .map_err(|error| Fault::bad_request(error.to_string()))?;
        let find = |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
        let actor = match (find("user_id"), find("group_id")) {
            (Some(id), _) => Actor::User(UserId::from_trusted(id)),
            (None, Some(id)) => Actor::Group(GroupId::from_trusted(id)),
            (None, None) => return Err(Fault::internal("a grant's route names neither a user nor a group")),
        };
        let target = match (find("project_id"), find("domain_id")) {
            (Some(id), _) => Target::Project(ProjectId::from_trusted(id)),
            (None, Some(id)) => Target::Domain(DomainId::from_trusted(id)),
            (None, None) => Target::System,
        };
        let path = parts.uri.path().trim_start_matches('/').trim_start_matches("v3/").to_owned();
        Ok(Self { actor, target, role_id: find("role_id").map(RoleId::from_trusted), path })
    }
}

impl Named {
    fn actions(&self) -> Actions {
        match (&self.target, &self.actor) {
            (Target::System, Actor::User(_)) => SYSTEM_USER,
            (Target::System, Actor::Group(_)) => SYSTEM_GROUP,
            _ => GRANT,
        }
    }

    /// Looks all up, for `action`.
    async fn find(self, cx: &Cx, identity: &Identity, action: &str) -> Result<(Place, Role), IdentityError> {
        let (place, role) = identity.find_grant(cx, self.actor, self.target, self.role_id.as_ref(), action).await?;
        Ok((place, role.ok_or_else(|| IdentityError::not_found("role", ""))?))
    }
}

async fn create(cx: Cx, State(identity): State<Identity>, named: Named) -> Result<Reply, Fault> {
    let action = named.actions().create;
    let (place, role) = named.find(&cx, &identity, action).await?;
    app::grant::create(&identity, &place, &role).await?;
    Ok(Reply::no_content())
}

async fn check(cx: Cx, State(identity): State<Identity>, named: Named) -> Result<Reply, Fault> {
    let action = named.actions().check;
    let (place, role) = named.find(&cx, &identity, action).await?;
    app::grant::check(&identity, &place, &role).await?;
    Ok(Reply::no_content())
}

async fn delete(cx: Cx, State(identity): State<Identity>, named: Named) -> Result<Reply, Fault> {
    let action = named.actions().delete;
    let (place, role) = named.find(&cx, &identity, action).await?;
    app::grant::delete(&identity, &place, &role).await?;
    Ok(Reply::no_content())
}

async fn list(cx: Cx, State(identity): State<Identity>, links: Links, named: Named) -> Result<Reply, Fault> {
    let (action, path) = (named.actions().list, named.path.clone());
    let (place, _) = identity.find_grant(&cx, named.actor, named.target, None, action).await?;
    let roles = app::grant::list(&identity, &place).await?;
    Ok(role::reply(&links, &path, &roles))
}
