//! The dialing ends.

mod channel;
mod dial;
mod directory;
mod remote_agent;
mod stream;

pub(crate) use channel::{Channel, Question};
pub(crate) use dial::Target;
pub use directory::{Directory, Roster, RosterEntry, RosterError};
pub use remote_agent::RemoteAgent;
pub(crate) use stream::open_image;
