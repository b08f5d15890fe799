//! Durable operations: nothing that was accepted is ever lost (R1-R6, R12-R14).
//!
//! # Theory of operation
//! An *operation* is a change of state that takes time: booting a server, deleting one. The request that asks for it
//! calls [`Saga::accept`] in the same transaction that writes the resource's row; from the commit on, the operation is
//! carried out whatever happens to this process.
//!
//! **Steps.** An operation is plain async Rust ([`Operation::run`]) made of named steps. A step's outcome, good or bad,
//! is written to the log before the next one starts. Who takes an operation over runs the same function again: finished
//! steps return what the log says, the first one without a record is carried out. A step may thus run twice, never zero
//! times, and must find "already there" or "already gone" fine (R5).
//!
//! **Undo is data.** When a step fails, the records in the log, newest first, are handed to [`Operation::undo`], each
//! once or, after a crash, again. The failed step is undone too, since it may have done half. Unwinding needs only the
//! log, not the control flow that led there. What can't be undone comes last, in [`Steps::finish`]: one transaction that
//! writes the result and ends the operation.
//!
//! **Ownership.** Each controller incarnation holds one lease in the database. An operation belongs to an incarnation and
//! has an *epoch*; a claim by another one is an UPDATE that compares the epoch, raises it, and asks that the owner's lease
//! has lapsed. Every write of a step begins with an UPDATE that compares the epoch (R3): whoever lost the operation
//! changes no row, and stops. It must be an UPDATE, not a SELECT: only that enters Galera's certification.
//!
//! **Fence.** Outside the database an epoch does not help: a paused owner may still reach an agent. So each resource has a
//! fence, a number that only grows, raised at each accept, claim and supersede (R4). Effects carry it ([`Steps::fence`]),
//! and agents refuse lower ones than they have seen.
//!
//! **Overtaking.** At most one operation is live per resource; a unique key holds that. An operation that supersedes
//! ([`Operation::SUPERSEDES`], deletion) ends the live one in its own accept, raises epoch and fence, and then removes
//! whatever the other could have made.
//!
//! **Forward only.** Deletions and clean-ups are never undone; they are tried again for ever, with the reason in the row.

mod error;
mod execute;
mod inject;
mod lease;
#[cfg(feature = "testing")]
pub mod matrix;
mod operation;
mod registry;
mod saga;
mod steps;
pub mod store;

pub use error::{AcceptError, Failure, FailureKind};
pub use inject::{Bug, Inject, Place, Point, Verdict};
pub use operation::{Operation, OperationId, Resource};
pub use saga::{Saga, SagaOptions};
pub use steps::{StepRecord, Steps};
pub use store::MIGRATIONS;
