//! Who may do what: Neutron's action names with its secure role-based defaults.

mod target;

use ferrostack_policy::{Action, Scope};

pub(crate) use target::Asked;

const PROJECT: &[Scope] = &[Scope::Project];

const fn base(name: &'static str, rule: &'static str, doc: &'static str) -> Action {
    Action { name, rule, scope_types: &[], doc }
}

const fn action(name: &'static str, rule: &'static str, doc: &'static str) -> Action {
    Action { name, rule, scope_types: PROJECT, doc }
}

const ADMIN: &str = "rule:network_admin";
const MEMBER: &str = "rule:network_admin or rule:network_member";
const READER: &str = "rule:network_admin or rule:network_reader";
const NET_OWNER: &str = "rule:network_admin or rule:network_owner_member";

/// All actions of the service.
pub const ACTIONS: &[Action] = &[
    base("network_admin", "role:admin", "Administrators."),
    base(
        "network_member",
        "role:member and project_id:%(project_id)s",
        "Members of the project that owns the resource.",
    ),
    base(
        "network_reader",
        "role:reader and project_id:%(project_id)s",
        "Readers of the project that owns the resource.",
    ),
    base(
        "network_owner_member",
        "role:member and project_id:%(network:project_id)s",
        "Members of the project that owns the network.",
    ),
    base(
        "network_owner_reader",
        "role:reader and project_id:%(network:project_id)s",
        "Readers of the project that owns the network.",
    ),
    base("network_is_shared", "field:networks:shared=True", "The network is shared with all projects."),
    base("network_is_external", "field:networks:router:external=True", "The network is external."),
    base(
        "network_service_device",
        "field:port:device_owner=~^network:",
        "The port belongs to the network service itself.",
    ),
    // networks
    action("create_network", MEMBER, "Create a network."),
    action("create_network:shared", ADMIN, "Create a network that all projects may use."),
    action("create_network:router:external", ADMIN, "Create an external network."),
    action("create_network:is_default", ADMIN, "Create the default external network."),
    action("create_network:port_security_enabled", MEMBER, "Choose port_security_enabled of a new network."),
    action("create_network:provider:network_type", ADMIN, "Choose the type of a new network."),
    action("create_network:provider:physical_network", ADMIN, "Choose the physical network of a new network."),
    action("create_network:provider:segmentation_id", ADMIN, "Choose the segment of a new network."),
    action(
        "get_network",
        "rule:network_admin or rule:network_reader or rule:network_is_shared or rule:network_is_external",
        "See a network.",
    ),
    action("get_network:provider:network_type", ADMIN, "See the type of a network."),
    action("get_network:provider:physical_network", ADMIN, "See the physical network of a network."),
    action("get_network:provider:segmentation_id", ADMIN, "See the segment of a network."),
    action("update_network", MEMBER, "Change a network."),
    action("update_network:shared", ADMIN, "Share a network with all projects."),
    action("update_network:router:external", ADMIN, "Make a network external."),
    action("update_network:is_default", ADMIN, "Make an external network the default."),
    action("update_network:port_security_enabled", MEMBER, "Change port_security_enabled of a network."),
    action("delete_network", MEMBER, "Delete a network."),
    // subnets
    action("create_subnet", MEMBER, "Create a subnet; the project is that of its network."),
    action("get_subnet", "rule:network_admin or rule:network_reader or rule:network_is_shared", "See a subnet."),
    action("update_subnet", MEMBER, "Change a subnet."),
    action("delete_subnet", MEMBER, "Delete a subnet."),
    // ports
    action("create_port", MEMBER, "Create a port."),
    action(
        "create_port:device_owner",
        "not rule:network_service_device or rule:network_admin or rule:network_owner_member",
        "Choose the device_owner of a new port.",
    ),
    action("create_port:mac_address", NET_OWNER, "Choose the MAC address of a new port."),
    action(
        "create_port:fixed_ips",
        "rule:network_admin or rule:network_owner_member or rule:network_is_shared",
        "Choose addresses of a new port.",
    ),
    action("create_port:fixed_ips:ip_address", NET_OWNER, "Choose the exact address of a new port."),
    action(
        "create_port:fixed_ips:subnet_id",
        "rule:network_admin or rule:network_owner_member or rule:network_is_shared",
        "Choose the subnet of a new port.",
    ),
    action("create_port:port_security_enabled", NET_OWNER, "Choose port_security_enabled of a new port."),
    action("create_port:binding:host_id", ADMIN, "Bind a new port to a host."),
    action("create_port:binding:profile", ADMIN, "Choose the binding profile of a new port."),
    action("create_port:binding:vnic_type", MEMBER, "Choose the kind of interface of a new port."),
    action("create_port:allowed_address_pairs", NET_OWNER, "Allow further addresses on a new port."),
    action("get_port", "rule:network_admin or rule:network_reader or rule:network_owner_reader", "See a port."),
    action("get_port:binding:host_id", ADMIN, "See the host of a port."),
    action("get_port:binding:profile", ADMIN, "See the binding profile of a port."),
    action("get_port:binding:vif_type", ADMIN, "See how a port is connected."),
    action("get_port:binding:vif_details", ADMIN, "See details of how a port is connected."),
    action("update_port", "rule:network_admin or rule:network_member", "Change a port."),
    action(
        "update_port:device_owner",
        "not rule:network_service_device or rule:network_admin or rule:network_owner_member",
        "Change the device_owner of a port.",
    ),
    action("update_port:mac_address", ADMIN, "Change the MAC address of a port."),
    action(
        "update_port:fixed_ips",
        "rule:network_admin or rule:network_owner_member or rule:network_is_shared",
        "Change addresses of a port.",
    ),
    action("update_port:fixed_ips:ip_address", NET_OWNER, "Choose the exact address of a port."),
    action(
        "update_port:fixed_ips:subnet_id",
        "rule:network_admin or rule:network_owner_member or rule:network_is_shared",
        "Choose the subnet of a port.",
    ),
    action("update_port:port_security_enabled", NET_OWNER, "Change port_security_enabled of a port."),
    action("update_port:binding:host_id", ADMIN, "Bind a port to a host."),
    action("update_port:binding:profile", ADMIN, "Change the binding profile of a port."),
    action("update_port:binding:vnic_type", MEMBER, "Change the kind of interface of a port."),
    action("update_port:allowed_address_pairs", NET_OWNER, "Change the further addresses of a port."),
    action("delete_port", "rule:network_admin or rule:network_member or rule:network_owner_member", "Delete a port."),
    // routers
    action("create_router", MEMBER, "Create a router."),
    action("create_router:external_gateway_info", MEMBER, "Give a new router a gateway."),
    action("create_router:external_gateway_info:network_id", MEMBER, "Choose the external network of a new router."),
    action(
        "create_router:external_gateway_info:enable_snat",
        ADMIN,
        "Choose whether a new router translates addresses.",
    ),
    action(
        "create_router:external_gateway_info:external_fixed_ips",
        ADMIN,
        "Choose the external addresses of a new router.",
    ),
    action("get_router", READER, "See a router."),
    action("update_router", MEMBER, "Change a router."),
    action("update_router:external_gateway_info", MEMBER, "Change the gateway of a router."),
    action("update_router:external_gateway_info:network_id", MEMBER, "Choose the external network of a router."),
    action("update_router:external_gateway_info:enable_snat", ADMIN, "Choose whether a router translates addresses."),
    action(
        "update_router:external_gateway_info:external_fixed_ips",
        ADMIN,
        "Choose the external addresses of a router.",
    ),
    action("delete_router", MEMBER, "Delete a router."),
    action("add_router_interface", MEMBER, "Connect a router with a subnet."),
    action("remove_router_interface", MEMBER, "Disconnect a router from a subnet."),
    action("add_extraroutes", MEMBER, "Add routes to a router."),
    action("remove_extraroutes", MEMBER, "Remove routes from a router."),
    // floating IPs
    action("create_floatingip", MEMBER, "Create a floating IP."),
    action("create_floatingip:floating_ip_address", ADMIN, "Choose the address of a new floating IP."),
    action("get_floatingip", READER, "See a floating IP."),
    action("update_floatingip", MEMBER, "Change a floating IP."),
    action("delete_floatingip", MEMBER, "Delete a floating IP."),
    // security groups
    action("create_security_group", MEMBER, "Create a security group."),
    action("get_security_group", READER, "See a security group."),
    action("update_security_group", MEMBER, "Change a security group."),
    action("delete_security_group", MEMBER, "Delete a security group."),
    action("create_security_group_rule", MEMBER, "Create a security group rule."),
    action("get_security_group_rule", READER, "See a security group rule."),
    action("delete_security_group_rule", MEMBER, "Delete a security group rule."),
    // the service
    action("get_quota", READER, "See the quotas of a project."),
    action("update_quota", ADMIN, "Change the quotas of a project."),
    action("delete_quota", ADMIN, "Take a project's own quotas away."),
    action("get_extension", "", "See what the service offers beyond its core."),
];
