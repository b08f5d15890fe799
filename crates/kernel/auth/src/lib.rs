//! Who asks, and how that is proven: the context of a request, tokens and password hashes.
//!
//! - [`Ctx`] accompanies every request and every background task: request id, identity, microversion, policy.
//! - [`TokenFormat`] turns a [`Payload`] into a Fernet token and back. Tokens are those of Keystone byte for byte
//!   (<https://github.com/fernet/spec> around a MessagePack payload), so that a key repository can be taken over.
//! - [`Hasher`] computes bcrypt hashes on a few threads of low priority.

mod authenticated;
mod ctx;
mod error;
mod fernet;
mod keys;
mod methods;
mod microversion;
mod msgpack;
mod password;
mod payload;
mod token;

pub use authenticated::{Authenticated, Scope};
pub use ctx::{Ctx, Origin};
pub use error::AuthError;
pub use fernet::{Decrypted, FernetKeys};
pub use ferrostack_policy::{Denied, Policy, Role, Target};
pub use methods::Methods;
pub use microversion::{Microversion, Requested};
pub use password::{Hasher, HasherSettings};
pub use payload::{
    ApplicationCredentialScoped, DomainScoped, FederatedDomainScoped, FederatedProjectScoped, FederatedUnscoped,
    Oauth1Scoped, Oauth2CredentialsScoped, Payload, ProjectScoped, SystemScoped, TokenKind, TrustScoped, Unscoped,
};
pub use token::{Token, TokenFormat, new_audit_id};
