//! What `PUT /servers/{id}` takes.

use std::net::{Ipv4Addr, Ipv6Addr};

use ferrostack_http::Schema;
use serde::Deserialize;

use super::loose::nullable;
use crate::{app::server::Changes, model::DiskConfig};

/// At microversion 2.1.
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{
    "type": "object", "required": ["server"], "additionalProperties": false,
    "properties": {"server": {
        "type": "object", "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^(?!\\s)[^\\u0000-\\u001f\\u007f]*(?<!\\s)$"},
            "OS-DCF:diskConfig": {"type": "string", "enum": ["AUTO", "MANUAL"]},
            "accessIPv4": {"anyOf": [{"type": "string", "format": "ipv4"}, {"type": "null"}]},
            "accessIPv6": {"anyOf": [{"type": "string", "format": "ipv6"}, {"type": "null"}]}
        }
    }}
}"#,
);

/// The body.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    server: Fields,
}

#[derive(Debug, Deserialize)]
struct Fields {
    name: Option<String>,
    #[serde(rename = "OS-DCF:diskConfig")]
    disk_config: Option<DiskConfig>,
    #[serde(rename = "accessIPv4", default, deserialize_with = "nullable")]
    access_ip_v4: Option<Option<Ipv4Addr>>,
    #[serde(rename = "accessIPv6", default, deserialize_with = "nullable")]
    access_ip_v6: Option<Option<Ipv6Addr>>,
}

impl From<Update> for Changes {
    fn from(Update { server }: Update) -> Self {
        Self {
            name: server.name,
            access_ip_v4: server.access_ip_v4.map(|ip| ip.map(|ip| ip.to_string())),
            access_ip_v6: server.access_ip_v6.map(|ip| ip.map(|ip| ip.to_string())),
            disk_config: server.disk_config,
        }
    }
}
