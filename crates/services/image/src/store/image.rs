//! Images' records.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_base::{Generation, Timestamp};
use ferrostack_db::{DbError, FromRow, Json, Read, Row, Tx, Value, args};

use crate::model::{ImageId, ImageRecord};

pub(crate) const COLUMNS: &str = "id, name, owner, status, visibility, os_hidden, protected, disk_format, container_format, \
    min_disk, min_ram, size, virtual_size, checksum, os_hash_algo, os_hash_value, created_us, updated_us, tags, properties, \
    data_file, generation";

impl FromRow for ImageRecord {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let disk_format = match row.get::<Option<String>>("disk_format")? {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| DbError::Decode {
                column: "disk_format".to_owned(),
                wanted: "a disk format",
                found: format!("a text of {} bytes", text.len()),
            })?),
        };
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            owner: row.get("owner")?,
            status: row.get("status")?,
            visibility: row.get("visibility")?,
            os_hidden: row.get("os_hidden")?,
            protected: row.get("protected")?,
            disk_format,
            container_format: row.get("container_format")?,
            min_disk: row.get("min_disk")?,
            min_ram: row.get("min_ram")?,
            size: row.get("size")?,
            virtual_size: row.get("virtual_size")?,
            checksum: row.get("checksum")?,
            os_hash_algo: row.get("os_hash_algo")?,
            os_hash_value: row.get("os_hash_value")?,
            created_at: row.get("created_us")?,
            updated_at: row.get("updated_us")?,
            tags: row.get::<Json<BTreeSet<String>>>("tags")?.0,
            properties: row.get::<Json<BTreeMap<String, String>>>("properties")?.0,
            data_file: row.get("data_file")?,
            generation: row.get("generation")?,
        })
    }
}

/// The record of that id.
pub(crate) async fn get(db: &impl Read, id: ImageId) -> Result<Option<ImageRecord>, DbError> {
    db.find(format!("SELECT {COLUMNS} FROM image WHERE id = ?"), args![id]).await
}

/// A new image.
pub(crate) async fn insert(tx: &Tx, image: &ImageRecord) -> Result<(), DbError> {
    let values = args![
        image.id,
        image.name,
        image.owner,
        image.status,
        image.visibility,
        image.os_hidden,
        image.protected,
        image.disk_format.map(|format| format.as_str()),
        image.container_format,
        image.min_disk,
        image.min_ram,
        image.created_at,
        image.updated_at,
        Json(&image.tags),
        Json(&image.properties),
        image.generation,
    ];
    tx.exec(
        "INSERT INTO image (id, name, owner, status, visibility, os_hidden, protected, disk_format, container_format, min_disk, \
         min_ram, created_us, updated_us, tags, properties, generation) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    .await?;
    insert_searchable(tx, image).await
}

/// Writes what callers may change, if the record is still at the generation that `image` was read at; `false` if not.
pub(crate) async fn update(tx: &Tx, image: &ImageRecord) -> Result<bool, DbError> {
    let values = args![
        image.name,
        image.owner,
        image.visibility,
        image.os_hidden,
        image.protected,
        image.disk_format.map(|format| format.as_str()),
        image.container_format,
        image.min_disk,
        image.min_ram,
        image.status,
        image.updated_at,
        Json(&image.tags),
        Json(&image.properties),
        image.generation.next(),
        image.id,
        image.generation,
    ];
    let changed = tx
        .changed(
            "UPDATE image SET name = ?, owner = ?, visibility = ?, os_hidden = ?, protected = ?, disk_format = ?, \
             container_format = ?, min_disk = ?, min_ram = ?, status = ?, updated_us = ?, tags = ?, properties = ?, \
             generation = ? WHERE id = ? AND generation = ?",
            values,
        )
        .await?;
    if changed {
        delete_searchable(tx, image.id).await?;
        insert_searchable(tx, image).await?;
    }
    Ok(changed)
}

/// Removes an image that is not protected, with all that belongs to it; `false` when there is none.
pub(crate) async fn delete(tx: &Tx, id: ImageId) -> Result<bool, DbError> {
    if !tx.changed("DELETE FROM image WHERE id = ? AND protected = 0", args![id]).await? {
        return Ok(false);
    }
    delete_searchable(tx, id).await?;
    tx.exec("DELETE FROM image_member WHERE image_id = ?", args![id]).await?;
    Ok(true)
}

/// How many images a project owns.
pub(crate) async fn count(db: &impl Read, owner: &str) -> Result<u64, DbError> {
    number(db.one("SELECT COUNT(*) AS n FROM image WHERE owner = ?", args![owner]).await?)
}

/// How many bytes of data a project's images have.
pub(crate) async fn total_size(db: &impl Read, owner: &str) -> Result<u64, DbError> {
    number(db.one("SELECT CAST(COALESCE(SUM(size), 0) AS SIGNED) AS n FROM image WHERE owner = ?", args![owner]).await?)
}

fn number(row: Option<Row>) -> Result<u64, DbError> {
    row.map_or(Ok(0), |row| row.get("n"))
}

async fn insert_searchable(tx: &Tx, image: &ImageRecord) -> Result<(), DbError> {
    let tags: Vec<Vec<Value>> = image.tags.iter().map(|tag| args![image.id, tag]).collect();
    tx.insert_many("INSERT INTO image_tag (image_id, value) VALUES", tags).await?;
    let properties: Vec<Vec<Value>> =
        image.properties.iter().map(|(name, value)| args![image.id, name, head(value), value]).collect();
    tx.insert_many("INSERT INTO image_property (image_id, name, value_head, value) VALUES", properties).await
}

async fn delete_searchable(tx: &Tx, id: ImageId) -> Result<(), DbError> {
    tx.exec("DELETE FROM image_tag WHERE image_id = ?", args![id]).await?;
    tx.exec("DELETE FROM image_property WHERE image_id = ?", args![id]).await?;
    Ok(())
}

/// The part of a property's value that is indexed.
pub(crate) fn head(value: &str) -> String {
    value.chars().take(255).collect()
}

/// A record without data, as it is created.
pub(crate) fn blank(id: ImageId, now: Timestamp) -> ImageRecord {
    ImageRecord {
        id,
        name: None,
        owner: None,
        status: crate::model::Status::Queued,
        visibility: crate::model::Visibility::Shared,
        os_hidden: false,
        protected: false,
        disk_format: None,
        container_format: None,
        min_disk: 0,
        min_ram: 0,
        size: None,
        virtual_size: None,
        checksum: None,
        os_hash_algo: None,
        os_hash_value: None,
        created_at: now,
        updated_at: now,
        tags: BTreeSet::new(),
        properties: BTreeMap::new(),
        data_file: None,
        generation: Generation(0),
    }
}
