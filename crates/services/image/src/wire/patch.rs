//! The two JSON patch dialects of `PATCH /v2/images/{id}`.
//!
//! `application/openstack-images-v2.1-json-patch` has RFC 6902's `{"op": "replace", "path": "/name", "value": ...}`;
//! `application/openstack-images-v2.0-json-patch` has the fourth draft's `{"replace": "/name", "value": ...}`. Both know
//! `add`, `replace` and `remove` of whole attributes.

use ferrostack_http::{Fault, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::image::{CREATE, check_name};
use crate::{
    ImageError,
    app::image_update::{Attribute, Change},
};

/// For both dialects; which members an operation needs depends on the media type.
pub(crate) static PATCH: Schema = Schema::new(
    r#"{
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "op": {"type": "string"},
            "path": {"type": "string"},
            "add": {"type": "string"},
            "replace": {"type": "string"},
            "remove": {"type": "string"}
        }
    }
}"#,
);

/// How operations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// RFC 6902.
    V21,
    /// Its fourth draft.
    V20,
}

const OPERATIONS: [&str; 3] = ["add", "replace", "remove"];
const BASE: [&str; 10] = [
    "name",
    "owner",
    "visibility",
    "os_hidden",
    "protected",
    "disk_format",
    "container_format",
    "min_disk",
    "min_ram",
    "tags",
];

impl Dialect {
    /// By the header `Content-Type`.
    pub(crate) fn of(content_type: Option<&str>) -> Result<Self, Fault> {
        let media_type =
            content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "application/openstack-images-v2.1-json-patch" => Ok(Self::V21),
            "application/openstack-images-v2.0-json-patch" => Ok(Self::V20),
            _ => Err(Fault::unsupported_media_type(format!(
                "The media type {media_type:?} is not a patch of images: it must be \
                 application/openstack-images-v2.1-json-patch or application/openstack-images-v2.0-json-patch."
            ))),
        }
    }

    /// Reads a patch.
    pub(crate) fn parse(self, operations: &[Map<String, Value>]) -> Result<Vec<Change>, Fault> {
        operations.iter().map(|operation| self.change(operation)).collect()
    }

    fn change(self, operation: &Map<String, Value>) -> Result<Change, Fault> {
        let text = |key: &str| operation.get(key).and_then(Value::as_str);
        let (op, pointer) = match self {
            Self::V21 => {
                let op = text("op")
                    .ok_or_else(|| Fault::bad_request("An operation of the patch lacks its member \"op\"."))?;
                let path = text("path")
                    .ok_or_else(|| Fault::bad_request("An operation of the patch lacks its member \"path\"."))?;
                (op, path)
            }
            Self::V20 => {
                let mut found = OPERATIONS.into_iter().filter_map(|op| text(op).map(|path| (op, path)));
                match (found.next(), found.next()) {
                    (Some(only), None) => only,
                    _ => {
                        return Err(Fault::bad_request(
                            "An operation of the patch must have exactly one of the members add, replace and remove.",
                        ));
                    }
                }
            }
        };
        if !OPERATIONS.contains(&op) {
            return Err(Fault::bad_request(format!(
                "Invalid operation {op:?} in the patch: it must be add, replace or remove."
            )));
        }
        let name = attribute_name(pointer)?;
        check_name(&name)?;
        if op == "remove" {
            return if BASE.contains(&name.as_str()) {
                Err(ImageError::NotRemovable { name }.into())
            } else {
                Ok(Change::Remove(name))
            };
        }
        let value = operation.get("value").ok_or_else(|| {
            Fault::bad_request(format!("The operation {op} of {pointer:?} in the patch lacks its member \"value\"."))
        })?;
        let attribute = attribute(name, value)?;
        Ok(match (op, self) {
            ("replace", _) => Change::Replace(attribute),
            (_, Self::V20) => Change::AddNew(attribute),
            (_, Self::V21) => Change::Add(attribute),
        })
    }
}

/// The one token of a JSON pointer (RFC 6901) to an attribute.
fn attribute_name(pointer: &str) -> Result<String, Fault> {
    let wrong = |why: &str| Fault::bad_request(format!("Invalid path {pointer:?} in the patch: {why}."));
    let token = pointer.strip_prefix('/').ok_or_else(|| wrong("it must begin with /"))?;
    let mut tokens = token.split('/');
    let first = tokens.next().unwrap_or_default();
    if first == "locations" {
        return Err(ImageError::NoLocations.into());
    }
    if tokens.next().is_some() {
        return Err(wrong("only whole attributes can be changed"));
    }
    let mut escaped = first.split('~').skip(1);
    if escaped.any(|part| !part.starts_with(['0', '1'])) {
        return Err(wrong("~ must be followed by 0 or 1"));
    }
    Ok(first.replace("~1", "/").replace("~0", "~"))
}

fn attribute(name: String, value: &Value) -> Result<Attribute, Fault> {
    CREATE.validate(&Value::Object(Map::from_iter([(name.clone(), value.clone())])))?;
    Ok(match name.as_str() {
        "name" => Attribute::Name(read(value)?),
        "owner" => Attribute::Owner(read(value)?),
        "visibility" => Attribute::Visibility(read(value)?),
        "os_hidden" => Attribute::Hidden(read(value)?),
        "protected" => Attribute::Protected(read(value)?),
        "disk_format" => Attribute::DiskFormat(read(value)?),
        "container_format" => Attribute::ContainerFormat(read(value)?),
        "min_disk" => Attribute::MinDisk(read(value)?),
        "min_ram" => Attribute::MinRam(read(value)?),
        "tags" => Attribute::Tags(read(value)?),
        _ => Attribute::Property(name, read(value)?),
    })
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Fault> {
    T::deserialize(value).map_err(|error| Fault::bad_request(format!("Invalid value in the patch: {error}.")))
}

#[cfg(test)]
mod tests {
    use ferrostack_http::FaultKind;
    use serde_json::json;

    use super::*;

    fn parse(dialect: Dialect, patch: Value) -> Result<Vec<Change>, (FaultKind, String)> {
        let patch: Vec<Map<String, Value>> = serde_json::from_value(patch).unwrap();
        dialect.parse(&patch).map_err(|fault| (fault.kind, fault.message))
    }

    #[test]
    fn both_dialects_are_read() {
        let name = || Attribute::Name(Some("a".to_owned()));
        let v21 = parse(
            Dialect::V21,
            json!([{"op": "replace", "path": "/name", "value": "a"}, {"op": "remove", "path": "/x~1y~0z"}]),
        );
        assert_eq!(v21, Ok(vec![Change::Replace(name()), Change::Remove("x/y~z".to_owned())]));
        let v20 = parse(Dialect::V20, json!([{"replace": "/name", "value": "a"}, {"add": "/k", "value": "v"}]));
        let property = Attribute::Property("k".to_owned(), "v".to_owned());
        assert_eq!(v20, Ok(vec![Change::Replace(name()), Change::AddNew(property)]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let kind = |dialect, operation: Value| parse(dialect, json!([operation])).unwrap_err().0;
        for operation in [
            json!({"path": "/name", "value": "a"}),
            json!({"op": "move", "path": "/name", "value": "a"}),
            json!({"op": "replace", "path": "name", "value": "a"}),
            json!({"op": "replace", "path": "/name"}),
            json!({"op": "replace", "path": "/name", "value": 7}),
            json!({"op": "replace", "path": "/tags/0", "value": "a"}),
            json!({"op": "add", "path": "/k", "value": 7}),
            json!({"op": "add", "path": "/k~2", "value": "a"}),
            json!({"op": "add", "path": "/", "value": "a"}),
            json!({"op": "replace", "path": "/min_disk", "value": -1}),
        ] {
            assert_eq!(kind(Dialect::V21, operation.clone()), FaultKind::BadRequest, "{operation}");
        }
        assert_eq!(kind(Dialect::V20, json!({"add": "/a", "replace": "/b", "value": "a"})), FaultKind::BadRequest);
        for path in ["/size", "/id", "/status", "/os_glance_foo", "/deleted", "/locations/-", "/schema"] {
            let operation = json!({"op": "add", "path": path, "value": "a"});
            assert_eq!(kind(Dialect::V21, operation), FaultKind::Forbidden, "{path}");
        }
        assert_eq!(kind(Dialect::V21, json!({"op": "remove", "path": "/name"})), FaultKind::Forbidden);
    }

    #[test]
    fn the_media_type_decides() {
        assert_eq!(
            Dialect::of(Some("application/openstack-images-v2.1-json-patch; charset=utf-8")).unwrap(),
            Dialect::V21
        );
        assert_eq!(Dialect::of(Some("application/openstack-images-v2.0-json-patch")).unwrap(), Dialect::V20);
        assert_eq!(Dialect::of(Some("application/json")).unwrap_err().kind, FaultKind::UnsupportedMediaType);
        assert!(Dialect::of(None).is_err());
    }
}
