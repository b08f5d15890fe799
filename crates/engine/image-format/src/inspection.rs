//! The verdict on an image.

use crate::{DiskFormat, Format, Hazard};

/// What a parser may look at.
pub(crate) struct View<'a> {
    /// The first bytes.
    pub(crate) head: &'a [u8],
    /// VHDX's metadata region, if there is one.
    pub(crate) window: &'a [u8],
    /// The last bytes.
    pub(crate) tail: &'a [u8],
    /// All bytes.
    pub(crate) size: u64,
}

/// How the content is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// A LUKS volume of this version, alone or within qcow2 (there version 1).
    Luks(u16),
    /// qcow2's own AES-CBC, which QEMU gave up.
    QcowAes,
}

/// What one parser recognized.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) format: Format,
    pub(crate) virtual_size: Option<u64>,
    pub(crate) backing_file: Option<String>,
    pub(crate) data_file: Option<String>,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) variant: Option<String>,
    pub(crate) hazards: Vec<Hazard>,
}

impl Found {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            virtual_size: None,
            backing_file: None,
            data_file: None,
            encryption: None,
            variant: None,
            hazards: Vec::new(),
        }
    }

    pub(crate) fn malformed(mut self, what: &'static str) -> Self {
        self.hazards.push(Hazard::Malformed { what });
        self
    }
}

/// What an image is, from its bytes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What it is; the first of [`Inspection::candidates`] when several formats match.
    pub format: Format,
    /// All formats that match. More than one is how one header hides behind another.
    pub candidates: Vec<Format>,
    /// Length of the image itself in bytes.
    pub size: u64,
    /// Size of the disk that a guest would see, in bytes, when the header tells.
    pub virtual_size: Option<u64>,
    /// The file that it reads unwritten parts from, cut to 80 characters; empty when not readable.
    pub backing_file: Option<String>,
    /// The file that holds its data, cut to 80 characters; empty when not readable.
    pub data_file: Option<String>,
    /// How it is encrypted.
    pub encryption: Option<Encryption>,
    /// The variant of the format, such as VMDK's create type.
    pub variant: Option<String>,
    /// Reasons not to open it.
    pub hazards: Vec<Hazard>,
    /// Size in bytes of the disk in front of a VHD footer: a fixed VHD is a raw disk with that footer behind it.
    pub fixed_vhd: Option<u64>,
}

/// An image that cannot be accepted as what it was declared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It is something else.
    #[error("the image is declared as {declared}, but its content is {found}")]
    Format {
        /// The declared disk format.
        declared: DiskFormat,
        /// What its bytes are.
        found: Format,
    },
    /// Its bytes are several things at once.
    #[error("the image is declared as {declared}, but its content matches several formats: {found}")]
    Ambiguous {
        /// The declared disk format.
        declared: DiskFormat,
        /// The formats, separated by commas.
        found: String,
    },
    /// It is what it was declared, but must not be opened.
    #[error("the {format} image is not safe to use: {hazard}")]
    Unsafe {
        /// What its bytes are.
        format: Format,
        /// The first reason.
        hazard: Hazard,
    },
}

impl Inspection {
    pub(crate) fn new(mut found: Vec<Found>, fixed_vhd: Option<u64>, size: u64) -> Self {
        // A bootable ISO legitimately begins with a partition table.
        if matches!(found.as_slice(), [iso, gpt] if iso.format == Format::Iso && gpt.format == Format::Gpt) {
            found.truncate(1);
        }
        let candidates: Vec<_> = found.iter().map(|found| found.format).collect();
        let first = found.into_iter().next().unwrap_or_else(|| Found::new(Format::Raw));
        let bytes_are_disk = matches!(first.format, Format::Raw | Format::Gpt);
        Self {
            format: first.format,
            candidates: if candidates.is_empty() { vec![Format::Raw] } else { candidates },
            size,
            virtual_size: if bytes_are_disk { Some(size) } else { first.virtual_size },
            backing_file: first.backing_file,
            data_file: first.data_file,
            encryption: first.encryption,
            variant: first.variant,
            hazards: first.hazards,
            fixed_vhd,
        }
    }

    /// Whether the image may be stored and used as `declared`. It is for images whose container format is `bare`; the
    /// content of other containers (OVA, compressed) is not a disk and is not judged.
    ///
    /// `raw` accepts what is a plain run of bytes: unknown content, partitioned disks and LUKS volumes (an encrypted
    /// volume stored as an image). Glance stores any content that is declared raw, and Nova then refuses to boot it;
    /// here it is refused at once. `ami`, `ari`, `aki` have no mark of their own; Linux kernels look like a boot sector.
    ///
    /// # Errors
    /// [`Mismatch`] when it is something else, several things at once, or not safe to open.
    pub fn check(&self, declared: DiskFormat) -> Result<(), Mismatch> {
        if self.candidates.len() > 1 {
            let found = self.candidates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(Mismatch::Ambiguous { declared, found });
        }
        if !self.fits(declared) {
            return Err(Mismatch::Format { declared, found: self.format });
        }
        let boot_sector_is_data = self.format == Format::Gpt && !matches!(declared, DiskFormat::Raw | DiskFormat::Gpt);
        match self.hazards.first() {
            Some(hazard) if !boot_sector_is_data => {
                Err(Mismatch::Unsafe { format: self.format, hazard: hazard.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Size in bytes of the disk that a guest sees when the image is used as `declared`.
    pub fn virtual_size_as(&self, declared: DiskFormat) -> u64 {
        match declared {
            DiskFormat::Raw | DiskFormat::Gpt | DiskFormat::Ami | DiskFormat::Ari | DiskFormat::Aki => self.size,
            DiskFormat::Vhd => self.fixed_vhd.or(self.virtual_size).unwrap_or(self.size),
            _ => self.virtual_size.unwrap_or(self.size),
        }
    }

    fn fits(&self, declared: DiskFormat) -> bool {
        let found = self.format;
        match declared {
            DiskFormat::Raw => matches!(found, Format::Raw | Format::Gpt | Format::Luks | Format::Tar),
            DiskFormat::Ami | DiskFormat::Ari | DiskFormat::Aki => {
                matches!(found, Format::Raw | Format::Gpt | Format::Tar)
            }
            DiskFormat::Vhd => {
                found == Format::Vhd || (self.fixed_vhd.is_some() && matches!(found, Format::Raw | Format::Gpt))
            }
            DiskFormat::Ploop => matches!(found, Format::Ploop | Format::Raw),
            DiskFormat::Gpt => found == Format::Gpt,
            DiskFormat::Qcow2 => found == Format::Qcow2,
            DiskFormat::Vhdx => found == Format::Vhdx,
            DiskFormat::Vmdk => found == Format::Vmdk,
            DiskFormat::Vdi => found == Format::Vdi,
            DiskFormat::Iso => found == Format::Iso,
        }
    }
}
