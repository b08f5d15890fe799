//! The agent of a real node: servers as libvirt domains, their disks, their ports in Open vSwitch, and the metadata and
//! DNS services of their networks.
//!
//! # Theory of operation
//! Controllers put what they want; the agent writes it into its ledger, acts, and reports what is (R7, R8). Three
//! records meet here, and each has one owner: the *ledger* (what is wanted, with fence and generation, and what was acted
//! on), the *engines* (what is: libvirt's domains, bridge ports, namespaces, files), and the *reports* made from both.
//!
//! - **The ledger is first.** A wish is on the disk before the first effect, a tombstone before the first removal. So
//!   whoever opens the same folder later knows what may exist. The fence is checked when a wish is written down, and
//!   again between all steps that take long: what was overtaken stops by itself.
//! - **One at a time per server.** All effects on a server happen under its lock, in a task of their own: a caller that
//!   goes away does not leave half a domain, and a repeated call finds the first one's result.
//! - **Every step can be repeated.** All names derive from ids: the domain's UUID is the server's, `tap<port>`,
//!   `ovnmeta-<network>`, `instances/<server>/`. "There already" and "gone already" are success.
//! - **A power intent is acted on once per generation.** What happens to a guest afterwards (it powers itself off,
//!   somebody calls `virsh destroy`) is observed, reported and left alone.
//! - **Foreign things stay untouched.** A domain is ours when its metadata names this node, a bridge port when its
//!   `external_ids` do, a namespace, folder or image when our state folder has it.
//! - **An engine that is away is no verdict.** libvirtd or Open vSwitch not answering is `Unreachable`, which operations
//!   repeat; only what the node itself can't do is `Refused`.
//!
//! Rooms, from the bottom up: `ledger`, `image_cache`, `disk`, `network`, `metadata` and `dns`, `domain`, `console`; the
//! actions `put_domain`, `drop_domain`, `one_shot`; the questions `facts`, `engines`, `explain`; and the `observer`.

mod agent;
mod command;
mod console;
mod disk;
mod dns;
mod domain;
mod drop_domain;
mod engines;
mod error;
mod explain;
mod facts;
mod image_cache;
mod ledger;
mod metadata;
mod namespace;
mod network;
mod node;
mod observer;
mod one_shot;
mod options;
mod put_domain;
mod reseat;

pub use agent::Agent;
pub use error::StartError;
pub use options::{AgentOptions, MetadataOptions};
