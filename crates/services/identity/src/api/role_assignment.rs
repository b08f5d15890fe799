//! The list of who has which role on what.

use ferrostack_http::{Cx, Fault, Params, Reply, Routes, axum::extract::State};

use crate::{
    DomainId, GroupId, Identity, IdentityError, ProjectId, UserId,
    api::query::{flag, id},
    app::role_assignment::{self, Query},
    store::assignment::{Actor, Target},
    wire::{self, Links},
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new().get("/v3/role_assignments", list).policy("identity:list_role_assignments")
}

fn query(params: &Params) -> Result<Query, IdentityError> {
    let actor = match (id::<UserId>(params, "user.id"), id::<GroupId>(params, "group.id")) {
        (Some(_), Some(_)) => return Err(IdentityError::invalid("user.id and group.id exclude each other.")),
        (Some(id), None) => Some(Actor::User(id)),
        (None, group) => group.map(Actor::Group),
    };
    let wanted = (
        id::<ProjectId>(params, "scope.project.id"),
        id::<DomainId>(params, "scope.domain.id"),
        params.has("scope.system"),
    );
    let target = match wanted {
        (None, None, false) => None,
        (Some(id), None, false) => Some(Target::Project(id)),
        (None, Some(id), false) => Some(Target::Domain(id)),
        (None, None, true) => Some(Target::System),
        _ => {
            return Err(IdentityError::invalid(
                "scope.project.id, scope.domain.id and scope.system exclude each other.",
            ));
        }
    };
    let set = |key| flag(params, key).unwrap_or(false);
    Ok(Query {
        actor,
        target,
        role_id: id(params, "role.id"),
        effective: set("effective"),
        subtree: set("include_subtree"),
    })
}

async fn list(Cx(cx): Cx, State(identity): State<Identity>, links: Links, params: Params) -> Result<Reply, Fault> {
    let found = role_assignment::list(&cx, &identity, query(&params)?).await?;
    let names = flag(&params, "include_names").unwrap_or(false);
    let views = found.iter().map(|assignment| wire::role_assignment::view(assignment, names, &links)).collect();
    Ok(Reply::ok(&links.all("role_assignments", "role_assignments", views)))
}
