//! What all requests share.

use std::{sync::Arc, time::Duration};

use ferrostack_auth::{Hasher, TokenFormat};
use ferrostack_base::Timestamp;
use ferrostack_db::{Db, DbError, Tx};
use ferrostack_http::{AuthFuture, Authenticator, Fault};

use crate::{
    IdentityError,
    app::{directory::Directory, generation::Counter, token},
};

/// The settings of the identity service.
#[derive(Debug, Clone)]
pub struct IdentityOptions {
    /// How long a token is valid after it was issued.
    pub token_expiration: Duration,
    /// How long after its end a token is still shown to a service that asks with `allow_expired`: a long operation may go
    /// on with the token it began with.
    pub allow_expired_window: Duration,
    /// `https://host:port` for links; none: what the client asked for.
    pub public_url: Option<String>,
    /// How deep projects may lie below their domain; Keystone's default is 5.
    pub max_project_tree_depth: usize,
}

impl Default for IdentityOptions {
    /// Keystone's.
    fn default() -> Self {
        Self {
            token_expiration: Duration::from_secs(3600),
            allow_expired_window: Duration::from_secs(48 * 3600),
            public_url: None,
            max_project_tree_depth: 5,
        }
    }
}

/// The identity service. Clones share their caches; a process has one of it for a SQLite file.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    db: Db,
    tokens: TokenFormat,
    hasher: Hasher,
    options: IdentityOptions,
    directory: Directory,
    validated: token::Cache,
    generation: Counter,
}

impl Identity {
    /// The service on this database, whose tables exist.
    pub fn new(db: Db, tokens: TokenFormat, hasher: Hasher, options: IdentityOptions) -> Self {
        let (directory, validated, generation) = (Directory::default(), token::Cache::default(), Counter::default());
        Self(Arc::new(Inner { db, tokens, hasher, options, directory, validated, generation }))
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn tokens(&self) -> &TokenFormat {
        &self.0.tokens
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn options(&self) -> &IdentityOptions {
        &self.0.options
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.0.directory
    }

    pub(crate) fn validated(&self) -> &token::Cache {
        &self.0.validated
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.db.clock().now()
    }

    /// The generation now. Whoever reads from the database what is to be remembered asks for it before.
    pub(crate) async fn generation(&self) -> Result<i64, DbError> {
        self.0.generation.now(&self.0.db).await
    }

    /// Makes everything that was remembered before this transaction void once it is committed; the new generation. Late in
    /// a transaction: other changes wait for the counter.
    pub(crate) async fn raise(&self, tx: &Tx) -> Result<i64, DbError> {
        self.0.generation.raise(tx).await
    }

    /// As [`Identity::raise`], where the new generation does not matter.
    pub(crate) async fn touch(&self, tx: &Tx) -> Result<(), DbError> {
        self.raise(tx).await.map(drop)
    }
}

impl Authenticator for Identity {
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a> {
        Box::pin(async move {
            match token::validate(self, token, Duration::ZERO).await {
                Ok(validated) => Ok(Arc::clone(&validated.who)),
                Err(IdentityError::InvalidToken) => Err(IdentityError::Unauthorized.into()),
                Err(error) => Err(Fault::from(error)),
            }
        })
    }
}
