//! Passwords that guests make for themselves and hand over once, encrypted with the public key of their user: Windows
//! guests have no other way to let somebody in.

use crate::{Compute, ComputeError, ServerId, app::guest_metadata::Asker, store};

/// The longest that a guest may hand over, in bytes.
pub(crate) const LONGEST: usize = 1020;

impl Compute {
    /// What the guest that asks has handed over; empty when it has not.
    ///
    /// # Errors
    /// As [`Compute::asking_server`].
    pub(crate) async fn guest_password(&self, asker: &Asker) -> Result<String, ComputeError> {
        let server = self.asking_server(asker).await?;
        Ok(store::server_password::get(self.db(), server).await?.unwrap_or_default())
    }

    /// Keeps what the guest hands over, once.
    ///
    /// # Errors
    /// 409 when it did so before; 400 for what is too long or no text; as [`Compute::asking_server`].
    pub(crate) async fn set_guest_password(&self, asker: &Asker, password: &[u8]) -> Result<(), ComputeError> {
        let server = self.asking_server(asker).await?;
        let invalid = |reason: &str| ComputeError::invalid("password", reason.to_owned());
        if password.len() > LONGEST {
            return Err(invalid(&format!("it has {} bytes, {LONGEST} are allowed.", password.len())));
        }
        let password = std::str::from_utf8(password).map_err(|_| invalid("it is no text."))?;
        let written =
            self.db().tx(|tx| async move { store::server_password::insert(&tx, server, password).await }).await;
        match written {
            Err(error) if error.is_duplicate() => {
                Err(ComputeError::Conflict { reason: format!("The password of server {server} is set already.") })
            }
            other => Ok(other?),
        }
    }

    /// What the server's guest has handed over; empty when it has not.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) async fn server_password(&self, server: ServerId) -> Result<String, ComputeError> {
        Ok(store::server_password::get(self.db(), server).await?.unwrap_or_default())
    }

    /// Forgets it; the guest may hand over another one.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) async fn clear_server_password(&self, server: ServerId) -> Result<(), ComputeError> {
        Ok(self.db().tx(|tx| async move { store::server_password::delete(&tx, server).await }).await?)
    }
}
