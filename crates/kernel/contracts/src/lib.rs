//! The traits and plain types by which services call each other. A service never imports another one; the binary hands
//! each the implementations that it needs. All calls may be repeated: they find what an earlier one did.

mod error;
mod image;
mod network;
mod placement;

pub use error::{ContractError, ErrorKind, Reply};
pub use image::{Image, ImageFacts};
pub use network::{
    Address, AddressKind, BoundPort, FixedIp, MetadataAddress, Network, Nic, NicRequest, PortFacts, PortSpec,
};
pub use placement::{Candidate, CandidateQuery, Inventory, Placement, ProviderSpec, Resources};
