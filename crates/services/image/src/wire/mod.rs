//! Shapes of requests and answers.

pub(crate) mod image;
pub(crate) mod image_list;
pub(crate) mod member;
pub(crate) mod patch;
pub(crate) mod range;
pub(crate) mod schema;
pub(crate) mod version;
