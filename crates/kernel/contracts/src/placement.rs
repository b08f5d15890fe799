//! What compute needs of placement: the scheduler's only source of truth.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Reply;

/// Amounts by resource class: `VCPU`, `MEMORY_MB` (MiB), `DISK_GB` (GiB).
pub type Resources = BTreeMap<String, i64>;

/// What a provider has of one resource class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// How much there is.
    pub total: i64,
    /// How much of it is kept back.
    pub reserved: i64,
    /// The smallest amount that one consumer may have.
    pub min_unit: i64,
    /// The largest amount that one consumer may have.
    pub max_unit: i64,
    /// Amounts are multiples of this.
    pub step_size: i64,
    /// Overcommit: `(total - reserved) * ratio` may be given away.
    pub allocation_ratio: f64,
}

/// A compute node as placement should know it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSpec {
    /// The provider's id: the compute node's.
    pub id: Uuid,
    /// The node's name.
    pub name: String,
    /// By resource class.
    pub inventories: BTreeMap<String, Inventory>,
    /// Such as `COMPUTE_STATUS_DISABLED` or `HW_CPU_X86_VMX`.
    pub traits: BTreeSet<String>,
}

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CandidateQuery {
    /// How much of what.
    pub resources: Resources,
    /// Traits that a provider must have.
    pub required: BTreeSet<String>,
    /// Traits that it must not have.
    pub forbidden: BTreeSet<String>,
    /// It must be in one of these aggregates, if any are named.
    pub member_of: Vec<Uuid>,
    /// At most so many; none = all.
    pub limit: Option<usize>,
}

/// A provider that has room now.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The provider.
    pub provider: Uuid,
    /// Its name.
    pub name: String,
    /// Free amounts by class, overcommit included.
    pub free: Resources,
}

/// Placement as compute sees it.
pub trait Placement: Send + Sync {
    /// Makes the provider known as described, or brings it up to date.
    fn ensure_provider<'a>(&'a self, spec: &'a ProviderSpec) -> Reply<'a, ()>;
    /// Who has room. Not a promise: only [`Placement::claim`] is.
    fn candidates<'a>(&'a self, query: &'a CandidateQuery) -> Reply<'a, Vec<Candidate>>;
    /// Gives the consumer these resources of that provider, in place of whatever it had. `Exhausted` when there is no
    /// room any more. Repeating it changes nothing.
    fn claim<'a>(
        &'a self,
        consumer: Uuid,
        provider: Uuid,
        resources: &'a Resources,
        project_id: &'a str,
        user_id: &'a str,
    ) -> Reply<'a, ()>;
    /// Takes back all that the consumer has. Repeating it changes nothing.
    fn release(&self, consumer: Uuid) -> Reply<'_, ()>;
    /// All consumers with allocations at that provider, for reconcilers.
    fn consumers(&self, provider: Uuid) -> Reply<'_, Vec<Uuid>>;
}
