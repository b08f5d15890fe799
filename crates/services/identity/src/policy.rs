//! The service's actions with their default rules: administrators everywhere, readers of the system, and readers and
//! managers of a domain within it. Names are upstream's, see
//! <https://docs.openstack.org/keystone/latest/configuration/policy.html>.

use ferrostack_policy::Action;

const fn action(name: &'static str, rule: &'static str, doc: &'static str) -> Action {
    // Every action takes tokens of every scope: an administrator of a project is one of the cloud.
    Action { name, rule, scope_types: &[], doc }
}

const ADMIN: &str = "rule:admin_required";
const READER: &str = "rule:admin_required or (role:reader and system_scope:all)";
const ANYBODY: &str = "";
const ROLE_READER: &str =
    "rule:admin_required or (role:reader and system_scope:all) or (role:manager and not domain_id:None)";

const GET_DOMAIN: &str = "rule:admin_required or (role:reader and system_scope:all) or \
    token.domain.id:%(target.domain.id)s or token.project.domain.id:%(target.domain.id)s";
const GET_PROJECT: &str = "rule:admin_required or (role:reader and system_scope:all) or \
    (role:reader and domain_id:%(target.project.domain_id)s) or project_id:%(target.project.id)s";
const MANAGE_PROJECT: &str = "rule:admin_required or (role:manager and domain_id:%(target.project.domain_id)s)";
const LIST_IN_DOMAIN: &str = "rule:admin_required or (role:reader and system_scope:all) or \
    (role:reader and domain_id:%(target.domain_id)s)";
const GET_USER: &str = "rule:admin_required or (role:reader and system_scope:all) or \
    (role:reader and token.domain.id:%(target.user.domain_id)s) or user_id:%(target.user.id)s";
const MANAGE_USER: &str = "rule:admin_required or (role:manager and token.domain.id:%(target.user.domain_id)s)";
const GET_GROUP: &str = "rule:admin_required or (role:reader and system_scope:all) or \
    (role:reader and domain_id:%(target.group.domain_id)s)";
const MANAGE_GROUP: &str = "rule:admin_required or (role:manager and domain_id:%(target.group.domain_id)s)";
const GET_MEMBER: &str = "rule:admin_required or (role:reader and system_scope:all) or \
    (role:reader and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)";
const MANAGE_MEMBER: &str = "rule:admin_required or \
    (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)";

/// All actions of the identity service.
pub const ACTIONS: &[Action] = &[
    action("admin_required", "role:admin", "Who administers the cloud."),
    action("service_role", "role:service", "The services among each other."),
    action("token_subject", "user_id:%(target.token.user_id)s", "Whose token it is."),
    action(
        "identity:validate_token",
        "rule:admin_required or rule:service_role or (role:reader and system_scope:all) or rule:token_subject",
        "Look into a token.",
    ),
    action(
        "identity:check_token",
        "rule:admin_required or rule:service_role or (role:reader and system_scope:all) or rule:token_subject",
        "Ask whether a token is valid.",
    ),
    action("identity:revoke_token", "rule:admin_required or rule:token_subject", "Make a token invalid."),
    action("identity:get_auth_catalog", ANYBODY, "See one's own catalog."),
    action("identity:get_auth_projects", ANYBODY, "List the projects that one can choose."),
    action("identity:get_auth_domains", ANYBODY, "List the domains that one can choose."),
    action("identity:get_auth_system", ANYBODY, "See whether one can choose the system."),
    action("identity:get_domain", GET_DOMAIN, "Show a domain."),
    action("identity:list_domains", READER, "List domains."),
    action("identity:create_domain", ADMIN, "Create a domain."),
    action("identity:update_domain", ADMIN, "Change a domain."),
    action("identity:delete_domain", ADMIN, "Delete a domain with all that is in it."),
    action("identity:get_project", GET_PROJECT, "Show a project."),
    action("identity:list_projects", LIST_IN_DOMAIN, "List projects."),
    action("identity:list_user_projects", GET_USER, "List the projects in which a user has a role."),
    action("identity:create_project", MANAGE_PROJECT, "Create a project."),
    action("identity:update_project", MANAGE_PROJECT, "Change a project."),
    action("identity:delete_project", MANAGE_PROJECT, "Delete a project."),
    action("identity:list_project_tags", GET_PROJECT, "List the tags of a project."),
    action("identity:get_project_tag", GET_PROJECT, "Ask whether a project has a tag."),
    action("identity:update_project_tags", MANAGE_PROJECT, "Replace the tags of a project."),
    action("identity:create_project_tag", MANAGE_PROJECT, "Add a tag to a project."),
    action("identity:delete_project_tags", MANAGE_PROJECT, "Remove all tags from a project."),
    action("identity:delete_project_tag", MANAGE_PROJECT, "Remove a tag from a project."),
    action("identity:get_user", GET_USER, "Show a user."),
    action("identity:list_users", LIST_IN_DOMAIN, "List users."),
    action("identity:create_user", MANAGE_USER, "Create a user."),
    action("identity:update_user", MANAGE_USER, "Change a user, also its password."),
    action("identity:delete_user", MANAGE_USER, "Delete a user."),
    action("identity:get_group", GET_GROUP, "Show a group."),
    action("identity:list_groups", LIST_IN_DOMAIN, "List groups."),
    action("identity:list_groups_for_user", GET_USER, "List the groups of a user."),
    action("identity:create_group", MANAGE_GROUP, "Create a group."),
    action("identity:update_group", MANAGE_GROUP, "Change a group."),
    action("identity:delete_group", MANAGE_GROUP, "Delete a group."),
    action("identity:list_users_in_group", GET_GROUP, "List the members of a group."),
    action("identity:add_user_to_group", MANAGE_MEMBER, "Make a user member of a group."),
    action("identity:check_user_in_group", GET_MEMBER, "Ask whether a user is member of a group."),
    action("identity:remove_user_from_group", MANAGE_MEMBER, "Remove a user from a group."),
    action("identity:get_role", ROLE_READER, "Show a role."),
    action("identity:list_roles", ROLE_READER, "List roles."),
    action("identity:create_role", ADMIN, "Create a role."),
    action("identity:update_role", ADMIN, "Change a role."),
    action("identity:delete_role", ADMIN, "Delete a role."),
    action("identity:get_implied_role", READER, "Show that a role implies another."),
    action("identity:list_implied_roles", READER, "List what a role implies."),
    action("identity:create_implied_role", ADMIN, "Let a role imply another."),
    action("identity:delete_implied_role", ADMIN, "Let a role no longer imply another."),
    action("identity:list_role_inference_rules", READER, "List which roles imply which."),
    action("identity:check_implied_role", READER, "Ask whether a role implies another."),
    action("identity:check_grant", READER, "Ask whether a user or group has a role on a project or domain."),
    action("identity:list_grants", READER, "List the roles of a user or group on a project or domain."),
    action("identity:create_grant", ADMIN, "Give a user or group a role on a project or domain."),
    action("identity:revoke_grant", ADMIN, "Take a role on a project or domain from a user or group."),
    action("identity:check_system_grant_for_user", READER, "Ask whether a user has a role on the system."),
    action("identity:list_system_grants_for_user", READER, "List the roles of a user on the system."),
    action("identity:create_system_grant_for_user", ADMIN, "Give a user a role on the system."),
    action("identity:revoke_system_grant_for_user", ADMIN, "Take a role on the system from a user."),
    action("identity:check_system_grant_for_group", READER, "Ask whether a group has a role on the system."),
    action("identity:list_system_grants_for_group", READER, "List the roles of a group on the system."),
    action("identity:create_system_grant_for_group", ADMIN, "Give a group a role on the system."),
    action("identity:revoke_system_grant_for_group", ADMIN, "Take a role on the system from a group."),
    action("identity:list_role_assignments", LIST_IN_DOMAIN, "List who has which role on what."),
    action("identity:get_region", ANYBODY, "Show a region."),
    action("identity:list_regions", ANYBODY, "List regions."),
    action("identity:create_region", ADMIN, "Create a region."),
    action("identity:update_region", ADMIN, "Change a region."),
    action("identity:delete_region", ADMIN, "Delete a region."),
    action("identity:get_service", READER, "Show a service of the catalog."),
    action("identity:list_services", READER, "List the services of the catalog."),
    action("identity:create_service", ADMIN, "Add a service to the catalog."),
    action("identity:update_service", ADMIN, "Change a service of the catalog."),
    action("identity:delete_service", ADMIN, "Remove a service and its endpoints from the catalog."),
    action("identity:get_endpoint", READER, "Show an endpoint."),
    action("identity:list_endpoints", READER, "List endpoints."),
    action("identity:create_endpoint", ADMIN, "Add an endpoint to the catalog."),
    action("identity:update_endpoint", ADMIN, "Change an endpoint."),
    action("identity:delete_endpoint", ADMIN, "Remove an endpoint from the catalog."),
];
