//! Northbound tables: routers and what belongs to them.

use super::*;

pub(super) fn tables() -> Vec<TableBuilder> {
    vec![
        router(),
        router_port(),
        child("Logical_Router_Static_Route")
            .text("route_table")
            .text("ip_prefix")
            .column("policy", ColumnType::optional(words(&["src-ip", "dst-ip"])))
            .text("nexthop")
            .column("output_port", optional(AtomKind::String))
            .column("bfd", optional_weak("BFD"))
            .map("options")
            .external_ids(),
        child("Logical_Router_Policy")
            .column("priority", priority())
            .text("match")
            .column("action", ColumnType::one(words(&["allow", "drop", "reroute"])))
            .column("nexthop", optional(AtomKind::String))
            .column("nexthops", texts())
            .map("options")
            .external_ids(),
        nat(),
        child("Gateway_Chassis")
            .text("name")
            .text("chassis_name")
            .column("priority", priority())
            .external_ids()
            .map("options")
            .unique(&["name"]),
        child("HA_Chassis").text("chassis_name").column("priority", priority()).external_ids(),
        root("HA_Chassis_Group")
            .text("name")
            .column("ha_chassis", strong("HA_Chassis"))
            .external_ids()
            .unique(&["name"]),
        root("BFD")
            .text("logical_port")
            .text("dst_ip")
            .column("min_tx", ColumnType::optional(range(1, i64::MAX)))
            .column("min_rx", optional(AtomKind::Integer))
            .column("detect_mult", ColumnType::optional(range(1, i64::MAX)))
            .column("status", ColumnType::optional(words(&["down", "init", "up", "admin_down"])))
            .external_ids()
            .map("options")
            .unique(&["logical_port", "dst_ip"]),
        root("Static_MAC_Binding")
            .text("logical_port")
            .text("ip")
            .text("mac")
            .column("override_dynamic_mac", boolean())
            .unique(&["logical_port", "ip"]),
        root("Chassis_Template_Var").text("chassis").map("variables").external_ids().unique(&["chassis"]),
    ]
}

fn router() -> TableBuilder {
    root("Logical_Router")
        .text("name")
        .column("ports", strong("Logical_Router_Port"))
        .column("static_routes", strong("Logical_Router_Static_Route"))
        .column("policies", strong("Logical_Router_Policy"))
        .column("enabled", optional(AtomKind::Boolean))
        .column("nat", strong("NAT"))
        .column("load_balancer", weak("Load_Balancer"))
        .column("load_balancer_group", strong("Load_Balancer_Group"))
        .column("copp", optional_weak("Copp"))
        .map("options")
        .external_ids()
}

fn router_port() -> TableBuilder {
    child("Logical_Router_Port")
        .text("name")
        .column("gateway_chassis", strong("Gateway_Chassis"))
        .column("ha_chassis_group", optional_strong("HA_Chassis_Group"))
        .map("options")
        .column("networks", some(texts()))
        .text("mac")
        .column("peer", optional(AtomKind::String))
        .column("enabled", optional(AtomKind::Boolean))
        .map("ipv6_ra_configs")
        .column("ipv6_prefix", texts())
        .external_ids()
        .unique(&["name"])
}

fn nat() -> TableBuilder {
    child("NAT")
        .text("external_ip")
        .column("external_mac", optional(AtomKind::String))
        .text("external_port_range")
        .text("logical_ip")
        .column("logical_port", optional(AtomKind::String))
        .column("type", ColumnType::one(words(&["dnat", "snat", "dnat_and_snat"])))
        .column("allowed_ext_ips", optional_strong("Address_Set"))
        .column("exempted_ext_ips", optional_strong("Address_Set"))
        .column("gateway_port", optional_weak("Logical_Router_Port"))
        .map("options")
        .external_ids()
}
