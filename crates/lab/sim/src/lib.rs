//! Stand-ins for what a cloud runs on, for tests and for trying the cloud out: an OVSDB server with a tiny northd, and
//! nodes. They run in the process of whoever uses them and can be told to misbehave.

pub mod node;
pub mod northd;
pub mod ovsdb;
