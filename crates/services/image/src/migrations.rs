//! The tables.

use ferrostack_db::{Migrations, migrations};

/// `image` is the record; its columns `tags` and `properties` are what is read. `image_tag` and `image_property` repeat
/// them for filters and are rewritten with the record. `value_head` is the part of a property's value that fits an index.
pub const MIGRATIONS: Migrations = migrations!("image";
    "CREATE TABLE IF NOT EXISTS image (
        id VARCHAR(36) NOT NULL PRIMARY KEY,
        name VARCHAR(255),
        owner VARCHAR(255),
        status VARCHAR(20) NOT NULL,
        visibility VARCHAR(20) NOT NULL,
        os_hidden BIGINT NOT NULL,
        protected BIGINT NOT NULL,
        disk_format VARCHAR(20),
        container_format VARCHAR(20),
        min_disk BIGINT NOT NULL,
        min_ram BIGINT NOT NULL,
        size BIGINT,
        virtual_size BIGINT,
        checksum VARCHAR(32),
        os_hash_algo VARCHAR(64),
        os_hash_value VARCHAR(128),
        created_us BIGINT NOT NULL,
        updated_us BIGINT NOT NULL,
        tags MEDIUMTEXT NOT NULL,
        properties MEDIUMTEXT NOT NULL,
        data_file VARCHAR(80),
        upload_owner VARCHAR(36),
        upload_beat_us BIGINT,
        generation BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS image_created ON image (created_us, id)",
    "CREATE INDEX IF NOT EXISTS image_updated ON image (updated_us, id)",
    "CREATE INDEX IF NOT EXISTS image_name ON image (name)",
    "CREATE INDEX IF NOT EXISTS image_owner ON image (owner, created_us)",
    "CREATE INDEX IF NOT EXISTS image_visibility ON image (visibility, created_us)",
    "CREATE INDEX IF NOT EXISTS image_status ON image (status)",
    "CREATE INDEX IF NOT EXISTS image_size ON image (size)",
    "CREATE INDEX IF NOT EXISTS image_disk_format ON image (disk_format)",
    "CREATE INDEX IF NOT EXISTS image_container_format ON image (container_format)",
    "CREATE INDEX IF NOT EXISTS image_checksum ON image (checksum)",
    "CREATE INDEX IF NOT EXISTS image_os_hash_value ON image (os_hash_value)",
    "CREATE TABLE IF NOT EXISTS image_tag (
        image_id VARCHAR(36) NOT NULL,
        value VARCHAR(255) NOT NULL,
        PRIMARY KEY (image_id, value))",
    "CREATE INDEX IF NOT EXISTS image_tag_value ON image_tag (value)",
    "CREATE TABLE IF NOT EXISTS image_property (
        image_id VARCHAR(36) NOT NULL,
        name VARCHAR(255) NOT NULL,
        value_head VARCHAR(255) NOT NULL,
        value MEDIUMTEXT NOT NULL,
        PRIMARY KEY (image_id, name))",
    "CREATE INDEX IF NOT EXISTS image_property_value ON image_property (name, value_head)",
    "CREATE TABLE IF NOT EXISTS image_member (
        image_id VARCHAR(36) NOT NULL,
        member VARCHAR(255) NOT NULL,
        status VARCHAR(20) NOT NULL,
        created_us BIGINT NOT NULL,
        updated_us BIGINT NOT NULL,
        PRIMARY KEY (image_id, member))",
    "CREATE INDEX IF NOT EXISTS image_member_member ON image_member (member, status)",
);
