//! The internal model: what rooms below the wire speak of.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_base::{Generation, Timestamp, uuid_id};
use ferrostack_db::column_id;
use ferrostack_image_format::DiskFormat;
use ferrostack_policy::Target;

uuid_id!(
    /// An image.
    ImageId,
    "image"
);
column_id!(ImageId);

/// A word that is none of a closed set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not one of the known values")]
pub struct UnknownWord(String);

macro_rules! words {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$inner:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        $vis enum $name { $($(#[$inner])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// The word as the API writes it.
            $vis fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text { $($text => Ok(Self::$variant),)* _ => Err(UnknownWord(text.chars().take(80).collect())) }
            }
        }
        column_id!($name);
    };
}

words! {
    /// Where an image is in its life. Those of the import process do not exist here.
    pub(crate) enum Status {
        Queued = "queued",
        Saving = "saving",
        Active = "active",
        Deactivated = "deactivated",
    }
}

words! {
    /// Who may see an image.
    pub(crate) enum Visibility {
        Public = "public",
        Community = "community",
        Shared = "shared",
        Private = "private",
    }
}

words! {
    /// Whether a project wants an image that is shared with it.
    pub(crate) enum MemberStatus {
        Pending = "pending",
        Accepted = "accepted",
        Rejected = "rejected",
    }
}

words! {
    /// What is around the disk.
    pub enum ContainerFormat {
        /// Amazon machine image.
        Ami = "ami",
        /// Amazon ramdisk.
        Ari = "ari",
        /// Amazon kernel.
        Aki = "aki",
        /// Nothing: the data is the disk.
        Bare = "bare",
        /// Open virtualization format.
        Ovf = "ovf",
        /// Open virtualization appliance: a tar archive.
        Ova = "ova",
        /// A container's file system as a tar archive.
        Docker = "docker",
        /// A compressed disk.
        Compressed = "compressed",
    }
}

impl ContainerFormat {
    /// Whether the data is the disk itself, so that it can be inspected.
    pub(crate) fn is_plain(self) -> bool {
        matches!(self, Self::Bare | Self::Ami | Self::Ari | Self::Aki)
    }
}

/// An image's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageRecord {
    pub(crate) id: ImageId,
    pub(crate) name: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) status: Status,
    pub(crate) visibility: Visibility,
    pub(crate) os_hidden: bool,
    pub(crate) protected: bool,
    pub(crate) disk_format: Option<DiskFormat>,
    pub(crate) container_format: Option<ContainerFormat>,
    /// In GiB.
    pub(crate) min_disk: i64,
    /// In MiB.
    pub(crate) min_ram: i64,
    /// Of the data, in bytes.
    pub(crate) size: Option<i64>,
    /// Of the disk inside, in bytes.
    pub(crate) virtual_size: Option<i64>,
    /// MD5 in hexadecimal digits.
    pub(crate) checksum: Option<String>,
    pub(crate) os_hash_algo: Option<String>,
    pub(crate) os_hash_value: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) properties: BTreeMap<String, String>,
    /// Name of the data's file in the store.
    pub(crate) data_file: Option<String>,
    pub(crate) generation: Generation,
}

/// A project with which an image is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) image_id: ImageId,
    pub(crate) member: String,
    pub(crate) status: MemberStatus,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// An image as rules see it.
pub(crate) struct ImageTarget<'a> {
    pub(crate) owner: Option<&'a str>,
    pub(crate) visibility: Visibility,
    /// The caller's project when the image is shared with it.
    pub(crate) member: Option<&'a str>,
}

impl Target for ImageTarget<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "project_id" | "tenant_id" | "tenant" | "owner" => self.owner,
            "visibility" => Some(self.visibility.as_str()),
            "member_id" => self.member,
            _ => None,
        }
    }

    fn is_null(&self, key: &str) -> bool {
        matches!(key, "project_id" | "tenant_id" | "tenant" | "owner") && self.owner.is_none()
    }
}
