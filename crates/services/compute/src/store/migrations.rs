//! The tables.

use ferrostack_db::{Migrations, migrations};

/// The tables of this service.
pub const MIGRATIONS: Migrations = migrations!("compute";
    "CREATE TABLE IF NOT EXISTS compute_counter (name VARCHAR(32) NOT NULL PRIMARY KEY, value BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS flavor (
        id VARCHAR(255) NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, vcpus BIGINT NOT NULL,
        memory_mb BIGINT NOT NULL, disk_gb BIGINT NOT NULL, ephemeral_gb BIGINT NOT NULL, swap_mb BIGINT NOT NULL,
        rxtx_factor DOUBLE NOT NULL, is_public BIGINT NOT NULL, extra_specs MEDIUMTEXT NOT NULL,
        generation BIGINT NOT NULL, created_us BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS flavor_access (
        flavor_id VARCHAR(255) NOT NULL, project_id VARCHAR(255) NOT NULL, PRIMARY KEY (flavor_id, project_id))",
    "CREATE INDEX IF NOT EXISTS flavor_access_project ON flavor_access (project_id)",
    "CREATE TABLE IF NOT EXISTS keypair (
        id VARCHAR(36) NOT NULL PRIMARY KEY, number BIGINT NOT NULL, user_id VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL,
        public_key MEDIUMTEXT NOT NULL, fingerprint VARCHAR(64) NOT NULL, created_us BIGINT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS keypair_name ON keypair (user_id, name)",
    "CREATE TABLE IF NOT EXISTS compute_node (
        id VARCHAR(36) NOT NULL PRIMARY KEY, number BIGINT NOT NULL, name VARCHAR(255) NOT NULL UNIQUE, facts MEDIUMTEXT NOT NULL,
        disabled BIGINT NOT NULL, disabled_reason MEDIUMTEXT, zone VARCHAR(255) NOT NULL, last_seen_us BIGINT NOT NULL,
        registered_us BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS server (
        id VARCHAR(36) NOT NULL PRIMARY KEY, number BIGINT NOT NULL, project_id VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL,
        name VARCHAR(255) NOT NULL, hostname VARCHAR(255) NOT NULL, flavor_id VARCHAR(255) NOT NULL, flavor MEDIUMTEXT NOT NULL,
        image_id VARCHAR(36), boot_image MEDIUMTEXT, key_name VARCHAR(255), public_key MEDIUMTEXT, metadata MEDIUMTEXT NOT NULL,
        user_data MEDIUMTEXT, config_drive BIGINT NOT NULL, zone VARCHAR(255), forced_host VARCHAR(255),
        access_ip_v4 VARCHAR(64), access_ip_v6 VARCHAR(64), disk_config MEDIUMTEXT NOT NULL, reservation_id VARCHAR(64) NOT NULL,
        launch_index BIGINT NOT NULL, security_groups MEDIUMTEXT NOT NULL, nics MEDIUMTEXT NOT NULL, ports MEDIUMTEXT NOT NULL,
        host VARCHAR(255), power_on BIGINT NOT NULL, generation BIGINT NOT NULL, stage VARCHAR(16) NOT NULL,
        operation_id VARCHAR(36), task_state VARCHAR(32), status VARCHAR(16) NOT NULL, vm_state VARCHAR(16) NOT NULL,
        power_state BIGINT NOT NULL, fault MEDIUMTEXT, created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL,
        launched_us BIGINT, terminated_us BIGINT, deleted BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS server_project ON server (project_id, deleted, created_us)",
    "CREATE INDEX IF NOT EXISTS server_created ON server (deleted, created_us)",
    "CREATE INDEX IF NOT EXISTS server_updated ON server (updated_us)",
    "CREATE INDEX IF NOT EXISTS server_host ON server (host, deleted)",
    "CREATE INDEX IF NOT EXISTS server_status ON server (status)",
    "CREATE INDEX IF NOT EXISTS server_stage ON server (stage)",
    "CREATE INDEX IF NOT EXISTS server_name ON server (name)",
    "CREATE INDEX IF NOT EXISTS server_flavor ON server (flavor_id)",
    "CREATE INDEX IF NOT EXISTS server_image ON server (image_id)",
    "CREATE INDEX IF NOT EXISTS server_reservation ON server (reservation_id)",
    "CREATE INDEX IF NOT EXISTS server_operation ON server (operation_id)",
    "CREATE TABLE IF NOT EXISTS domain (
        server_id VARCHAR(36) NOT NULL PRIMARY KEY, host VARCHAR(255) NOT NULL, fence BIGINT NOT NULL, generation BIGINT NOT NULL,
        power MEDIUMTEXT NOT NULL, since_us BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS domain_host ON domain (host)",
    "CREATE TABLE IF NOT EXISTS cleanup_debt (
        server_id VARCHAR(36) NOT NULL, host VARCHAR(255) NOT NULL, fence BIGINT NOT NULL, reason MEDIUMTEXT NOT NULL,
        created_us BIGINT NOT NULL, PRIMARY KEY (server_id, host))",
    "CREATE INDEX IF NOT EXISTS cleanup_debt_host ON cleanup_debt (host)",
    "CREATE TABLE IF NOT EXISTS console_token (
        hash VARCHAR(64) NOT NULL PRIMARY KEY, server_id VARCHAR(36) NOT NULL, host VARCHAR(255) NOT NULL, kind VARCHAR(16) NOT NULL,
        expires_us BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS console_token_server ON console_token (server_id)",
    "CREATE INDEX IF NOT EXISTS console_token_expires ON console_token (expires_us)",
    "CREATE TABLE IF NOT EXISTS server_password (
        server_id VARCHAR(36) NOT NULL PRIMARY KEY, password MEDIUMTEXT NOT NULL)",
);
