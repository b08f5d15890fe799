//! The JSON schemas that the API hands out, for clients that build their forms and tables from them.

use std::sync::OnceLock;

use serde_json::{Value, json};

/// A schema by the name in its path; none when there is no such schema.
pub(crate) fn get(name: &str) -> Option<&'static Value> {
    static ALL: OnceLock<[(&str, Value); 4]> = OnceLock::new();
    let all =
        ALL.get_or_init(|| [("image", image()), ("images", images()), ("member", member()), ("members", members())]);
    all.iter().find(|(known, _)| *known == name).map(|(_, schema)| schema)
}

const UUID: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";

fn image() -> Value {
    json!({
        "name": "image",
        "properties": {
            "id": {"type": "string", "pattern": UUID, "description": "The image's id."},
            "name": {"type": ["null", "string"], "maxLength": 255, "description": "A name for people; it need not be unique."},
            "status": {
                "type": "string",
                "enum": ["queued", "saving", "active", "killed", "deleted", "uploading", "importing", "pending_delete", "deactivated"],
                "readOnly": true,
                "description": "Where the image is in its life.",
            },
            "visibility": {
                "type": "string",
                "enum": ["community", "public", "private", "shared"],
                "description": "Who may see and use the image.",
            },
            "protected": {"type": "boolean", "description": "Whether the image is safe from deletion."},
            "os_hidden": {"type": "boolean", "description": "Whether the image is left out of usual lists."},
            "owner": {"type": ["null", "string"], "maxLength": 255, "description": "The project that owns the image."},
            "checksum": {"type": ["null", "string"], "maxLength": 32, "readOnly": true, "description": "MD5 of the data."},
            "os_hash_algo": {"type": ["null", "string"], "maxLength": 64, "readOnly": true, "description": "Which digest os_hash_value is."},
            "os_hash_value": {"type": ["null", "string"], "maxLength": 128, "readOnly": true, "description": "A digest of the data that is safe against forgery."},
            "size": {"type": ["null", "integer"], "readOnly": true, "description": "Of the data, in bytes."},
            "virtual_size": {"type": ["null", "integer"], "readOnly": true, "description": "Of the disk inside, in bytes."},
            "container_format": {
                "type": ["null", "string"],
                "enum": [null, "ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"],
                "description": "What is around the disk.",
            },
            "disk_format": {
                "type": ["null", "string"],
                "enum": [null, "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop", "gpt"],
                "description": "How the disk is stored.",
            },
            "created_at": {"type": "string", "readOnly": true, "description": "When the image was registered."},
            "updated_at": {"type": "string", "readOnly": true, "description": "When the image changed last."},
            "tags": {
                "type": "array",
                "items": {"type": "string", "maxLength": 255},
                "description": "Words to find the image by.",
            },
            "min_ram": {"type": "integer", "description": "Memory that a server needs for this image, in MiB."},
            "min_disk": {"type": "integer", "description": "Disk that a server needs for this image, in GiB."},
            "self": {"type": "string", "readOnly": true, "description": "Path of the image."},
            "file": {"type": "string", "readOnly": true, "description": "Path of the image's data."},
            "schema": {"type": "string", "readOnly": true, "description": "Path of this schema."},
        },
        "additionalProperties": {"type": "string"},
        "links": [
            {"rel": "self", "href": "{self}"},
            {"rel": "enclosure", "href": "{file}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    })
}

fn images() -> Value {
    json!({
        "name": "images",
        "properties": {
            "images": {"type": "array", "items": image()},
            "first": {"type": "string"},
            "next": {"type": "string"},
            "schema": {"type": "string"},
        },
        "links": [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    })
}

fn member() -> Value {
    json!({
        "name": "member",
        "properties": {
            "image_id": {"type": "string", "pattern": UUID, "description": "The shared image."},
            "member_id": {"type": "string", "description": "The project with which it is shared."},
            "status": {
                "type": "string",
                "enum": ["pending", "accepted", "rejected"],
                "description": "Whether that project wants the image in its lists.",
            },
            "created_at": {"type": "string", "description": "When the image was shared."},
            "updated_at": {"type": "string", "description": "When the status changed last."},
            "schema": {"type": "string", "readOnly": true},
        },
    })
}

fn members() -> Value {
    json!({
        "name": "members",
        "properties": {"members": {"type": "array", "items": member()}, "schema": {"type": "string"}},
        "links": [{"rel": "describedby", "href": "{schema}"}],
    })
}
