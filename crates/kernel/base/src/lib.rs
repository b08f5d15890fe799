//! What everything else stands on: typed ids, time that tests can move, secrets that do not print, error chains.

mod clock;
mod error;
mod id;
mod numbers;
mod secret;
mod time;

pub use clock::{Clock, Elapsed};
pub use error::{ErrorChain, chain};
pub use id::{IdError, new_hex_id};
pub use numbers::{Fence, Generation};
pub use secret::Secret;
pub use time::Timestamp;

#[doc(hidden)]
pub use serde as __serde;
#[doc(hidden)]
pub use uuid as __uuid;
