//! Who may do what, with upstream's names and its role-based defaults.

use ferrostack_policy::{Action, Scope};

const ADMIN: &str = "rule:compute_admin";
const MEMBER: &str = "rule:compute_admin or (role:member and project_id:%(project_id)s)";
const READER: &str = "rule:compute_admin or (role:reader and project_id:%(project_id)s)";
const OWN_KEYS: &str = "rule:compute_admin or user_id:%(user_id)s";
const ANYBODY: &str = "@";

const fn action(name: &'static str, rule: &'static str, doc: &'static str) -> Action {
    Action { name, rule, scope_types: &[Scope::Project], doc }
}

/// All actions of the service. Targets have `project_id` and, where the thing belongs to a user, `user_id`. Servers of
/// another project are not found, whatever the rule says.
pub const ACTIONS: &[Action] = &[
    Action {
        name: "compute_admin",
        rule: "role:admin",
        scope_types: &[],
        doc: "Who administers the servers of all projects.",
    },
    action("os_compute_api:servers:index", READER, "List servers."),
    action("os_compute_api:servers:detail", READER, "List servers with details."),
    action("os_compute_api:servers:index:get_all_tenants", ADMIN, "List the servers of all projects."),
    action("os_compute_api:servers:detail:get_all_tenants", ADMIN, "List the servers of all projects with details."),
    action(
        "os_compute_api:servers:allow_all_filters",
        ADMIN,
        "Filter lists of servers by host, deletion and the like.",
    ),
    action("os_compute_api:servers:show", READER, "Show a server."),
    action("os_compute_api:servers:create", MEMBER, "Create a server."),
    action("os_compute_api:servers:create:forced_host", ADMIN, "Choose the host of a new server."),
    action("os_compute_api:servers:create:attach_network", MEMBER, "Choose networks or ports for a new server."),
    action("os_compute_api:servers:update", MEMBER, "Change a server's name and addresses of access."),
    action("os_compute_api:servers:delete", MEMBER, "Delete a server."),
    action("os_compute_api:servers:start", MEMBER, "Start a server."),
    action("os_compute_api:servers:stop", MEMBER, "Stop a server."),
    action("os_compute_api:servers:reboot", MEMBER, "Reboot a server."),
    action("os_compute_api:os-deferred-delete:force", MEMBER, "Delete a server at once."),
    action("os_compute_api:os-console-output", MEMBER, "Read a server's console log."),
    action("os_compute_api:os-remote-consoles", MEMBER, "Open a server's screen or serial console."),
    action("os_compute_api:os-console-auth-tokens", ADMIN, "See what the token of a console opens."),
    action("os_compute_api:os-extended-server-attributes", ADMIN, "See on which host a server is."),
    action("os_compute_api:ips:index", READER, "List a server's addresses."),
    action("os_compute_api:ips:show", READER, "List a server's addresses in one network."),
    action("os_compute_api:server-metadata:index", READER, "List a server's metadata."),
    action("os_compute_api:server-metadata:show", READER, "Show an item of a server's metadata."),
    action("os_compute_api:server-metadata:create", MEMBER, "Add items to a server's metadata."),
    action("os_compute_api:server-metadata:update", MEMBER, "Change an item of a server's metadata."),
    action("os_compute_api:server-metadata:update_all", MEMBER, "Replace a server's metadata."),
    action(
        "os_compute_api:os-server-password:show",
        READER,
        "Show the encrypted password that a server's guest has handed over.",
    ),
    action(
        "os_compute_api:os-server-password:clear",
        MEMBER,
        "Forget the password that a server's guest has handed over.",
    ),
    action("os_compute_api:server-metadata:delete", MEMBER, "Remove an item of a server's metadata."),
    action("os_compute_api:os-security-groups:list", READER, "List the security groups of a server."),
    action("os_compute_api:os-attach-interfaces:list", READER, "List a server's interfaces."),
    action("os_compute_api:os-attach-interfaces:show", READER, "Show an interface of a server."),
    action("os_compute_api:os-instance-actions:list", READER, "List what was done with a server."),
    action("os_compute_api:os-instance-actions:show", READER, "Show something that was done with a server."),
    action("os_compute_api:os-instance-actions:events", ADMIN, "See the steps of what was done with a server."),
    action("os_compute_api:os-availability-zone:list", ANYBODY, "List zones."),
    action("os_compute_api:os-availability-zone:detail", ADMIN, "List zones with their hosts."),
    action("os_compute_api:os-services:list", ADMIN, "List compute nodes and controllers."),
    action("os_compute_api:os-services:update", ADMIN, "Close a compute node for new servers, or open it."),
    action("os_compute_api:os-hypervisors:list", ADMIN, "List hypervisors."),
    action("os_compute_api:os-hypervisors:list-detail", ADMIN, "List hypervisors with details."),
    action("os_compute_api:os-hypervisors:show", ADMIN, "Show a hypervisor."),
    action("os_compute_api:os-hypervisors:statistics", ADMIN, "Show sums over all hypervisors."),
    action("os_compute_api:os-hypervisors:search", ADMIN, "Find hypervisors by name."),
    action("os_compute_api:os-hypervisors:servers", ADMIN, "List the servers of hypervisors."),
    action("os_compute_api:limits", ANYBODY, "Show the limits of the own project."),
    action("os_compute_api:limits:other_project", ADMIN, "Show the limits of another project."),
    action("os_compute_api:os-quota-sets:show", READER, "Show a project's quota."),
    action("os_compute_api:os-quota-sets:detail", READER, "Show a project's quota and how much of it is used."),
    action("os_compute_api:os-quota-sets:defaults", ANYBODY, "Show the quota of projects that have none of their own."),
    action("os_compute_api:os-quota-sets:update", ADMIN, "Change a project's quota."),
    action("os_compute_api:os-quota-sets:delete", ADMIN, "Give a project the default quota again."),
    action("os_compute_api:extensions", ANYBODY, "List the parts of the API."),
    action("os_compute_api:os-simple-tenant-usage:list", ADMIN, "Show what all projects used."),
    action("os_compute_api:os-simple-tenant-usage:show", READER, "Show what a project used."),
    action("os_compute_api:os-keypairs:index", OWN_KEYS, "List a user's key pairs."),
    action("os_compute_api:os-keypairs:show", OWN_KEYS, "Show a user's key pair."),
    action("os_compute_api:os-keypairs:create", OWN_KEYS, "Create or import a key pair."),
    action("os_compute_api:os-keypairs:delete", OWN_KEYS, "Delete a key pair."),
    action("os_compute_api:os-flavor-manage:create", ADMIN, "Create a flavor."),
    action("os_compute_api:os-flavor-manage:delete", ADMIN, "Delete a flavor."),
    action("os_compute_api:os-flavor-access", ADMIN, "List the projects that may use a flavor."),
    action("os_compute_api:os-flavor-access:add_tenant_access", ADMIN, "Let a project use a flavor."),
    action("os_compute_api:os-flavor-access:remove_tenant_access", ADMIN, "Let a project not use a flavor any more."),
    action("os_compute_api:os-flavor-extra-specs:index", READER, "List a flavor's extra specs."),
    action("os_compute_api:os-flavor-extra-specs:show", READER, "Show an extra spec of a flavor."),
    action("os_compute_api:os-flavor-extra-specs:create", ADMIN, "Add extra specs to a flavor."),
    action("os_compute_api:os-flavor-extra-specs:update", ADMIN, "Change an extra spec of a flavor."),
    action("os_compute_api:os-flavor-extra-specs:delete", ADMIN, "Remove an extra spec of a flavor."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_well_formed() {
        ferrostack_policy::Policy::new([ACTIONS]).unwrap();
    }
}
