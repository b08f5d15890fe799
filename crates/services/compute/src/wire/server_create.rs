//! What `POST /servers` takes.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use ferrostack_base::Secret;
use ferrostack_contracts::NicRequest;
use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{links::Link, loose};
use crate::{
    ComputeError, ServerId,
    app::{scheduler::Wishes, server_build::WantedServers},
    model::DiskConfig,
};

/// At microversion 2.1.
pub(crate) static CREATE: Schema = Schema::new(
    r##"{
    "type": "object", "required": ["server"],
    "properties": {
        "server": {
            "type": "object", "required": ["name", "flavorRef"], "additionalProperties": false,
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^(?!\\s)[^\\u0000-\\u001f\\u007f]*(?<!\\s)$"},
                "imageRef": {"oneOf": [{"type": "string", "format": "uuid"}, {"type": "string", "maxLength": 0}]},
                "flavorRef": {"type": ["string", "integer"], "minLength": 1},
                "adminPass": {"type": "string"},
                "metadata": {"$ref": "#/$defs/metadata"},
                "networks": {"type": "array", "items": {
                    "type": "object", "additionalProperties": false,
                    "properties": {
                        "fixed_ip": {"anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]},
                        "port": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]},
                        "uuid": {"type": "string", "format": "uuid"}
                    }
                }},
                "security_groups": {"type": "array", "uniqueItems": true, "items": {
                    "type": "object", "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 255}}
                }},
                "OS-DCF:diskConfig": {"type": "string", "enum": ["AUTO", "MANUAL"]},
                "accessIPv4": {"type": "string", "format": "ipv4"},
                "accessIPv6": {"type": "string", "format": "ipv6"},
                "personality": {"type": "array"},
                "availability_zone": {"type": "string", "minLength": 1, "maxLength": 255},
                "config_drive": {"$ref": "#/$defs/boolean"},
                "key_name": {"type": "string", "minLength": 1, "maxLength": 255},
                "min_count": {"$ref": "#/$defs/count"},
                "max_count": {"$ref": "#/$defs/count"},
                "return_reservation_id": {"$ref": "#/$defs/boolean"},
                "user_data": {"anyOf": [{"type": "string", "maxLength": 65535}, {"type": "null"}]},
                "block_device_mapping": {"type": "array", "items": {"type": "object"}},
                "block_device_mapping_v2": {"type": "array", "items": {"type": "object"}}
            }
        },
        "os:scheduler_hints": {"type": "object"},
        "OS-SCH-HNT:scheduler_hints": {"type": "object"}
    },
    "$defs": {
        "boolean": {"type": ["boolean", "string"], "enum": [true, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes",
            false, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no"]},
        "count": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[1-9][0-9]{0,9}$"}]},
        "metadata": {"type": "object", "additionalProperties": false,
            "patternProperties": {"^[a-zA-Z0-9_:. -]{1,255}$": {"type": "string", "maxLength": 255}}}
    }
}"##,
);

/// The body.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    server: Wanted,
    #[serde(rename = "os:scheduler_hints", alias = "OS-SCH-HNT:scheduler_hints", default)]
    hints: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Wanted {
    name: String,
    #[serde(rename = "imageRef", default)]
    image: String,
    #[serde(rename = "flavorRef", deserialize_with = "loose::text")]
    flavor: String,
    #[serde(rename = "adminPass")]
    admin_pass: Option<Secret<String>>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    networks: Vec<WantedNic>,
    #[serde(default)]
    security_groups: Vec<WantedGroup>,
    #[serde(rename = "OS-DCF:diskConfig")]
    disk_config: Option<DiskConfig>,
    #[serde(rename = "accessIPv4")]
    access_ip_v4: Option<Ipv4Addr>,
    #[serde(rename = "accessIPv6")]
    access_ip_v6: Option<Ipv6Addr>,
    #[serde(default)]
    personality: Vec<Value>,
    availability_zone: Option<String>,
    #[serde(default, deserialize_with = "loose::boolean")]
    config_drive: Option<bool>,
    key_name: Option<String>,
    #[serde(default, deserialize_with = "loose::integer")]
    min_count: Option<i64>,
    #[serde(default, deserialize_with = "loose::integer")]
    max_count: Option<i64>,
    #[serde(default, deserialize_with = "loose::boolean")]
    return_reservation_id: Option<bool>,
    user_data: Option<Secret<String>>,
    #[serde(default)]
    block_device_mapping: Vec<Value>,
    #[serde(default)]
    block_device_mapping_v2: Vec<BlockDevice>,
}

#[derive(Debug, Deserialize)]
struct WantedNic {
    uuid: Option<Uuid>,
    port: Option<Uuid>,
    fixed_ip: Option<IpAddr>,
}

#[derive(Debug, Deserialize)]
struct WantedGroup {
    name: String,
}

#[derive(Debug, Deserialize)]
struct BlockDevice {
    #[serde(default)]
    source_type: String,
    #[serde(default)]
    destination_type: String,
    uuid: Option<String>,
}

/// Hints that would be broken silently if they were ignored.
const UNSUPPORTED_HINTS: &[&str] = &["group", "query", "target_cell", "different_cell", "build_near_host_ip"];

/// Most servers of one request.
const MAX_COUNT: i64 = 1000;

impl Create {
    /// Whether the reservation's id is wanted instead of the server.
    pub(crate) fn wants_reservation(&self) -> bool {
        self.server.return_reservation_id.unwrap_or(false)
    }

    /// The administrator's password, chosen by the user or here.
    pub(crate) fn admin_pass(&self) -> Secret<String> {
        self.server.admin_pass.clone().unwrap_or_else(|| Secret::new(new_password()))
    }

    /// Whether networks or ports are named.
    pub(crate) fn names_networks(&self) -> bool {
        !self.server.networks.is_empty()
    }

    /// To the internal model.
    pub(crate) fn into_wanted(self) -> Result<WantedServers, ComputeError> {
        let server = self.server;
        let invalid = |field, reason: String| ComputeError::invalid(field, reason);
        if let Some(hint) = self.hints.keys().find(|hint| UNSUPPORTED_HINTS.contains(&hint.as_str())) {
            return Err(invalid("os:scheduler_hints", format!("the hint {hint:?} is not supported by this cloud.")));
        }
        if !server.personality.is_empty() {
            return Err(invalid(
                "personality",
                "files can't be injected in this cloud; please use user_data.".to_owned(),
            ));
        }
        let (zone, forced_host) = split_zone(server.availability_zone.as_deref())?;
        let min = server.min_count.unwrap_or(1);
        let amount = (min, server.max_count.unwrap_or(min));
        if amount.0 > amount.1 {
            return Err(invalid("min_count", format!("{} is more than max_count, {}.", amount.0, amount.1)));
        }
        if amount.1 > MAX_COUNT {
            return Err(invalid("max_count", format!("{} is more than {MAX_COUNT}.", amount.1)));
        }
        let fixed = |nic: &WantedNic| nic.port.is_some() || nic.fixed_ip.is_some();
        if amount.1 > 1 && server.networks.iter().any(fixed) {
            return Err(invalid("networks", "several servers can't have the same port or fixed_ip.".to_owned()));
        }
        if let Some(data) = &server.user_data {
            let clean: String = data.expose().chars().filter(|c| !c.is_ascii_whitespace()).collect();
            BASE64_STANDARD.decode(clean).map_err(|_| invalid("user_data", "it is not in base64.".to_owned()))?;
        }
        Ok(WantedServers {
            image_id: image(&server)?,
            nics: nics(&server.networks)?,
            name: server.name,
            flavor_id: server.flavor,
            security_groups: server.security_groups.into_iter().map(|group| group.name).collect(),
            key_name: server.key_name,
            metadata: server.metadata,
            user_data: server.user_data,
            config_drive: server.config_drive.unwrap_or(false),
            zone,
            forced_host,
            access_ip_v4: server.access_ip_v4.map(|ip| ip.to_string()),
            access_ip_v6: server.access_ip_v6.map(|ip| ip.to_string()),
            disk_config: server.disk_config,
            wishes: Wishes {
                architecture: None,
                same_host: servers(&self.hints, "same_host")?,
                different_host: servers(&self.hints, "different_host")?,
            },
            amount,
        })
    }
}

/// A server's id, or several.
fn servers(hints: &BTreeMap<String, Value>, hint: &str) -> Result<Vec<ServerId>, ComputeError> {
    let parse = |value: &Value| {
        let id = value.as_str().and_then(|text| text.parse().ok());
        id.ok_or_else(|| ComputeError::invalid("os:scheduler_hints", format!("{hint}: {value} is no server's id.")))
    };
    match hints.get(hint) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(all)) => all.iter().map(parse).collect(),
        Some(one) => Ok(vec![parse(one)?]),
    }
}

/// `zone`, `zone:host`, `zone:host:node` or `:host`; a node is its host.
fn split_zone(text: Option<&str>) -> Result<(Option<String>, Option<String>), ComputeError> {
    let Some(text) = text else { return Ok((None, None)) };
    let parts: Vec<&str> = text.split(':').collect();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    match parts.as_slice() {
        [zone] => Ok((some(zone), None)),
        [zone, host] => Ok((some(zone), some(host))),
        [zone, host, node] => Ok((some(zone), some(node).or_else(|| some(host)))),
        _ => Err(ComputeError::invalid("availability_zone", format!("{text:?} is not of the form ZONE:HOST:NODE."))),
    }
}

/// The image, named by `imageRef` or as the one local block device.
fn image(server: &Wanted) -> Result<Uuid, ComputeError> {
    let refused = |reason: &str| Err(ComputeError::invalid("block_device_mapping_v2", reason));
    if !server.block_device_mapping.is_empty() {
        return refused("volumes are not supported by this cloud yet.");
    }
    let parse = |text: &str| {
        Uuid::try_parse(text).map_err(|_| ComputeError::invalid("imageRef", format!("{text:?} is no image's id.")))
    };
    match server.block_device_mapping_v2.as_slice() {
        [] if server.image.is_empty() => {
            Err(ComputeError::invalid("imageRef", "it is missing, and servers can't boot from volumes yet."))
        }
        [] => parse(&server.image),
        [device] if device.source_type == "image" && matches!(device.destination_type.as_str(), "" | "local") => {
            let named = device.uuid.as_deref().unwrap_or(&server.image);
            if !server.image.is_empty() && named != server.image {
                return refused("its image is another one than imageRef.");
            }
            parse(named)
        }
        _ => refused("only one local disk from an image is supported, no volumes."),
    }
}

fn nics(wanted: &[WantedNic]) -> Result<Option<Vec<NicRequest>>, ComputeError> {
    let request = |nic: &WantedNic| match (nic.port, nic.uuid) {
        (Some(_), _) if nic.fixed_ip.is_some() => {
            Err(ComputeError::invalid("networks", "a port has its addresses already; fixed_ip can't be given with it."))
        }
        (Some(port_id), _) => Ok(NicRequest::Port { port_id }),
        (None, Some(network_id)) => Ok(NicRequest::Network { network_id, fixed_ip: nic.fixed_ip }),
        (None, None) => Err(ComputeError::invalid("networks", "each of them needs uuid or port.")),
    };
    let all: Vec<NicRequest> = wanted.iter().map(request).collect::<Result<_, _>>()?;
    Ok((!all.is_empty()).then_some(all))
}

/// Twelve characters that are not mistaken for each other.
fn new_password() -> String {
    const LETTERS: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    (0..12).map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())])).collect()
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Created<'a> {
    pub id: String,
    pub links: [Link; 2],
    #[serde(rename = "OS-DCF:diskConfig")]
    pub disk_config: DiskConfig,
    pub security_groups: Vec<Value>,
    #[serde(rename = "adminPass")]
    pub admin_pass: &'a str,
}

#[cfg(test)]
mod tests;
