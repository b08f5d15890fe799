//! Southbound tables: chassis and where ports are. Flows and what else only northd and ovn-controller exchange is left
//! out: simulated nodes have no use for it.

use super::*;

pub(super) fn tables() -> Vec<TableBuilder> {
    vec![
        root("SB_Global")
            .column("nb_cfg", integer())
            .external_ids()
            .column("connections", strong("Connection"))
            .column("ssl", optional_strong("SSL"))
            .map("options")
            .column("ipsec", boolean())
            .only_row(),
        root("Chassis")
            .text("name")
            .text("hostname")
            .column("encaps", some(strong("Encap")))
            .column("vtep_logical_switches", texts())
            .column("nb_cfg", integer())
            .external_ids()
            .map("other_config")
            .column("transport_zones", texts())
            .unique(&["name"]),
        root("Chassis_Private")
            .text("name")
            .column("chassis", optional_weak("Chassis"))
            .column("nb_cfg", integer())
            .column("nb_cfg_timestamp", integer())
            .external_ids()
            .unique(&["name"]),
        child("Encap")
            .column("type", ColumnType::one(words(&["geneve", "stt", "vxlan"])))
            .map("options")
            .text("ip")
            .text("chassis_name")
            .unique(&["type", "ip"]),
        root("Datapath_Binding")
            .column("tunnel_key", ColumnType::one(range(1, 16_777_215)))
            .column("load_balancers", ColumnType::set(BaseType::of(AtomKind::Uuid)))
            .external_ids()
            .unique(&["tunnel_key"]),
        port_binding(),
        child("Gateway_Chassis")
            .text("name")
            .column("chassis", optional_weak("Chassis"))
            .column("priority", priority())
            .external_ids()
            .map("options")
            .unique(&["name"]),
        child("HA_Chassis").column("chassis", optional_weak("Chassis")).column("priority", priority()).external_ids(),
        root("HA_Chassis_Group")
            .text("name")
            .column("ha_chassis", strong("HA_Chassis"))
            .column("ref_chassis", weak("Chassis"))
            .external_ids()
            .unique(&["name"]),
        mirror(),
        connection().column("read_only", boolean()).text("role"),
        ssl(),
    ]
}

fn port_binding() -> TableBuilder {
    root("Port_Binding")
        .text("logical_port")
        .text("type")
        .column("gateway_chassis", strong("Gateway_Chassis"))
        .column("ha_chassis_group", optional_strong("HA_Chassis_Group"))
        .map("options")
        .column("datapath", ColumnType::one(reference("Datapath_Binding", true)))
        .column("tunnel_key", ColumnType::one(range(1, 32_767)))
        .column("parent_port", optional(AtomKind::String))
        .column("tag", ColumnType::optional(range(1, 4095)))
        .column("virtual_parent", optional(AtomKind::String))
        .column("chassis", optional_weak("Chassis"))
        .column("additional_chassis", weak("Chassis"))
        .column("encap", optional_weak("Encap"))
        .column("additional_encap", weak("Encap"))
        .column("mirror_rules", weak("Mirror"))
        .column("mac", texts())
        .column("port_security", texts())
        .column("nat_addresses", texts())
        .column("up", optional(AtomKind::Boolean))
        .external_ids()
        .column("requested_chassis", optional_weak("Chassis"))
        .column("requested_additional_chassis", weak("Chassis"))
        .unique(&["datapath", "tunnel_key"])
        .unique(&["logical_port"])
}
