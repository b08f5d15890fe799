//! Rules: reads first, then one short transaction (R1).

pub(crate) mod audit;
pub(crate) mod console;
pub(crate) mod domain;
pub(crate) mod explanation;
pub(crate) mod flavor;
pub(crate) mod guest_metadata;
pub(crate) mod hostname;
pub(crate) mod keypair;
pub(crate) mod limits;
pub(crate) mod node;
pub(crate) mod nodes;
pub(crate) mod retrying;
pub(crate) mod scheduler;
pub(crate) mod server;
pub(crate) mod server_action;
pub(crate) mod server_build;
pub(crate) mod server_list;
pub(crate) mod server_metadata;
pub(crate) mod server_password;
pub(crate) mod settling;
