//! What tokens need to know of users, projects, domains and roles, remembered as long as the generation holds.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ferrostack_auth::Role;

use crate::{
    DomainId, Identity, IdentityError, ProjectId, RoleId, UserId,
    app::{catalog::Catalog, remembered::Remembered},
    store::{self, assignment::Target, fold, implied_role::Implication},
};

/// How many users, projects and so on are remembered each.
const MAX: usize = 20_000;

/// A user as tokens see it.
#[derive(Debug)]
pub(crate) struct UserFacts {
    pub(crate) id: UserId,
    pub(crate) name: String,
    pub(crate) domain: Arc<DomainFacts>,
    /// The user and its domain are.
    pub(crate) enabled: bool,
    pub(crate) default_project_id: Option<ProjectId>,
}

/// A project as tokens see it.
#[derive(Debug)]
pub(crate) struct ProjectFacts {
    pub(crate) id: ProjectId,
    pub(crate) name: String,
    pub(crate) domain: Arc<DomainFacts>,
    /// The project and its domain are.
    pub(crate) enabled: bool,
}

/// A domain as tokens see it.
#[derive(Debug)]
pub(crate) struct DomainFacts {
    pub(crate) id: DomainId,
    pub(crate) name: String,
    pub(crate) enabled: bool,
}

/// Names of roles, and which imply which.
#[derive(Debug, Default)]
pub(crate) struct RoleGraph {
    /// Only of the roles of the whole cloud: those of a domain count by what they imply, not by themselves.
    names: HashMap<RoleId, String>,
    implied: HashMap<RoleId, Vec<RoleId>>,
}

impl RoleGraph {
    pub(crate) fn new(roles: impl IntoIterator<Item = (RoleId, String)>, rules: Vec<Implication>) -> Self {
        let mut implied: HashMap<RoleId, Vec<RoleId>> = HashMap::new();
        for rule in rules {
            implied.entry(rule.prior).or_default().push(rule.implied);
        }
        Self { names: roles.into_iter().collect(), implied }
    }

    /// These roles and all that they imply, each once, however the rules run in circles.
    pub(crate) fn expand(&self, roles: Vec<RoleId>) -> Vec<RoleId> {
        let mut seen: HashSet<RoleId> = HashSet::new();
        let mut all: Vec<RoleId> = roles.into_iter().filter(|role| seen.insert(role.clone())).collect();
        let mut next = 0;
        while let Some(role) = all.get(next) {
            let implied = self.implied.get(role).into_iter().flatten().filter(|role| seen.insert((*role).clone()));
            let implied: Vec<RoleId> = implied.cloned().collect();
            all.extend(implied);
            next += 1;
        }
        all
    }

    /// The name of a role that counts by itself.
    pub(crate) fn name(&self, id: &RoleId) -> Option<&str> {
        self.names.get(id).map(String::as_str)
    }
}

/// What is remembered.
pub(crate) struct Directory {
    users: Remembered<UserId, Arc<UserFacts>>,
    projects: Remembered<ProjectId, Arc<ProjectFacts>>,
    project_names: Remembered<(DomainId, String), ProjectId>,
    domains: Remembered<DomainId, Arc<DomainFacts>>,
    domain_names: Remembered<String, DomainId>,
    roles: Remembered<(UserId, Target), Arc<[Role]>>,
    graph: Remembered<(), Arc<RoleGraph>>,
    catalog: Remembered<(), Arc<Catalog>>,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            users: Remembered::new(MAX),
            projects: Remembered::new(MAX),
            project_names: Remembered::new(MAX),
            domains: Remembered::new(MAX),
            domain_names: Remembered::new(MAX),
            roles: Remembered::new(MAX),
            graph: Remembered::new(2),
            catalog: Remembered::new(2),
        }
    }
}

impl Identity {
    /// A user with its domain.
    pub(crate) async fn user_facts(
        &self,
        generation: i64,
        id: &UserId,
    ) -> Result<Option<Arc<UserFacts>>, IdentityError> {
        let users = &self.directory().users;
        if let Some(facts) = users.get(generation, id) {
            return Ok(Some(facts));
        }
        let Some(user) = store::user::get(self.db(), id).await? else { return Ok(None) };
        let Some(domain) = self.domain_facts(generation, &user.domain_id).await? else { return Ok(None) };
        let enabled = user.enabled && domain.enabled;
        let default_project_id = user.default_project_id;
        let facts = Arc::new(UserFacts { id: user.id, name: user.name, domain, enabled, default_project_id });
        users.put(generation, id.clone(), Arc::clone(&facts));
        Ok(Some(facts))
    }

    /// A project with its domain.
    pub(crate) async fn project_facts(
        &self,
        generation: i64,
        id: &ProjectId,
    ) -> Result<Option<Arc<ProjectFacts>>, IdentityError> {
        let projects = &self.directory().projects;
        if let Some(facts) = projects.get(generation, id) {
            return Ok(Some(facts));
        }
        let Some(project) = store::project::get(self.db(), id).await? else { return Ok(None) };
        let Some(domain) = self.domain_facts(generation, &project.domain_id).await? else { return Ok(None) };
        let enabled = project.enabled && domain.enabled;
        let facts = Arc::new(ProjectFacts { id: project.id, name: project.name, domain, enabled });
        projects.put(generation, id.clone(), Arc::clone(&facts));
        Ok(Some(facts))
    }

    /// A project by its name.
    pub(crate) async fn project_by_name(
        &self,
        generation: i64,
        domain_id: &DomainId,
        name: &str,
    ) -> Result<Option<Arc<ProjectFacts>>, IdentityError> {
        let (names, key) = (&self.directory().project_names, (domain_id.clone(), fold(name)));
        if let Some(id) = names.get(generation, &key) {
            return self.project_facts(generation, &id).await;
        }
        let Some(project) = store::project::find_by_name(self.db(), domain_id, name).await? else { return Ok(None) };
        names.put(generation, key, project.id.clone());
        self.project_facts(generation, &project.id).await
    }

    /// A domain.
    pub(crate) async fn domain_facts(
        &self,
        generation: i64,
        id: &DomainId,
    ) -> Result<Option<Arc<DomainFacts>>, IdentityError> {
        let domains = &self.directory().domains;
        if let Some(facts) = domains.get(generation, id) {
            return Ok(Some(facts));
        }
        let Some(domain) = store::domain::get(self.db(), id).await? else { return Ok(None) };
        let facts = Arc::new(DomainFacts { id: domain.id, name: domain.name, enabled: domain.enabled });
        domains.put(generation, id.clone(), Arc::clone(&facts));
        Ok(Some(facts))
    }

    /// A domain by its name.
    pub(crate) async fn domain_by_name(
        &self,
        generation: i64,
        name: &str,
    ) -> Result<Option<Arc<DomainFacts>>, IdentityError> {
        let (names, key) = (&self.directory().domain_names, fold(name));
        if let Some(id) = names.get(generation, &key) {
            return self.domain_facts(generation, &id).await;
        }
        let Some(domain) = store::domain::find_by_name(self.db(), name).await? else { return Ok(None) };
        names.put(generation, key, domain.id.clone());
        self.domain_facts(generation, &domain.id).await
    }

    /// The roles of a user on a target: its own, those of its groups, and what these imply.
    pub(crate) async fn effective_roles(
        &self,
        generation: i64,
        user_id: &UserId,
        target: &Target,
    ) -> Result<Arc<[Role]>, IdentityError> {
        let (roles, key) = (&self.directory().roles, (user_id.clone(), target.clone()));
        if let Some(found) = roles.get(generation, &key) {
            return Ok(found);
        }
        let ids = store::assignment::list_role_ids_of_user(self.db(), user_id, target).await?;
        let graph = self.role_graph(generation).await?;
        let named = graph.expand(ids).into_iter().filter_map(|id| {
            let name = graph.name(&id)?.to_owned();
            Some(Role { id: id.to_string(), name })
        });
        let found: Arc<[Role]> = named.collect();
        roles.put(generation, key, Arc::clone(&found));
        Ok(found)
    }

    /// Names of roles, and which imply which.
    pub(crate) async fn role_graph(&self, generation: i64) -> Result<Arc<RoleGraph>, IdentityError> {
        let remembered = &self.directory().graph;
        if let Some(graph) = remembered.get(generation, &()) {
            return Ok(graph);
        }
        let roles = store::role::list_all(self.db()).await?;
        let rules = store::implied_role::list(self.db()).await?;
        let of_the_cloud = roles.into_iter().filter(|role| role.domain_id.is_none());
        let graph = Arc::new(RoleGraph::new(of_the_cloud.map(|role| (role.id, role.name)), rules));
        remembered.put(generation, (), Arc::clone(&graph));
        Ok(graph)
    }

    /// The services that are enabled and their endpoints.
    pub(crate) async fn catalog(&self, generation: i64) -> Result<Arc<Catalog>, IdentityError> {
        let remembered = &self.directory().catalog;
        if let Some(catalog) = remembered.get(generation, &()) {
            return Ok(catalog);
        }
        let catalog = Arc::new(Catalog::read(self.db()).await?);
        remembered.put(generation, (), Arc::clone(&catalog));
        Ok(catalog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RoleId {
        RoleId::from_trusted(text)
    }

    #[test]
    fn roles_imply_roles_even_in_circles() {
        let rule = |prior, implied| Implication { prior: id(prior), implied: id(implied) };
        let graph =
            RoleGraph::new([], vec![rule("admin", "member"), rule("member", "reader"), rule("reader", "admin")]);
        assert_eq!(graph.expand(vec![id("member")]), [id("member"), id("reader"), id("admin")]);
        assert_eq!(graph.expand(vec![id("service")]), [id("service")]);
        assert_eq!(graph.expand(vec![id("reader"), id("reader"), id("admin")]).len(), 3);
        assert!(graph.expand(vec![]).is_empty());
    }
}
