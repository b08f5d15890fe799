//! Limits of projects, and who uses how much of them.
//!
//! # Theory of operation (R11)
//! `quota_usage` has one number for each project and resource (such as `network.ports`). [`take`] raises it within the
//! transaction that makes the thing, by an UPDATE that holds only as long as the sum stays within the limit; so two
//! callers can never pass it together, whatever they read before. `quota_ledger` has one row for each thing that was
//! counted, under the thing's id: [`give_back`] finds there what to subtract and does so once, however often it is called.
//! The ledger is the truth: [`recount`] repairs usage from it, and the owning service compares the ledger with its own
//! table ([`ledger_ids`]).
//!
//! A limit comes from `quota_limit` when the project has one of its own, else from the caller's settings. -1 is no limit.
//! Lowering a limit below what is used takes nothing away; it only refuses more.

mod ledger;
mod limit;
mod recount;

pub use ledger::{Want, count, give_back, ledger_ids, take};
pub use limit::{Limit, Usage, limits, remove_limits, set_limit, usages};
pub use recount::{Correction, recount};

use ferrostack_db::{DbError, Migrations, migrations};

/// The value of a limit that limits nothing.
pub const UNLIMITED: i64 = -1;

/// The tables.
pub const MIGRATIONS: Migrations = migrations!("quota";
    "CREATE TABLE IF NOT EXISTS quota_limit (project_id VARCHAR(255) NOT NULL, resource VARCHAR(64) NOT NULL, \
     hard_limit BIGINT NOT NULL, PRIMARY KEY (project_id, resource))",
    "CREATE TABLE IF NOT EXISTS quota_usage (project_id VARCHAR(255) NOT NULL, resource VARCHAR(64) NOT NULL, \
     used BIGINT NOT NULL, PRIMARY KEY (project_id, resource))",
    "CREATE TABLE IF NOT EXISTS quota_ledger (id VARCHAR(64) NOT NULL, resource VARCHAR(64) NOT NULL, \
     project_id VARCHAR(255) NOT NULL, amount BIGINT NOT NULL, PRIMARY KEY (id, resource))",
    "CREATE INDEX IF NOT EXISTS quota_ledger_project ON quota_ledger (project_id, resource)",
    "CREATE INDEX IF NOT EXISTS quota_ledger_resource ON quota_ledger (resource)",
);

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    /// The limit would be passed. Nothing was taken of any resource.
    #[error("quota of {resource} exceeded: the limit is {limit}, {used} are used, {wanted} more were asked for")]
    Exceeded {
        /// The resource whose limit would be passed.
        resource: &'static str,
        /// The limit of this project.
        limit: i64,
        /// How much the project uses.
        used: i64,
        /// How much more was wanted.
        wanted: i64,
    },
    /// The database's answer.
    #[error("the quota could not be changed")]
    Db(#[from] DbError),
}

#[cfg(test)]
mod tests;
