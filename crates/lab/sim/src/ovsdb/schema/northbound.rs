//! Northbound tables: the whole, switches, groups, rules and services.

use super::*;

pub(super) fn tables() -> Vec<TableBuilder> {
    vec![
        global(),
        root("Copp").text("name").map("meters").external_ids().unique(&["name"]),
        switch(),
        switch_port(),
        child("Forwarding_Group")
            .text("name")
            .text("vip")
            .text("vmac")
            .column("liveness", boolean())
            .external_ids()
            .column("child_port", some(texts())),
        root("Address_Set").text("name").column("addresses", texts()).external_ids().unique(&["name"]),
        root("Port_Group")
            .text("name")
            .column("ports", weak("Logical_Switch_Port"))
            .column("acls", strong("ACL"))
            .external_ids()
            .unique(&["name"]),
        load_balancer(),
        root("Load_Balancer_Group").text("name").column("load_balancer", weak("Load_Balancer")).unique(&["name"]),
        child("Load_Balancer_Health_Check").text("vip").map("options").external_ids(),
        acl(),
        child("QoS")
            .column("priority", priority())
            .column("direction", direction())
            .text("match")
            .column("action", ColumnType::map(words(&["dscp"]), range(0, 63)))
            .column("bandwidth", ColumnType::map(words(&["rate", "burst"]), range(1, 4_294_967_295)))
            .external_ids(),
        mirror(),
        root("Meter")
            .text("name")
            .column("unit", ColumnType::one(words(&["kbps", "pktps"])))
            .column("bands", some(strong("Meter_Band")))
            .column("fair", optional(AtomKind::Boolean))
            .external_ids()
            .unique(&["name"]),
        child("Meter_Band")
            .column("action", ColumnType::one(words(&["drop"])))
            .column("rate", ColumnType::one(range(1, 4_294_967_295)))
            .column("burst_size", ColumnType::one(unsigned_32()))
            .external_ids(),
        root("DHCP_Options").text("cidr").map("options").external_ids(),
        root("DNS").map("records").external_ids(),
        connection(),
        ssl(),
    ]
}

fn global() -> TableBuilder {
    root("NB_Global")
        .text("name")
        .column("nb_cfg", integer())
        .column("nb_cfg_timestamp", integer())
        .column("sb_cfg", integer())
        .column("sb_cfg_timestamp", integer())
        .column("hv_cfg", integer())
        .column("hv_cfg_timestamp", integer())
        .external_ids()
        .column("connections", strong("Connection"))
        .column("ssl", optional_strong("SSL"))
        .map("options")
        .column("ipsec", boolean())
        .only_row()
}

fn switch() -> TableBuilder {
    root("Logical_Switch")
        .text("name")
        .column("ports", strong("Logical_Switch_Port"))
        .column("acls", strong("ACL"))
        .column("qos_rules", strong("QoS"))
        .column("load_balancer", weak("Load_Balancer"))
        .column("load_balancer_group", strong("Load_Balancer_Group"))
        .column("dns_records", weak("DNS"))
        .column("copp", optional_weak("Copp"))
        .map("other_config")
        .external_ids()
        .column("forwarding_groups", strong("Forwarding_Group"))
}

fn switch_port() -> TableBuilder {
    child("Logical_Switch_Port")
        .text("name")
        .text("type")
        .map("options")
        .column("parent_name", optional(AtomKind::String))
        .column("tag_request", ColumnType::optional(range(0, 4095)))
        .column("tag", ColumnType::optional(range(1, 4095)))
        .column("addresses", texts())
        .column("dynamic_addresses", optional(AtomKind::String))
        .column("port_security", texts())
        .column("up", optional(AtomKind::Boolean))
        .column("enabled", optional(AtomKind::Boolean))
        .column("dhcpv4_options", optional_weak("DHCP_Options"))
        .column("dhcpv6_options", optional_weak("DHCP_Options"))
        .column("mirror_rules", weak("Mirror"))
        .column("ha_chassis_group", optional_strong("HA_Chassis_Group"))
        .external_ids()
        .unique(&["name"])
}

fn load_balancer() -> TableBuilder {
    let fields = ["eth_src", "eth_dst", "ip_src", "ip_dst", "tp_src", "tp_dst"];
    root("Load_Balancer")
        .text("name")
        .map("vips")
        .column("protocol", ColumnType::optional(words(&["tcp", "udp", "sctp"])))
        .column("health_check", strong("Load_Balancer_Health_Check"))
        .map("ip_port_mappings")
        .column("selection_fields", ColumnType::set(words(&fields)))
        .map("options")
        .external_ids()
}

fn acl() -> TableBuilder {
    let short = BaseType { range: Some((0, 63)), ..BaseType::of(AtomKind::String) };
    child("ACL")
        .column("name", ColumnType::optional(short))
        .column("priority", priority())
        .column("direction", direction())
        .text("match")
        .column("action", ColumnType::one(words(&["allow", "allow-related", "allow-stateless", "drop", "reject"])))
        .column("log", boolean())
        .column("severity", ColumnType::optional(words(&["alert", "warning", "notice", "info", "debug"])))
        .column("meter", optional(AtomKind::String))
        .column("label", ColumnType::one(unsigned_32()))
        .map("options")
        .external_ids()
}
