//! Ports.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod parts;
pub(crate) mod update;

use ferrostack_auth::Ctx;

use crate::{error::NetworkError, policy::Asked};

/// `ACTIVE`: a chassis has it.
pub(crate) const ACTIVE: &str = "ACTIVE";
/// `DOWN`: none has.
pub(crate) const DOWN: &str = "DOWN";

/// Asks the policy about attributes that the request names.
fn allow_attributes(cx: &Ctx, asked: &Asked<'_>, named: &[(&str, bool)]) -> Result<(), NetworkError> {
    for (action, chosen) in named {
        if *chosen {
            cx.allow(action, asked)?;
        }
    }
    Ok(())
}
