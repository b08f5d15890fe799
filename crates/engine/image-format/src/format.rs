//! What an image is declared to be, and what its bytes say.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The `disk_format` of an image, as the Image API v2 lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are the API's own values")]
pub enum DiskFormat {
    Ami,
    Ari,
    Aki,
    Vhd,
    Vhdx,
    Vmdk,
    Raw,
    Qcow2,
    Vdi,
    Iso,
    Ploop,
    Gpt,
}

impl DiskFormat {
    /// Every value, in the order in which the Image API's schema lists them.
    pub const ALL: [Self; 12] = [
        Self::Ami,
        Self::Ari,
        Self::Aki,
        Self::Vhd,
        Self::Vhdx,
        Self::Vmdk,
        Self::Raw,
        Self::Qcow2,
        Self::Vdi,
        Self::Iso,
        Self::Ploop,
        Self::Gpt,
    ];

    /// The value as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ami => "ami",
            Self::Ari => "ari",
            Self::Aki => "aki",
            Self::Vhd => "vhd",
            Self::Vhdx => "vhdx",
            Self::Vmdk => "vmdk",
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
            Self::Vdi => "vdi",
            Self::Iso => "iso",
            Self::Ploop => "ploop",
            Self::Gpt => "gpt",
        }
    }
}

impl fmt::Display for DiskFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no disk format of the Image API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a disk format")]
pub struct UnknownDiskFormat(pub String);

impl FromStr for DiskFormat {
    type Err = UnknownDiskFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|format| format.as_str() == text);
        known.ok_or_else(|| UnknownDiskFormat(text.chars().take(80).collect()))
    }
}

/// What the bytes of an image are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Nothing that is known: a bare filesystem, a kernel, random bytes.
    Raw,
    /// A raw disk with a partition table (MBR, or GPT with its protective MBR).
    Gpt,
    /// QEMU copy on write, also the obsolete version 1.
    Qcow2,
    /// QEMU enhanced disk; abandoned, never accepted.
    Qed,
    /// Connectix and Microsoft virtual hard disk with its header in front (dynamic or differencing).
    Vhd,
    /// The later Microsoft format.
    Vhdx,
    /// VMware, with a sparse header or as a text descriptor.
    Vmdk,
    /// VirtualBox.
    Vdi,
    /// ISO 9660 or UDF.
    Iso,
    /// Parallels.
    Ploop,
    /// An encrypted volume.
    Luks,
    /// A tape archive, as in OVA appliances.
    Tar,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw",
            Self::Gpt => "gpt",
            Self::Qcow2 => "qcow2",
            Self::Qed => "qed",
            Self::Vhd => "vhd",
            Self::Vhdx => "vhdx",
            Self::Vmdk => "vmdk",
            Self::Vdi => "vdi",
            Self::Iso => "iso",
            Self::Ploop => "ploop",
            Self::Luks => "luks",
            Self::Tar => "tar",
        })
    }
}
