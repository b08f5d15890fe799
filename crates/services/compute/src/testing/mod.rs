//! In-memory stand-ins of the image, network and placement services, as far as compute needs them. They keep the
//! contracts' promises (repeating a call changes nothing) and can be told to fail.

mod image;
mod network;
mod placement;

pub use image::FakeImages;
pub use network::FakeNetwork;
pub use placement::FakePlacement;
