//! The engines of a node, and their objects: what an operator would look at.

use serde::{Deserialize, Serialize};

/// An engine of the node: libvirt, QEMU, Open vSwitch, OVN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineFacts {
    /// Such as `libvirt`.
    pub name: String,
    /// As it says itself; empty when it does not answer.
    pub version: String,
    /// Whether it answers.
    pub healthy: bool,
    /// Why it does not; or something worth knowing, such as why guests are emulated.
    pub reason: Option<String>,
}

/// An object in an engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineObject {
    /// What it is: `domain`, `interface`.
    pub kind: String,
    /// Its name there.
    pub name: String,
    /// The native command that shows it.
    pub command: String,
    /// What the engine says of it now.
    pub content: String,
}
