//! SQL and nothing else: `insert get find list update delete` per resource. Updates are compare-and-set on the revision.

pub(crate) mod address;
pub(crate) mod floating_ip;
pub(crate) mod network;
pub(crate) mod port;
mod reader;
pub(crate) mod router;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
mod standard;
pub(crate) mod subnet;
pub(crate) mod sync;
pub(crate) mod tag;

pub(crate) use reader::Reader;
pub(crate) use standard::Standard;
