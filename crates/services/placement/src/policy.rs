//! Actions and their secure defaults, named as in upstream's policy reference.

use ferrostack_policy::{Action, Scope};

const ADMIN_OR_SERVICE: &str = "rule:placement_admin_or_service";
const PROJECT: &[Scope] = &[Scope::Project];

macro_rules! actions {
    ($($name:literal $rule:expr, $doc:literal;)*) => {
        &[
            Action { name: "placement_admin", rule: "role:admin", scope_types: &[], doc: "An administrator." },
            Action { name: "placement_service", rule: "role:service", scope_types: &[], doc: "Another service of the cloud." },
            Action { name: "placement_admin_or_service", rule: "role:admin or role:service", scope_types: &[], doc: "An administrator or another service: the default of most actions." },
            Action { name: "placement_project_reader", rule: "role:reader and project_id:%(project_id)s", scope_types: &[], doc: "A reader of the project in question." },
            $(Action { name: $name, rule: $rule, scope_types: PROJECT, doc: $doc },)*
        ]
    };
}

/// All actions of the placement service.
pub const ACTIONS: &[Action] = actions! {
    "placement:resource_providers:list" ADMIN_OR_SERVICE, "List resource providers.";
    "placement:resource_providers:create" ADMIN_OR_SERVICE, "Create a resource provider.";
    "placement:resource_providers:show" ADMIN_OR_SERVICE, "Show a resource provider.";
    "placement:resource_providers:update" ADMIN_OR_SERVICE, "Rename a resource provider or give it another parent.";
    "placement:resource_providers:delete" ADMIN_OR_SERVICE, "Delete a resource provider.";
    "placement:resource_providers:inventories:list" ADMIN_OR_SERVICE, "List a provider's inventories.";
    "placement:resource_providers:inventories:create" ADMIN_OR_SERVICE, "Add an inventory to a provider.";
    "placement:resource_providers:inventories:show" ADMIN_OR_SERVICE, "Show one inventory of a provider.";
    "placement:resource_providers:inventories:update" ADMIN_OR_SERVICE, "Change one or all inventories of a provider.";
    "placement:resource_providers:inventories:delete" ADMIN_OR_SERVICE, "Delete one or all inventories of a provider.";
    "placement:resource_providers:aggregates:list" ADMIN_OR_SERVICE, "List a provider's aggregates.";
    "placement:resource_providers:aggregates:update" ADMIN_OR_SERVICE, "Replace a provider's aggregates.";
    "placement:resource_providers:traits:list" ADMIN_OR_SERVICE, "List a provider's traits.";
    "placement:resource_providers:traits:update" ADMIN_OR_SERVICE, "Replace a provider's traits.";
    "placement:resource_providers:traits:delete" ADMIN_OR_SERVICE, "Remove all traits of a provider.";
    "placement:resource_providers:allocations:list" ADMIN_OR_SERVICE, "List the allocations at a provider.";
    "placement:resource_providers:usages" ADMIN_OR_SERVICE, "Show how much of a provider is used.";
    "placement:resource_classes:list" ADMIN_OR_SERVICE, "List resource classes.";
    "placement:resource_classes:create" ADMIN_OR_SERVICE, "Create a custom resource class.";
    "placement:resource_classes:show" ADMIN_OR_SERVICE, "Show a resource class.";
    "placement:resource_classes:update" ADMIN_OR_SERVICE, "Rename a custom resource class, or make sure that it exists.";
    "placement:resource_classes:delete" ADMIN_OR_SERVICE, "Delete a custom resource class.";
    "placement:traits:list" ADMIN_OR_SERVICE, "List traits.";
    "placement:traits:show" ADMIN_OR_SERVICE, "Ask whether a trait exists.";
    "placement:traits:update" ADMIN_OR_SERVICE, "Make sure that a custom trait exists.";
    "placement:traits:delete" ADMIN_OR_SERVICE, "Delete a custom trait.";
    "placement:allocations:manage" ADMIN_OR_SERVICE, "Set the allocations of several consumers at once.";
    "placement:allocations:list" ADMIN_OR_SERVICE, "List a consumer's allocations.";
    "placement:allocations:update" ADMIN_OR_SERVICE, "Set a consumer's allocations.";
    "placement:allocations:delete" ADMIN_OR_SERVICE, "Delete a consumer's allocations.";
    "placement:allocation_candidates:list" ADMIN_OR_SERVICE, "Ask where a request would fit.";
    "placement:reshaper:reshape" "rule:placement_service", "Move inventories together with their allocations.";
    "placement:usages" "rule:placement_admin_or_service or rule:placement_project_reader", "Show how much a project uses.";
};
