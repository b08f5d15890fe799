//! Looks at the headers of untrusted disk images while they stream by, and says whether they are what their uploader
//! declared and whether a hypervisor may open them.
//!
//! An image is hostile until shown otherwise: a qcow2 file can name a file of the host as its backing or data file, a
//! VMDK descriptor can name any path as an extent, and content declared `raw` may be probed as something else later.
//! So nothing here follows an offset without a bound, keeps more than [`MAX_KEPT`] bytes or can panic. What is not
//! understood is refused rather than passed on.
//!
//! ```
//! use ferrostack_image_format::{DiskFormat, Format, Inspector};
//!
//! let mut inspector = Inspector::new();
//! for chunk in [&b"just"[..], &b" some bytes"[..]] {
//!     inspector.feed(chunk);
//! }
//! let inspection = inspector.finish();
//! assert_eq!(inspection.format, Format::Raw);
//! assert!(inspection.check(DiskFormat::Raw).is_ok());
//! assert!(inspection.check(DiskFormat::Qcow2).is_err());
//! ```

mod bytes;
mod format;
mod hazard;
mod inspection;
mod inspector;
mod iso;
mod luks;
mod mbr;
mod ploop;
mod qcow2;
mod qed;
mod tar;
mod vdi;
mod vhd;
mod vhdx;
mod vmdk;

#[cfg(test)]
mod tests;

pub use format::{DiskFormat, Format, UnknownDiskFormat};
pub use hazard::Hazard;
pub use inspection::{Encryption, Inspection, Mismatch};
pub use inspector::{Inspector, MAX_KEPT};
