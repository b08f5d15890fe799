//! The agent's own initiative: it says what it is, and fetches images.

mod controllers;
mod images;
mod reporter;
mod routes;

pub use controllers::Controllers;
pub use images::RemoteImages;
pub use reporter::{Reporter, Standing};
pub use routes::management;
