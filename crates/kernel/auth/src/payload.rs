//! What a token says, in Keystone's own layouts: an array whose first element tells the layout.
//!
//! All layouts begin with the user and the methods, and contain the end of life and the audit ids; what else they hold
//! stands in one file for each. When a token was made is not in the payload: the Fernet frame says it.

mod application_credential_scoped;
mod domain_scoped;
mod federated_domain_scoped;
mod federated_project_scoped;
mod federated_unscoped;
mod oauth1_scoped;
mod oauth2_credentials_scoped;
mod project_scoped;
mod system_scoped;
mod trust_scoped;
mod unscoped;

pub use application_credential_scoped::ApplicationCredentialScoped;
pub use domain_scoped::DomainScoped;
pub use federated_domain_scoped::FederatedDomainScoped;
pub use federated_project_scoped::FederatedProjectScoped;
pub use federated_unscoped::FederatedUnscoped;
pub use oauth1_scoped::Oauth1Scoped;
pub use oauth2_credentials_scoped::Oauth2CredentialsScoped;
pub use project_scoped::ProjectScoped;
pub use system_scoped::SystemScoped;
pub use trust_scoped::TrustScoped;
pub use unscoped::Unscoped;

use crate::msgpack::{Reader, Writer};
use crate::{AuthError, Methods};

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The user.
    pub user_id: String,
    /// How the user proved who they are; order and repetition are not kept.
    pub methods: Vec<String>,
    /// When the token ends, in microseconds since 1970 (UTC).
    pub expires_at_us: i64,
    /// The token's own audit id, then that of the first token of its chain; URL-safe base64 of 16 bytes.
    pub audit_ids: Vec<String>,
    /// What the token is good for.
    pub kind: TokenKind,
}

/// What a token is good for, and by which way it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the type of the same name")]
pub enum TokenKind {
    Unscoped(Unscoped),
    DomainScoped(DomainScoped),
    ProjectScoped(ProjectScoped),
    TrustScoped(TrustScoped),
    FederatedUnscoped(FederatedUnscoped),
    FederatedProjectScoped(FederatedProjectScoped),
    FederatedDomainScoped(FederatedDomainScoped),
    Oauth1Scoped(Oauth1Scoped),
    SystemScoped(SystemScoped),
    ApplicationCredentialScoped(ApplicationCredentialScoped),
    Oauth2CredentialsScoped(Oauth2CredentialsScoped),
}

/// The elements that all layouts share.
#[derive(Debug)]
struct Shared {
    user_id: String,
    methods: u64,
    expires_at_us: i64,
    audit_ids: Vec<String>,
}

/// One layout. `write` and `read` go through the elements after the version in their order.
trait Layout: Sized {
    /// The first element.
    const VERSION: u8;
    /// How many elements there are, the first included.
    const LENGTH: u8;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError>;
    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError>;
}

/// The shared elements, to be written.
struct SharedRef<'a> {
    payload: &'a Payload,
    methods: u64,
}

impl SharedRef<'_> {
    /// The user and the methods, with which every layout begins.
    fn write_head(&self, out: &mut Writer) {
        out.id(&self.payload.user_id);
        out.uint(self.methods);
    }

    /// The end of life and the audit ids, which stand together in every layout.
    fn write_life(&self, out: &mut Writer) -> Result<(), AuthError> {
        out.time("the end of life", self.payload.expires_at_us)?;
        out.audit_ids(&self.payload.audit_ids)
    }
}

impl Shared {
    fn read_head(input: &mut Reader<'_>) -> Result<Self, AuthError> {
        Ok(Self { user_id: input.id()?, methods: input.uint()?, expires_at_us: 0, audit_ids: Vec::new() })
    }

    fn read_life(&mut self, input: &mut Reader<'_>) -> Result<(), AuthError> {
        self.expires_at_us = input.time()?;
        self.audit_ids = input.audit_ids()?;
        Ok(())
    }
}

impl Payload {
    /// The project that the token is scoped to.
    pub fn project_id(&self) -> Option<&str> {
        match &self.kind {
            TokenKind::ProjectScoped(kind) => Some(&kind.project_id),
            TokenKind::TrustScoped(kind) => Some(&kind.project_id),
            TokenKind::FederatedProjectScoped(kind) => Some(&kind.project_id),
            TokenKind::Oauth1Scoped(kind) => Some(&kind.project_id),
            TokenKind::ApplicationCredentialScoped(kind) => Some(&kind.project_id),
            TokenKind::Oauth2CredentialsScoped(kind) => Some(&kind.project_id),
            TokenKind::Unscoped(_)
            | TokenKind::DomainScoped(_)
            | TokenKind::FederatedUnscoped(_)
            | TokenKind::FederatedDomainScoped(_)
            | TokenKind::SystemScoped(_) => None,
        }
    }

    /// The domain that the token is scoped to.
    pub fn domain_id(&self) -> Option<&str> {
        match &self.kind {
            TokenKind::DomainScoped(kind) => Some(&kind.domain_id),
            TokenKind::FederatedDomainScoped(kind) => Some(&kind.domain_id),
            _ => None,
        }
    }

    /// Whether the token is scoped to the whole cloud.
    pub fn is_system_scoped(&self) -> bool {
        matches!(self.kind, TokenKind::SystemScoped(_))
    }

    pub(crate) fn encode(&self, methods: &Methods) -> Result<Vec<u8>, AuthError> {
        match &self.kind {
            TokenKind::Unscoped(kind) => self.write(kind, methods),
            TokenKind::DomainScoped(kind) => self.write(kind, methods),
            TokenKind::ProjectScoped(kind) => self.write(kind, methods),
            TokenKind::TrustScoped(kind) => self.write(kind, methods),
            TokenKind::FederatedUnscoped(kind) => self.write(kind, methods),
            TokenKind::FederatedProjectScoped(kind) => self.write(kind, methods),
            TokenKind::FederatedDomainScoped(kind) => self.write(kind, methods),
            TokenKind::Oauth1Scoped(kind) => self.write(kind, methods),
            TokenKind::SystemScoped(kind) => self.write(kind, methods),
            TokenKind::ApplicationCredentialScoped(kind) => self.write(kind, methods),
            TokenKind::Oauth2CredentialsScoped(kind) => self.write(kind, methods),
        }
    }

    fn write<L: Layout>(&self, layout: &L, methods: &Methods) -> Result<Vec<u8>, AuthError> {
        let shared = SharedRef { payload: self, methods: methods.bits_of(&self.methods)? };
        let mut out = Writer::array(L::LENGTH);
        out.uint(u64::from(L::VERSION));
        layout.write(&shared, &mut out)?;
        Ok(out.finish())
    }

    pub(crate) fn decode(bytes: &[u8], methods: &Methods) -> Result<Self, AuthError> {
        let mut input = Reader::new(bytes);
        let length = input.array()?;
        let version = input.uint()?;
        let (shared, kind) = [
            read::<Unscoped>,
            read::<DomainScoped>,
            read::<ProjectScoped>,
            read::<TrustScoped>,
            read::<FederatedUnscoped>,
            read::<FederatedProjectScoped>,
            read::<FederatedDomainScoped>,
            read::<Oauth1Scoped>,
            read::<SystemScoped>,
            read::<ApplicationCredentialScoped>,
            read::<Oauth2CredentialsScoped>,
        ]
        .get(usize::try_from(version).unwrap_or(usize::MAX))
        .ok_or(AuthError::InvalidToken { reason: "its payload has an unknown layout" })?(
            length, &mut input
        )?;
        input.end()?;
        Ok(Self {
            user_id: shared.user_id,
            methods: methods.names_of(shared.methods)?,
            expires_at_us: shared.expires_at_us,
            audit_ids: shared.audit_ids,
            kind,
        })
    }
}

fn read<L: Layout + Into<TokenKind>>(length: usize, input: &mut Reader<'_>) -> Result<(Shared, TokenKind), AuthError> {
    if length != usize::from(L::LENGTH) {
        return Err(AuthError::InvalidToken { reason: "its payload is malformed" });
    }
    L::read(input).map(|(shared, layout)| (shared, layout.into()))
}
