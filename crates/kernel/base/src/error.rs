//! Errors carry their cause in `source`, never in their own text; here the whole chain is put together for people.

use std::{error::Error, fmt};

/// Displays an error with all its causes: `could not save the server: database is locked`.
pub struct ErrorChain<'a>(&'a dyn Error);

/// The whole chain of an error, for logs and for operators.
pub fn chain(error: &dyn Error) -> ErrorChain<'_> {
    ErrorChain(error)
}

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
