//! SQL and nothing else.

pub(crate) mod cleanup_debt;
pub(crate) mod console_token;
pub(crate) mod counter;
pub(crate) mod domain;
pub(crate) mod flavor;
pub(crate) mod keypair;
mod migrations;
pub(crate) mod node;
pub(crate) mod server;
pub(crate) mod server_list;
pub(crate) mod server_password;

pub use migrations::MIGRATIONS;
