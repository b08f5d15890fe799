//! Who asks: the caller's side of a check.

use crate::Scope;

/// A role that a token carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Role {
    /// The role's id.
    pub id: String,
    /// The role's name, which rules compare.
    pub name: String,
}

impl From<(String, String)> for Role {
    fn from((id, name): (String, String)) -> Self {
        Self { id, name }
    }
}

/// What rules can ask about the caller. It only borrows, so that making one for each check costs nothing.
///
/// The default is a caller without identity: no role, no id.
#[derive(Debug, Clone, Copy, Default)]
pub struct Creds<'a> {
    /// The user.
    pub user_id: Option<&'a str>,
    /// The domain that the user belongs to.
    pub user_domain_id: Option<&'a str>,
    /// The project of a project-scoped token.
    pub project_id: Option<&'a str>,
    /// The domain of that project.
    pub project_domain_id: Option<&'a str>,
    /// The domain of a domain-scoped token.
    pub domain_id: Option<&'a str>,
    /// `all` for a system-scoped token.
    pub system_scope: Option<&'a str>,
    /// The token's roles, with those that they imply.
    pub roles: &'a [Role],
    /// The roles of the service token that came with the request, if one came.
    pub service_roles: &'a [Role],
    /// Whether the service regards the caller as its administrator (`is_admin:True`).
    pub is_admin: bool,
}

impl Creds<'_> {
    /// The scope against which an action's `scope_types` are compared.
    pub fn scope(&self) -> Scope {
        match (self.system_scope, self.domain_id) {
            (Some(_), _) => Scope::System,
            (None, Some(_)) => Scope::Domain,
            (None, None) => Scope::Project,
        }
    }
}

/// An attribute of the caller that a rule can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    UserId,
    UserDomainId,
    ProjectId,
    ProjectDomainId,
    DomainId,
    SystemScope,
    IsAdmin,
    IsAdminProject,
    Roles,
    ServiceRoles,
}

/// The names that rules use; the first of each attribute is its own, the others are those of older policies and of
/// the identity service's view of a token.
const NAMES: &[(&str, Attribute)] = &[
    ("user_id", Attribute::UserId),
    ("user_domain_id", Attribute::UserDomainId),
    ("project_id", Attribute::ProjectId),
    ("project_domain_id", Attribute::ProjectDomainId),
    ("domain_id", Attribute::DomainId),
    ("system_scope", Attribute::SystemScope),
    ("is_admin", Attribute::IsAdmin),
    ("is_admin_project", Attribute::IsAdminProject),
    ("roles", Attribute::Roles),
    ("service_roles", Attribute::ServiceRoles),
    ("system", Attribute::SystemScope),
    ("tenant_id", Attribute::ProjectId),
    ("tenant", Attribute::ProjectId),
    ("user", Attribute::UserId),
    ("token.user.id", Attribute::UserId),
    ("token.user.domain.id", Attribute::UserDomainId),
    ("token.project.id", Attribute::ProjectId),
    ("token.project.domain.id", Attribute::ProjectDomainId),
    ("token.domain.id", Attribute::DomainId),
];

impl Attribute {
    pub(crate) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, attribute)| *attribute)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, attribute)| *attribute == self).map_or("", |(name, _)| name)
    }

    /// Whether one of the caller's values for this attribute passes `test`; `None` is given for "no value".
    pub(crate) fn any(self, creds: &Creds<'_>, test: impl Fn(Option<&str>) -> bool) -> bool {
        match self {
            Self::UserId => test(creds.user_id),
            Self::UserDomainId => test(creds.user_domain_id),
            Self::ProjectId => test(creds.project_id),
            Self::ProjectDomainId => test(creds.project_domain_id),
            Self::DomainId => test(creds.domain_id),
            Self::SystemScope => test(creds.system_scope),
            Self::IsAdmin => test(Some(if creds.is_admin { "True" } else { "False" })),
            // Only a cloud that names an admin project could make this false; ours has none.
            Self::IsAdminProject => test(Some("True")),
            Self::Roles => creds.roles.iter().any(|role| test(Some(&role.name))),
            Self::ServiceRoles => creds.service_roles.iter().any(|role| test(Some(&role.name))),
        }
    }
}
