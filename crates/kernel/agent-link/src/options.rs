//! How the ends of the link behave.

use std::time::Duration;

use ferrostack_base::Clock;

use crate::Tls;

/// Time limits. The defaults suit a management network without long delays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOptions {
    /// How long connecting may take, TLS included.
    pub connect_patience: Duration,
    /// How often a connection is pinged.
    pub ping_every: Duration,
    /// How long the answer to a ping may take; then the peer is taken for dead.
    pub ping_patience: Duration,
    /// How long a question about what is may take. What makes or removes something is bounded by the caller alone.
    pub question_patience: Duration,
    /// How long open calls may go on when a listener stops.
    pub stop_patience: Duration,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            connect_patience: Duration::from_secs(3),
            ping_every: Duration::from_secs(4),
            ping_patience: Duration::from_secs(4),
            question_patience: Duration::from_secs(30),
            stop_patience: Duration::from_secs(5),
        }
    }
}

/// One end of the link: who this process is, and how patient. Clones are the same end.
#[derive(Clone)]
pub struct Link {
    tls: Tls,
    options: LinkOptions,
}

impl Link {
    /// An end with that certificate.
    pub fn new(tls: Tls, options: LinkOptions) -> Self {
        Self { tls, options }
    }

    /// The certificate.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The time limits.
    pub fn options(&self) -> &LinkOptions {
        &self.options
    }

    pub(crate) fn clock(&self) -> &Clock {
        self.tls.clock()
    }
}
