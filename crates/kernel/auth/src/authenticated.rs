//! What a validated token says.

use ferrostack_policy::{Creds, Role};

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One project.
    Project {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
        /// The domain it belongs to.
        domain_id: String,
        /// That domain's name.
        domain_name: String,
        /// Whether the project itself acts as a domain.
        is_domain: bool,
    },
    /// One domain.
    Domain {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
    },
    /// The whole cloud.
    System,
    /// Nothing but choosing a scope.
    Unscoped,
}

/// The identity behind a request, as its token states it. Made once for each token and then shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The user.
    pub user_id: String,
    /// The user's name.
    pub user_name: String,
    /// The user's domain.
    pub user_domain_id: String,
    /// That domain's name.
    pub user_domain_name: String,
    /// What the token is good for.
    pub scope: Scope,
    /// The roles in that scope, implied ones among them.
    pub roles: Vec<Role>,
    /// When the token ends, in microseconds since 1970 (UTC).
    pub expires_at_us: i64,
    /// The token's own audit id, then that of the first token of its chain.
    pub audit_ids: Vec<String>,
    /// How the user proved who they are: `password`, `token` and so on.
    pub methods: Vec<String>,
}

impl Authenticated {
    /// The project of a project-scoped token.
    pub fn project_id(&self) -> Option<&str> {
        match &self.scope {
            Scope::Project { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The domain of a domain-scoped token.
    pub fn domain_id(&self) -> Option<&str> {
        match &self.scope {
            Scope::Domain { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Whether a role has that name, in whatever case.
    pub fn has_role(&self, name: &str) -> bool {
        self.roles.iter().any(|role| role.name.eq_ignore_ascii_case(name))
    }

    /// The caller's side of a policy check.
    pub fn creds(&self) -> Creds<'_> {
        Creds {
            user_id: Some(&self.user_id),
            user_domain_id: Some(&self.user_domain_id),
            project_id: self.project_id(),
            project_domain_id: match &self.scope {
                Scope::Project { domain_id, .. } => Some(domain_id),
                _ => None,
            },
            domain_id: self.domain_id(),
            system_scope: matches!(self.scope, Scope::System).then_some("all"),
            roles: &self.roles,
            service_roles: &[],
            is_admin: self.has_role("admin"),
        }
    }
}
