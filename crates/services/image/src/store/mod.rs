//! The tables of the service; SQL and nothing else.

pub(crate) mod image;
pub(crate) mod image_list;
pub(crate) mod member;
pub(crate) mod upload;
