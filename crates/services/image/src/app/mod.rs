//! The rules of the service.

mod contract;
pub(crate) mod ensure_image;
pub(crate) mod image;
pub(crate) mod image_data;
pub(crate) mod image_update;
pub(crate) mod live_uploads;
pub(crate) mod member;
mod node_source;
mod quota;
