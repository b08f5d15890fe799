//! Authentication requests and tokens.

use ferrostack_auth::{Authenticated, Role, Scope};
use ferrostack_base::{Secret, Timestamp};
use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{DomainId, IdentityError, ProjectId, UserId};

/// `POST /v3/auth/tokens`
pub(crate) static CREATE: Schema = Schema::new(
    r##"{
    "type": "object",
    "properties": {"auth": {
        "type": "object",
        "properties": {
            "identity": {
                "type": "object",
                "properties": {
                    "methods": {"type": "array", "items": {"type": "string"}, "maxItems": 16},
                    "password": {
                        "type": "object",
                        "properties": {"user": {
                            "type": "object",
                            "properties": {
                                "id": {"type": "string"},
                                "name": {"type": "string"},
                                "password": {"type": "string", "maxLength": 4096},
                                "domain": {"$ref": "#/$defs/domain"}
                            },
                            "required": ["password"]
                        }},
                        "required": ["user"]
                    },
                    "token": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
                },
                "required": ["methods"]
            },
            "scope": {"anyOf": [{"const": "unscoped"}, {
                "type": "object",
                "properties": {
                    "project": {
                        "type": "object",
                        "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "domain": {"$ref": "#/$defs/domain"}}
                    },
                    "domain": {"$ref": "#/$defs/domain"},
                    "system": {"type": "object", "properties": {"all": {"type": "boolean"}}, "required": ["all"]},
                    "OS-TRUST:trust": {"type": "object", "properties": {"id": {"type": "string"}}},
                    "unscoped": {}
                }
            }]}
        },
        "required": ["identity"]
    }},
    "required": ["auth"],
    "$defs": {"domain": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}}
}"##,
);

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    pub(crate) auth: Auth,
}

/// Who asks for which scope.
#[derive(Debug, Deserialize)]
pub(crate) struct Auth {
    pub(crate) identity: Proof,
    #[serde(default)]
    pub(crate) scope: Option<ScopeWish>,
}

/// How the caller proves who it is.
#[derive(Debug, Deserialize)]
pub(crate) struct Proof {
    pub(crate) methods: Vec<String>,
    pub(crate) password: Option<Password>,
    pub(crate) token: Option<TokenRef>,
}

/// By a password.
#[derive(Debug, Deserialize)]
pub(crate) struct Password {
    pub(crate) user: PasswordUser,
}

/// The user, by id or by name and domain.
#[derive(Debug, Deserialize)]
pub(crate) struct PasswordUser {
    pub(crate) id: Option<UserId>,
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<DomainRef>,
    pub(crate) password: Secret<String>,
}

/// By a token.
#[derive(Debug, Deserialize)]
pub(crate) struct TokenRef {
    pub(crate) id: Secret<String>,
}

/// A domain by id or name.
#[derive(Debug, Deserialize)]
pub(crate) struct DomainRef {
    pub(crate) id: Option<DomainId>,
    pub(crate) name: Option<String>,
}

/// A project by id, or by name and domain.
#[derive(Debug, Deserialize)]
pub(crate) struct ProjectRef {
    pub(crate) id: Option<ProjectId>,
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<DomainRef>,
}

/// The whole system; `all` is the only part there is.
#[derive(Debug, Deserialize)]
pub(crate) struct SystemRef {
    pub(crate) all: bool,
}

/// The scope that is asked for: one of these, or explicitly none.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "AnyScope")]
pub(crate) struct ScopeWish {
    pub(crate) project: Option<ProjectRef>,
    pub(crate) domain: Option<DomainRef>,
    pub(crate) system: Option<SystemRef>,
    pub(crate) trust: Option<Value>,
}

/// An object, or the word `unscoped`.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnyScope {
    Word(#[allow(dead_code, reason = "the schema allows one word only")] String),
    Object {
        project: Option<ProjectRef>,
        domain: Option<DomainRef>,
        system: Option<SystemRef>,
        #[serde(rename = "OS-TRUST:trust")]
        trust: Option<Value>,
    },
}

impl From<AnyScope> for ScopeWish {
    fn from(scope: AnyScope) -> Self {
        match scope {
            AnyScope::Word(_) => Self::default(),
            AnyScope::Object { project, domain, system, trust } => Self { project, domain, system, trust },
        }
    }
}

impl ScopeWish {
    /// The wish, if it is for one scope at most.
    pub(crate) fn single(self) -> Result<Self, IdentityError> {
        let wishes = [self.project.is_some(), self.domain.is_some(), self.system.is_some(), self.trust.is_some()];
        match wishes.into_iter().filter(|wished| *wished).count() {
            0 | 1 => Ok(self),
            _ => Err(IdentityError::invalid("scope names more than one scope: a token is for one only.")),
        }
    }
}

#[derive(Serialize)]
struct TokenView<'a> {
    methods: &'a [String],
    user: UserView<'a>,
    audit_ids: &'a [String],
    expires_at: String,
    issued_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<ProjectView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_domain: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<NameView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<SystemView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<NameView<'a>>,
}

#[derive(Serialize)]
struct UserView<'a> {
    domain: NameView<'a>,
    id: &'a str,
    name: &'a str,
    password_expires_at: Option<&'a str>,
}

#[derive(Serialize)]
struct ProjectView<'a> {
    domain: NameView<'a>,
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct NameView<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct SystemView {
    all: bool,
}

/// The answer about a token up to where its catalog goes: `{"token":{...` without the two braces at the end.
pub(crate) fn head(who: &Authenticated, issued_at: Timestamp) -> Result<Vec<u8>, serde_json::Error> {
    let mut view = TokenView {
        methods: &who.methods,
        user: UserView {
            domain: NameView { id: &who.user_domain_id, name: &who.user_domain_name },
            id: &who.user_id,
            name: &who.user_name,
            password_expires_at: None,
        },
        audit_ids: &who.audit_ids,
        expires_at: Timestamp::from_micros(who.expires_at_us).to_iso_micros(),
        issued_at: issued_at.to_iso_micros(),
        project: None,
        is_domain: None,
        domain: None,
        system: None,
        roles: who.roles.iter().map(|Role { id, name }| NameView { id, name }).collect(),
    };
    match &who.scope {
        Scope::Project { id, name, domain_id, domain_name, is_domain } => {
            view.project = Some(ProjectView { domain: NameView { id: domain_id, name: domain_name }, id, name });
            view.is_domain = Some(*is_domain);
        }
        Scope::Domain { id, name } => view.domain = Some(NameView { id, name }),
        Scope::System => view.system = Some(SystemView { all: true }),
        Scope::Unscoped => {}
    }
    let mut bytes = b"{\"token\":".to_vec();
    serde_json::to_writer(&mut bytes, &view)?;
    bytes.pop();
    Ok(bytes)
}
