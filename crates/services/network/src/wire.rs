//! Shapes of requests and answers. What clients may leave out, set to null or set to a value is a [`Patch`]; answers are
//! written attribute by attribute through [`Out`], which leaves out what was not asked for.

pub(crate) mod floating_ip;
pub(crate) mod network;
mod patch;
pub(crate) mod port;
pub(crate) mod quota;
mod render;
pub(crate) mod router;
mod schema;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod subnet;
pub(crate) mod tag;

pub(crate) use patch::one_or_many;
pub(crate) use patch::{Flag, Integer, Patch, Text};
pub(crate) use render::{Collection, Link, Out, Render, Single};
pub(crate) use schema::{bulk_schema, property, single_schema};
