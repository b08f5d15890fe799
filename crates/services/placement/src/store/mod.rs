//! SQL and nothing else.
//!
//! # Theory of operation
//! Row 1 of `placement_change` counts changes. Every transaction that writes begins by raising `seq` ([`change::begin`]).
//! That does two things. On MariaDB the row's lock makes the transactions of all controllers run one after another (on
//! SQLite the only writer does), so that what a transaction reads stays true until it commits; in a Galera cluster two of
//! them fail to certify and the loser runs again. And every provider that is changed is stamped with `seq`: whoever has
//! seen the state as of `n` gets up to date by reading the providers stamped later than `n` (see [`crate::view`]).
//! `names_seq` and `deleted_seq` say when custom names changed and when a provider was deleted last.
//!
//! How much of an inventory is used stands in the inventory's own row, and an allocation is a conditional update of it
//! (`used + n <= capacity`, R11): even a mistake in the order of things cannot give away more than there is.

pub(crate) mod allocation;
pub(crate) mod change;
pub(crate) mod consumer;
pub(crate) mod inventory;
pub(crate) mod name;
pub(crate) mod provider;

use ferrostack_db::{Migrations, migrations};

/// The tables of this service.
pub(crate) const MIGRATIONS: Migrations = migrations!("placement";
    "CREATE TABLE IF NOT EXISTS placement_change (
        id BIGINT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL, names_seq BIGINT NOT NULL, deleted_seq BIGINT NOT NULL,
        origin VARCHAR(36) NOT NULL)",
    "CREATE TABLE IF NOT EXISTS placement_provider (
        uuid VARCHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL UNIQUE, generation BIGINT NOT NULL,
        parent VARCHAR(36), root VARCHAR(36) NOT NULL, traits MEDIUMTEXT NOT NULL, aggregates MEDIUMTEXT NOT NULL,
        created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL, changed_seq BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS placement_provider_changed ON placement_provider (changed_seq)",
    "CREATE INDEX IF NOT EXISTS placement_provider_parent ON placement_provider (parent)",
    "CREATE INDEX IF NOT EXISTS placement_provider_root ON placement_provider (root)",
    "CREATE TABLE IF NOT EXISTS placement_inventory (
        provider VARCHAR(36) NOT NULL, class VARCHAR(255) NOT NULL, total BIGINT NOT NULL, reserved BIGINT NOT NULL,
        min_unit BIGINT NOT NULL, max_unit BIGINT NOT NULL, step_size BIGINT NOT NULL, allocation_ratio DOUBLE NOT NULL,
        capacity BIGINT NOT NULL, used BIGINT NOT NULL, updated_us BIGINT NOT NULL, PRIMARY KEY (provider, class))",
    "CREATE INDEX IF NOT EXISTS placement_inventory_class ON placement_inventory (class)",
    "CREATE TABLE IF NOT EXISTS placement_allocation (
        consumer VARCHAR(36) NOT NULL, provider VARCHAR(36) NOT NULL, class VARCHAR(255) NOT NULL, used BIGINT NOT NULL,
        created_us BIGINT NOT NULL, PRIMARY KEY (consumer, provider, class))",
    "CREATE INDEX IF NOT EXISTS placement_allocation_provider ON placement_allocation (provider)",
    "CREATE TABLE IF NOT EXISTS placement_consumer (
        uuid VARCHAR(36) NOT NULL PRIMARY KEY, generation BIGINT NOT NULL, project_id VARCHAR(255) NOT NULL,
        user_id VARCHAR(255) NOT NULL, consumer_type VARCHAR(255), created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS placement_consumer_project ON placement_consumer (project_id, user_id)",
    "CREATE TABLE IF NOT EXISTS placement_resource_class (
        name VARCHAR(255) NOT NULL PRIMARY KEY, created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS placement_trait (
        name VARCHAR(255) NOT NULL PRIMARY KEY, created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL)",
);
