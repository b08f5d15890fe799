//! Changes of an image's attributes, as a JSON patch asks for them.

use std::collections::BTreeSet;

use ferrostack_auth::Ctx;
use ferrostack_image_format::DiskFormat;

use super::image::{ATTEMPTS, settled, visibility_action, write};
use crate::{
    Image, ImageError,
    access::{Found, is_admin},
    model::{ContainerFormat, ImageId, ImageRecord, Status, Visibility},
};

/// An attribute with the value that it shall have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attribute {
    Name(Option<String>),
    Owner(Option<String>),
    Visibility(Visibility),
    Hidden(bool),
    Protected(bool),
    DiskFormat(Option<DiskFormat>),
    ContainerFormat(Option<ContainerFormat>),
    MinDisk(i64),
    MinRam(i64),
    Tags(BTreeSet<String>),
    Property(String, String),
}

/// One operation of a patch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// Sets it, whether it is there or not.
    Add(Attribute),
    /// Sets it if it is not there (JSON patch as in its fourth draft).
    AddNew(Attribute),
    /// Sets it if it is there.
    Replace(Attribute),
    /// Removes a custom property.
    Remove(String),
}

/// Applies all changes or none.
pub(crate) async fn update(
    cx: &Ctx,
    image: &Image,
    id: ImageId,
    changes: &[Change],
) -> Result<ImageRecord, ImageError> {
    for _ in 0..ATTEMPTS {
        let found = image.find(cx, id, "modify_image").await?;
        let mut next = found.image.clone();
        for change in changes {
            apply(cx, &found, &mut next, change)?;
        }
        if changes.is_empty() || write(image, &mut next).await? {
            return Ok(next);
        }
        settled(image, id).await?;
    }
    Err(ImageError::Contended { id })
}

fn apply(cx: &Ctx, found: &Found, next: &mut ImageRecord, change: &Change) -> Result<(), ImageError> {
    match change {
        Change::Add(attribute) => set(cx, found, next, attribute),
        Change::AddNew(Attribute::Property(name, _)) if next.properties.contains_key(name) => {
            Err(ImageError::PropertyExists { name: name.clone() })
        }
        Change::AddNew(attribute @ Attribute::Property(..)) => set(cx, found, next, attribute),
        // A base attribute always is there.
        Change::AddNew(attribute) => Err(ImageError::PropertyExists { name: name(attribute).to_owned() }),
        Change::Replace(Attribute::Property(name, _)) if !next.properties.contains_key(name) => {
            Err(ImageError::PropertyNotFound { name: name.clone() })
        }
        Change::Replace(attribute) => set(cx, found, next, attribute),
        Change::Remove(name) => match next.properties.remove(name) {
            Some(_) => Ok(()),
            None => Err(ImageError::PropertyNotFound { name: name.clone() }),
        },
    }
}

fn set(cx: &Ctx, found: &Found, next: &mut ImageRecord, attribute: &Attribute) -> Result<(), ImageError> {
    match attribute {
        Attribute::Name(name) => next.name.clone_from(name),
        Attribute::Owner(_) if !is_admin(cx) => return Err(ImageError::OwnerIsFixed),
        Attribute::Owner(owner) => next.owner.clone_from(owner),
        Attribute::Visibility(visibility) => {
            if let Some(action) = visibility_action(*visibility) {
                found.allow(cx, action)?;
            }
            next.visibility = *visibility;
        }
        Attribute::Hidden(hidden) => next.os_hidden = *hidden,
        Attribute::Protected(protected) => next.protected = *protected,
        Attribute::DiskFormat(_) | Attribute::ContainerFormat(_) if next.status != Status::Queued => {
            return Err(ImageError::FormatIsFixed { name: name(attribute), status: next.status.as_str() });
        }
        Attribute::DiskFormat(format) => next.disk_format = *format,
        Attribute::ContainerFormat(format) => next.container_format = *format,
        Attribute::MinDisk(gib) => next.min_disk = *gib,
        Attribute::MinRam(mib) => next.min_ram = *mib,
        Attribute::Tags(tags) => next.tags.clone_from(tags),
        Attribute::Property(name, value) => {
            next.properties.insert(name.clone(), value.clone());
        }
    }
    Ok(())
}

fn name(attribute: &Attribute) -> &'static str {
    match attribute {
        Attribute::Name(_) => "name",
        Attribute::Owner(_) => "owner",
        Attribute::Visibility(_) => "visibility",
        Attribute::Hidden(_) => "os_hidden",
        Attribute::Protected(_) => "protected",
        Attribute::DiskFormat(_) => "disk_format",
        Attribute::ContainerFormat(_) => "container_format",
        Attribute::MinDisk(_) => "min_disk",
        Attribute::MinRam(_) => "min_ram",
        Attribute::Tags(_) => "tags",
        Attribute::Property(..) => "a property",
    }
}
