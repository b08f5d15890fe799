//! An image as the API shows it, and the request that creates one.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_base::Timestamp;
use ferrostack_http::Schema;
use ferrostack_image_format::DiskFormat;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ImageError,
    app::image::blank,
    model::{ContainerFormat, ImageId, ImageRecord, Visibility},
};

/// For `POST /v2/images`. What only the service sets may be of any type here: it is refused by name, with 403.
pub(crate) static CREATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"},
        "name": {"type": ["null", "string"], "maxLength": 255},
        "visibility": {"type": "string", "enum": ["community", "public", "private", "shared"]},
        "protected": {"type": "boolean"},
        "os_hidden": {"type": "boolean"},
        "owner": {"type": ["null", "string"], "minLength": 1, "maxLength": 255},
        "container_format": {"enum": [null, "ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"]},
        "disk_format": {"enum": [null, "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop", "gpt"]},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 255}},
        "min_ram": {"type": "integer", "minimum": 0, "maximum": 2147483647},
        "min_disk": {"type": "integer", "minimum": 0, "maximum": 2147483647},
        "status": {}, "checksum": {}, "os_hash_algo": {}, "os_hash_value": {}, "size": {}, "virtual_size": {}, "stores": {},
        "created_at": {}, "updated_at": {}, "direct_url": {}, "self": {}, "file": {}, "schema": {},
        "location": {}, "locations": {}, "deleted": {}, "deleted_at": {}
    },
    "additionalProperties": {"type": "string", "maxLength": 65535}
}"#,
);

/// Attributes that only the service sets.
const READ_ONLY: [&str; 14] = [
    "status",
    "checksum",
    "os_hash_algo",
    "os_hash_value",
    "size",
    "virtual_size",
    "created_at",
    "updated_at",
    "direct_url",
    "self",
    "file",
    "schema",
    "stores",
    "id",
];

/// Names that no property may have.
const RESERVED: [&str; 4] = ["location", "locations", "deleted", "deleted_at"];

/// Longest name of a custom property, in characters.
const LONGEST_NAME: usize = 255;

/// May a caller set the attribute or property of that name?
pub(crate) fn check_name(name: &str) -> Result<(), ImageError> {
    if READ_ONLY.contains(&name) {
        return Err(ImageError::ReadOnly { name: name.to_owned() });
    }
    if RESERVED.contains(&name) || name.starts_with("os_glance") {
        return Err(ImageError::Reserved { name: name.to_owned() });
    }
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(ImageError::invalid("the name of a custom property", name, "it must have 1 to 255 characters"));
    }
    Ok(())
}

/// The body of `POST /v2/images`.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateImage {
    id: Option<ImageId>,
    name: Option<String>,
    owner: Option<String>,
    #[serde(default = "shared")]
    visibility: Visibility,
    #[serde(default)]
    protected: bool,
    #[serde(default)]
    os_hidden: bool,
    disk_format: Option<DiskFormat>,
    container_format: Option<ContainerFormat>,
    #[serde(default)]
    min_disk: i64,
    #[serde(default)]
    min_ram: i64,
    #[serde(default)]
    tags: BTreeSet<String>,
    #[serde(flatten)]
    properties: BTreeMap<String, Value>,
}

fn shared() -> Visibility {
    Visibility::Shared
}

impl CreateImage {
    /// The record that is wanted; its owner is none when the caller named nobody.
    pub(crate) fn into_record(self, now: Timestamp) -> Result<ImageRecord, ImageError> {
        let mut record = blank(self.id, now);
        for (name, value) in self.properties {
            check_name(&name)?;
            // The schema has seen to it that what is not refused by its name is text.
            let Value::String(value) = value else { return Err(ImageError::ReadOnly { name }) };
            record.properties.insert(name, value);
        }
        record.name = self.name;
        record.owner = self.owner;
        record.visibility = self.visibility;
        record.protected = self.protected;
        record.os_hidden = self.os_hidden;
        record.disk_format = self.disk_format;
        record.container_format = self.container_format;
        record.min_disk = self.min_disk;
        record.min_ram = self.min_ram;
        record.tags = self.tags;
        Ok(record)
    }
}

/// An image in an answer: base attributes always, custom properties beside them.
#[derive(Debug, Serialize)]
pub(crate) struct ImageView<'a> {
    #[serde(flatten)]
    properties: &'a BTreeMap<String, String>,
    id: ImageId,
    name: Option<&'a str>,
    status: &'static str,
    visibility: &'static str,
    owner: Option<&'a str>,
    protected: bool,
    os_hidden: bool,
    disk_format: Option<&'static str>,
    container_format: Option<&'static str>,
    min_disk: i64,
    min_ram: i64,
    size: Option<i64>,
    virtual_size: Option<i64>,
    checksum: Option<&'a str>,
    os_hash_algo: Option<&'a str>,
    os_hash_value: Option<&'a str>,
    created_at: String,
    updated_at: String,
    tags: &'a BTreeSet<String>,
    #[serde(rename = "self")]
    own: String,
    file: String,
    schema: &'static str,
}

impl<'a> ImageView<'a> {
    pub(crate) fn new(image: &'a ImageRecord) -> Self {
        let own = path(image.id);
        Self {
            properties: &image.properties,
            id: image.id,
            name: image.name.as_deref(),
            status: image.status.as_str(),
            visibility: image.visibility.as_str(),
            owner: image.owner.as_deref(),
            protected: image.protected,
            os_hidden: image.os_hidden,
            disk_format: image.disk_format.map(DiskFormat::as_str),
            container_format: image.container_format.map(ContainerFormat::as_str),
            min_disk: image.min_disk,
            min_ram: image.min_ram,
            size: image.size,
            virtual_size: image.virtual_size,
            checksum: image.checksum.as_deref(),
            os_hash_algo: image.os_hash_algo.as_deref(),
            os_hash_value: image.os_hash_value.as_deref(),
            created_at: image.created_at.to_iso(),
            updated_at: image.updated_at.to_iso(),
            tags: &image.tags,
            file: format!("{own}/file"),
            own,
            schema: "/v2/schemas/image",
        }
    }
}

/// An image's path below the service's address.
pub(crate) fn path(id: ImageId) -> String {
    format!("/v2/images/{id}")
}

/// A page of images.
#[derive(Debug, Serialize)]
pub(crate) struct ImagesView<'a> {
    pub(crate) images: Vec<ImageView<'a>>,
    pub(crate) first: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    pub(crate) schema: &'static str,
}
