//! Shapes of requests and answers, with their schemas beside them.

pub(crate) mod flavor;
pub(crate) mod guest_metadata;
pub(crate) mod keypair;
pub(crate) mod links;
pub(crate) mod loose;
pub(crate) mod quota_set;
pub(crate) mod server;
pub(crate) mod server_action;
pub(crate) mod server_create;
pub(crate) mod server_metadata;
pub(crate) mod server_update;
pub(crate) mod service;
