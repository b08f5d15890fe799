//! Projects.

use ferrostack_auth::Ctx;
use ferrostack_db::{DbError, Read, Tx};

use crate::{
    DomainId, Identity, IdentityError, ProjectId,
    app::{
        authentication::implied_domain, domain, merge_extra, merge_options, only_unlocks, refuse_immutable,
        token::revoke_all_of,
    },
    store::{
        self, Extra, Listing,
        project::{Filter, Project},
    },
    wire::{
        kept,
        project::{NewProject, ProjectChange},
    },
};

/// How many tags a project can have.
const MAX_TAGS: usize = 80;

impl Identity {
    /// A project, for `action`.
    ///
    /// # Errors
    /// Denied when the caller may not do that, whether the project exists or not.
    pub(crate) async fn find_project(&self, cx: &Ctx, id: &ProjectId, action: &str) -> Result<Project, IdentityError> {
        match store::project::get(self.db(), id).await? {
            Some(project) => {
                cx.allow(action, &target(&project))?;
                Ok(project)
            }
            None => {
                cx.allow(action, &())?;
                Err(IdentityError::not_found("project", id))
            }
        }
    }
}

/// What a rule can ask about a project.
fn target(project: &Project) -> [(&'static str, &str); 3] {
    let id = project.id.as_str();
    [("target.project.id", id), ("target.project.domain_id", project.domain_id.as_str()), ("project_id", id)]
}

/// Projects that the caller may list: all, or with a domain-scoped token those of the domain.
pub(crate) async fn list(cx: &Ctx, identity: &Identity, mut filter: Filter) -> Result<Listing<Project>, IdentityError> {
    domain::narrow(cx, &mut filter.domain_id);
    let domain_id = filter.domain_id.as_ref().map(DomainId::as_str);
    cx.allow("identity:list_projects", &[("target.domain_id", domain_id)])?;
    Ok(store::project::list(identity.db(), &filter).await?)
}

fn taken(error: DbError, project: &Project) -> IdentityError {
    IdentityError::taken(error, "project", &project.name, format!(" in domain {}", project.domain_id))
}

/// Where a new project goes: its domain, and the project above it, if it does not lie directly in its domain.
async fn place(
    cx: &Ctx,
    identity: &Identity,
    new: &NewProject,
) -> Result<(DomainId, Option<ProjectId>), IdentityError> {
    let parent = match &new.parent_id {
        None => None,
        Some(id) => match store::project::get(identity.db(), &ProjectId::from_trusted(id.as_str())).await? {
            Some(parent) => Some(parent),
            None => {
                // A domain is the root of the projects in it.
                let domain_id = DomainId::from_trusted(id.as_str());
                let domain = store::domain::get(identity.db(), &domain_id).await?;
                let domain = domain.ok_or_else(|| IdentityError::not_found("project", id))?;
                return in_domain(new.domain_id.as_ref(), domain.id).map(|id| (id, None));
            }
        },
    };
    let Some(parent) = parent else { return Ok((new.domain_id.clone().unwrap_or_else(|| implied_domain(cx)), None)) };
    if !parent.enabled {
        return Err(IdentityError::forbidden(format!(
            "Project {} is disabled: no project can be made below it.",
            parent.id
        )));
    }
    let (max, id) = (identity.options().max_project_tree_depth, parent.id.clone());
    if depth(identity.db(), &parent).await? + 1 > max {
        return Err(IdentityError::forbidden(format!(
            "Below project {id} the tree of projects would be deeper than {max} levels below its domain."
        )));
    }
    Ok((in_domain(new.domain_id.as_ref(), parent.domain_id)?, Some(id)))
}

fn in_domain(wanted: Option<&DomainId>, parents: DomainId) -> Result<DomainId, IdentityError> {
    match wanted {
        Some(wanted) if *wanted != parents => Err(IdentityError::invalid(format!(
            "project.domain_id {wanted} is not the domain of its parent, {parents}."
        ))),
        _ => Ok(parents),
    }
}

/// How many levels a project lies below its domain; 1 is directly in it.
async fn depth(db: &impl Read, project: &Project) -> Result<usize, IdentityError> {
    let (mut depth, mut above) = (1, project.parent_id.clone());
    while let Some(id) = above {
        above = store::project::get(db, &id).await?.and_then(|project| project.parent_id);
        depth += 1;
    }
    Ok(depth)
}

/// Makes a project.
pub(crate) async fn create(cx: &Ctx, identity: &Identity, new: NewProject) -> Result<Project, IdentityError> {
    if new.is_domain {
        return Err(IdentityError::invalid(
            "project.is_domain: a project that acts as a domain is made with POST /v3/domains.",
        ));
    }
    let (domain_id, parent_id) = place(cx, identity, &new).await?;
    cx.allow("identity:create_project", &[("target.project.domain_id", domain_id.as_str())])?;
    domain::must_exist(identity, &domain_id).await?;
    let mut options = Extra::new();
    merge_options(&mut options, new.options);
    let mut tags = new.tags;
    tags.sort_unstable();
    let project = Project {
        id: ProjectId::new(),
        domain_id,
        parent_id,
        name: new.name.trim().to_owned(),
        description: new.description.unwrap_or_default(),
        enabled: new.enabled.unwrap_or(true),
        options,
        extra: kept(new.extra),
        tags,
    };
    let new = &project;
    identity
        .db()
        .tx(|tx| async move { store::project::insert(&tx, new).await.map_err(|error| taken(error, new)) })
        .await?;
    Ok(project)
}

/// Changes a project. Disabled, all tokens for it are void.
pub(crate) async fn update(
    identity: &Identity,
    mut project: Project,
    change: ProjectChange,
) -> Result<Project, IdentityError> {
    if !only_unlocks(change.options.as_ref()) {
        refuse_immutable(&project.options, "project", project.id.as_str(), "changed")?;
    }
    if change.domain_id.is_some_and(|id| id != project.domain_id) {
        return Err(IdentityError::invalid("project.domain_id can't be changed."));
    }
    let parent_id = project.parent_id.as_ref().map_or(project.domain_id.as_str(), ProjectId::as_str);
    if change.parent_id.is_some_and(|id| id != parent_id) {
        return Err(IdentityError::forbidden("project.parent_id can't be changed."));
    }
    if change.is_domain == Some(true) {
        return Err(IdentityError::invalid("project.is_domain can't be changed."));
    }
    let before = project.enabled;
    project.name = change.name.map_or(project.name, |name| name.trim().to_owned());
    project.description = change.description.map_or(project.description, Option::unwrap_or_default);
    project.enabled = change.enabled.unwrap_or(project.enabled);
    merge_options(&mut project.options, change.options.unwrap_or_default());
    merge_extra(&mut project.extra, kept(change.extra));
    if let Some(tags) = change.tags {
        project.tags = tags;
        project.tags.sort_unstable();
    }
    store_change(identity, &project, before).await?;
    Ok(project)
}

async fn store_change(identity: &Identity, project: &Project, was_enabled: bool) -> Result<(), IdentityError> {
    let update = |tx: Tx| async move {
        if project.enabled != was_enabled {
            check_neighbours(&tx, project).await?;
        }
        if !store::project::update(&tx, project).await.map_err(|error| taken(error, project))? {
            return Err(IdentityError::not_found("project", &project.id));
        }
        let generation = identity.raise(&tx).await?;
        if was_enabled && !project.enabled {
            revoke_all_of(identity, &tx, project.id.as_str(), generation).await?;
        }
        Ok(())
    };
    identity.db().tx(update).await
}

/// An enabled project has an enabled one above it, and a disabled one only disabled ones below it.
async fn check_neighbours(tx: &Tx, project: &Project) -> Result<(), IdentityError> {
    if project.enabled {
        let Some(parent_id) = &project.parent_id else { return Ok(()) };
        if store::project::get(tx, parent_id).await?.is_some_and(|parent| !parent.enabled) {
            return Err(IdentityError::forbidden(format!(
                "Project {} can't be enabled: {parent_id}, which it lies below, is disabled.",
                project.id
            )));
        }
    } else if let Some(child) = store::project::list_children(tx, &project.id).await?.iter().find(|child| child.enabled)
    {
        return Err(IdentityError::forbidden(format!(
            "Project {} can't be disabled: {}, which lies below it, is enabled.",
            project.id, child.id
        )));
    }
    Ok(())
}

/// Replaces the tags of a project.
pub(crate) async fn replace_tags(
    identity: &Identity,
    mut project: Project,
    mut tags: Vec<String>,
) -> Result<Project, IdentityError> {
    refuse_immutable(&project.options, "project", project.id.as_str(), "changed")?;
    tags.sort_unstable();
    tags.dedup();
    if tags.len() > MAX_TAGS {
        return Err(IdentityError::invalid(format!(
            "Project {} would have {} tags, at most {MAX_TAGS} are allowed.",
            project.id,
            tags.len()
        )));
    }
    project.tags = tags;
    let changed = &project;
    let replace = |tx: Tx| async move {
        if store::project::get(&tx, &changed.id).await?.is_none() {
            return Err(IdentityError::not_found("project", &changed.id));
        }
        Ok(store::project_tag::replace(&tx, &changed.id, &changed.tags).await?)
    };
    identity.db().tx(replace).await?;
    Ok(project)
}

/// Deletes a project that has none below it.
pub(crate) async fn delete(identity: &Identity, project: Project) -> Result<(), IdentityError> {
    refuse_immutable(&project.options, "project", project.id.as_str(), "deleted")?;
    let id = &project.id;
    let delete = |tx: Tx| async move {
        if let Some(child) = store::project::list_children(&tx, id).await?.first() {
            return Err(IdentityError::forbidden(format!(
                "Project {id} can't be deleted: {} lies below it.",
                child.id
            )));
        }
        if !store::project::delete(&tx, id).await? {
            return Err(IdentityError::not_found("project", id));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(delete).await
}
