//! Key pairs as clients see them, and what makes them.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::model::KeyPair;

/// At microversion 2.1: names are of letters, digits, blanks, `_` and `-`.
pub(crate) static CREATE: Schema = Schema::new(
    r#"{
    "type": "object", "required": ["keypair"], "additionalProperties": false,
    "properties": {"keypair": {
        "type": "object", "required": ["name"], "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^(?! )[a-zA-Z0-9 _-]+(?<! )$"},
            "public_key": {"type": "string", "maxLength": 65535}
        }
    }}
}"#,
);

/// The body.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub keypair: Fields,
}

/// A key pair to be made or taken in.
#[derive(Debug, Deserialize)]
pub(crate) struct Fields {
    pub name: String,
    pub public_key: Option<String>,
}

/// An element of the list.
#[derive(Debug, Serialize)]
pub(crate) struct Short<'a> {
    name: &'a str,
    public_key: &'a str,
    fingerprint: &'a str,
}

impl<'a> From<&'a KeyPair> for Short<'a> {
    fn from(pair: &'a KeyPair) -> Self {
        Self { name: &pair.name, public_key: &pair.public_key, fingerprint: &pair.fingerprint }
    }
}

/// A new key pair.
#[derive(Debug, Serialize)]
pub(crate) struct Created<'a> {
    #[serde(flatten)]
    pub short: Short<'a>,
    pub user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_key: Option<&'a str>,
}

/// A key pair.
#[derive(Debug, Serialize)]
pub(crate) struct Detail<'a> {
    #[serde(flatten)]
    short: Short<'a>,
    user_id: &'a str,
    id: i64,
    created_at: String,
    deleted: bool,
    deleted_at: Option<String>,
    updated_at: Option<String>,
}

impl<'a> From<&'a KeyPair> for Detail<'a> {
    fn from(pair: &'a KeyPair) -> Self {
        Self {
            short: pair.into(),
            user_id: &pair.user_id,
            id: pair.number,
            created_at: pair.created.to_iso_naive(),
            deleted: false,
            deleted_at: None,
            updated_at: None,
        }
    }
}
