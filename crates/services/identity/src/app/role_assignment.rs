//! The list of who has which role on what.

use ferrostack_auth::Ctx;

use crate::{
    Identity, IdentityError, ProjectId, RoleId,
    app::domain,
    store::{
        self,
        assignment::{Actor, Assignment, Filter, Named, Target},
    },
};

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) actor: Option<Actor>,
    pub(crate) target: Option<Target>,
    pub(crate) role_id: Option<RoleId>,
    /// Who has which role in the end: members instead of groups, and implied roles too.
    pub(crate) effective: bool,
    /// Also on the projects below the one that is asked for.
    pub(crate) subtree: bool,
}

/// The assignments that the caller may list: all, or with a domain-scoped token those in the domain.
pub(crate) async fn list(cx: &Ctx, identity: &Identity, query: Query) -> Result<Vec<Assignment>, IdentityError> {
    let mut domain_id = None;
    domain::narrow(cx, &mut domain_id);
    cx.allow(
        "identity:list_role_assignments",
        &[("target.domain_id", domain_id.as_ref().map(crate::DomainId::as_str))],
    )?;
    if query.effective && matches!(query.actor, Some(Actor::Group(_))) {
        return Err(IdentityError::invalid(
            "group.id and effective exclude each other: in effect only users have roles.",
        ));
    }
    let mut targets = query.target.map(|target| vec![target]);
    if query.subtree {
        let Some([Target::Project(root)]) = targets.as_deref() else {
            return Err(IdentityError::invalid("include_subtree needs scope.project.id."));
        };
        targets = Some(subtree(identity, root.clone()).await?);
    }
    // A role may be had by another one that implies it, so it is looked for after these are known.
    let role_id = query.role_id.clone().filter(|_| !query.effective);
    let filter = Filter { actor: query.actor, role_id, targets, domain_id, effective: query.effective };
    let mut found = store::assignment::list(identity.db(), &filter).await?;
    if query.effective {
        found = with_implied(identity, found).await?;
        if let Some(role_id) = &query.role_id {
            found.retain(|assignment| assignment.role.id == role_id.as_str());
        }
    }
    Ok(found)
}

async fn subtree(identity: &Identity, root: ProjectId) -> Result<Vec<Target>, IdentityError> {
    let mut ids = vec![root];
    let mut next = 0;
    while let Some(id) = ids.get(next) {
        let children = store::project::list_children(identity.db(), id).await?;
        ids.extend(children.into_iter().map(|project| project.id));
        next += 1;
    }
    Ok(ids.into_iter().map(Target::Project).collect())
}

/// Adds what roles imply, and leaves roles of domains out, which count by what they imply only.
async fn with_implied(identity: &Identity, direct: Vec<Assignment>) -> Result<Vec<Assignment>, IdentityError> {
    let graph = identity.role_graph(identity.generation().await?).await?;
    let mut all = Vec::with_capacity(direct.len());
    for assignment in direct {
        let granted = RoleId::from_trusted(assignment.role.id.as_str());
        for id in graph.expand(vec![granted.clone()]) {
            let Some(name) = graph.name(&id) else { continue };
            let role = Named { id: id.to_string(), name: name.to_owned(), domain: None };
            let by_role = (id != granted).then(|| granted.clone());
            all.push(Assignment { role, by_role, ..assignment.clone() });
        }
    }
    Ok(all)
}
