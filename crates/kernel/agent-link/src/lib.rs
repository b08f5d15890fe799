//! Agents across the management network: HTTP/2 with mutual TLS between controllers and nodes.
//!
//! # Theory of operation
//! Every process has a certificate of the cloud's own CA ([`Authority`]). It says who its holder is: a role and a name
//! ([`Identity`]). Both ends show theirs. A controller dials a node and believes only the certificate of an *agent* of
//! that *name*, wherever the address leads; an agent answers only *controllers*, and believes any of them. Host names and
//! addresses prove nothing, so balancers and translated addresses do no harm.
//!
//! Agents make themselves known: a [`Reporter`] tells one of the controllers what the node is and where it listens. The
//! controller that hears it writes the address into the cloud's [`Roster`], so that every controller finds the node, also
//! after a restart ([`Directory`]). From then on controllers dial the node ([`RemoteAgent`]).
//!
//! Calls share one connection per node. Pings on it tell within seconds that a node died, and what was under way ends
//! `Unreachable`: whether the node did anything is not known, and the caller asks again, which is safe (R8). Consoles and
//! images have connections of their own: a reader that stands still would otherwise hold up the calls beside it.
//!
//! Types on the wire are those of `agent-api`: fields are only added, with defaults, and unknown ones are ignored, so that
//! version N speaks with N-1. A call that a peer does not know is `Refused`, never `NotFound`.

mod client;
mod error;
mod options;
mod report;
mod server;
mod tls;
mod wire;

pub use client::{Directory, RemoteAgent, Roster, RosterEntry, RosterError};
pub use error::LinkError;
pub use options::{Link, LinkOptions};
pub use report::{Controllers, RemoteImages, Reporter, Standing, management};
pub use server::agent_routes;
pub use tls::{Authority, Bundle, CertificateRequest, Identity, Role, Tls};
pub use wire::{NodeReport, ReportAnswer};
