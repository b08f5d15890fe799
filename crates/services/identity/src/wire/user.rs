//! Users.

use ferrostack_base::Secret;
use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    DomainId, ProjectId,
    store::{Extra, user::User},
    wire::{Links, SelfLink, present},
};

/// `POST /v3/users`. Options that belong to what is not offered (several factors) are refused, not ignored.
pub(crate) static CREATE: Schema = Schema::new(
    r##"{
    "type": "object",
    "properties": {"user": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "\\S"},
            "domain_id": {"type": ["string", "null"], "minLength": 1, "maxLength": 64},
            "default_project_id": {"type": ["string", "null"], "maxLength": 64},
            "password": {"type": ["string", "null"], "maxLength": 4096},
            "enabled": {"type": "boolean"},
            "description": {"type": ["string", "null"]},
            "email": {"type": ["string", "null"]},
            "options": {"$ref": "#/$defs/options"}
        },
        "required": ["name"]
    }},
    "required": ["user"],
    "$defs": {"options": {
        "type": "object",
        "properties": {
            "ignore_change_password_upon_first_use": {"type": ["boolean", "null"]},
            "ignore_password_expiry": {"type": ["boolean", "null"]},
            "ignore_lockout_failure_attempts": {"type": ["boolean", "null"]},
            "ignore_user_inactivity": {"type": ["boolean", "null"]},
            "lock_password": {"type": ["boolean", "null"]}
        },
        "additionalProperties": false
    }}
}"##,
);

/// `PATCH /v3/users/{user_id}`
pub(crate) static UPDATE: Schema = Schema::new(
    r##"{
    "type": "object",
    "properties": {"user": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "\\S"},
            "domain_id": {"type": "string", "minLength": 1, "maxLength": 64},
            "default_project_id": {"type": ["string", "null"], "maxLength": 64},
            "password": {"type": ["string", "null"], "maxLength": 4096},
            "enabled": {"type": "boolean"},
            "description": {"type": ["string", "null"]},
            "email": {"type": ["string", "null"]},
            "options": {
                "type": "object",
                "properties": {
                    "ignore_change_password_upon_first_use": {"type": ["boolean", "null"]},
                    "ignore_password_expiry": {"type": ["boolean", "null"]},
                    "ignore_lockout_failure_attempts": {"type": ["boolean", "null"]},
                    "ignore_user_inactivity": {"type": ["boolean", "null"]},
                    "lock_password": {"type": ["boolean", "null"]}
                },
                "additionalProperties": false
            }
        },
        "minProperties": 1
    }},
    "required": ["user"]
}"##,
);

/// `POST /v3/users/{user_id}/password`
pub(crate) static CHANGE_PASSWORD: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"user": {
        "type": "object",
        "properties": {
            "password": {"type": "string", "minLength": 1, "maxLength": 4096},
            "original_password": {"type": "string", "maxLength": 4096}
        },
        "required": ["password", "original_password"],
        "additionalProperties": false
    }},
    "required": ["user"]
}"#,
);

/// The request to make a user.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub(crate) user: NewUser,
}

/// A user to be made.
#[derive(Debug, Deserialize)]
pub(crate) struct NewUser {
    pub(crate) name: String,
    pub(crate) domain_id: Option<DomainId>,
    pub(crate) default_project_id: Option<ProjectId>,
    pub(crate) password: Option<Secret<String>>,
    pub(crate) enabled: Option<bool>,
    #[serde(default)]
    pub(crate) options: Extra,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// The request to change a user.
#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    pub(crate) user: UserChange,
}

/// What changes of a user.
#[derive(Debug, Deserialize)]
pub(crate) struct UserChange {
    pub(crate) name: Option<String>,
    pub(crate) domain_id: Option<DomainId>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) default_project_id: Option<Option<ProjectId>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) password: Option<Option<Secret<String>>>,
    pub(crate) enabled: Option<bool>,
    pub(crate) options: Option<Extra>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// The request of a user for another password.
#[derive(Debug, Deserialize)]
pub(crate) struct ChangePassword {
    pub(crate) user: PasswordChange,
}

/// The passwords.
#[derive(Debug, Deserialize)]
pub(crate) struct PasswordChange {
    pub(crate) password: Secret<String>,
    pub(crate) original_password: Secret<String>,
}

/// A user as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    id: &'a str,
    name: &'a str,
    domain_id: &'a str,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_project_id: Option<&'a str>,
    password_expires_at: Option<&'a str>,
    options: &'a Extra,
    links: SelfLink,
    #[serde(flatten)]
    extra: &'a Extra,
}

impl<'a> View<'a> {
    pub(crate) fn new(user: &'a User, links: &Links) -> Self {
        Self {
            id: user.id.as_str(),
            name: &user.name,
            domain_id: user.domain_id.as_str(),
            enabled: user.enabled,
            default_project_id: user.default_project_id.as_ref().map(ProjectId::as_str),
            password_expires_at: None,
            options: &user.options,
            links: links.of(&format!("users/{}", user.id)),
            extra: &user.extra,
        }
    }
}
