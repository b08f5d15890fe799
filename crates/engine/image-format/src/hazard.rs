//! Why a hypervisor must not open an image.

/// One reason to refuse an image whatever it is declared to be. Names that come from the image are cut to 80 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Hazard {
    /// It reads data from another file, which could be any file of the host.
    #[error("it depends on the backing file {name:?}")]
    BackingFile {
        /// The name in the image; empty when it cannot be read.
        name: String,
    },
    /// It keeps its data in another file, which could be any file of the host.
    #[error("it keeps its data in the external file {name:?}")]
    DataFile {
        /// The name in the image; empty when it cannot be read.
        name: String,
    },
    /// It asks for features that are not known, so its safety cannot be judged.
    #[error("it needs unknown format features ({bits:#x})")]
    UnknownFeatures {
        /// The unknown bits of the incompatible feature field.
        bits: u64,
    },
    /// A version of the format that is not supported.
    #[error("version {version} of its format is not supported")]
    UnsupportedVersion {
        /// The version in the header.
        version: u32,
    },
    /// A variant of the format that spreads over several files or is not supported.
    #[error("the variant {name:?} of its format is not supported")]
    UnsupportedVariant {
        /// The variant as the image names it.
        name: String,
    },
    /// An extent outside of the image itself.
    #[error("the extent {line:?} names another file")]
    ForeignExtent {
        /// The line of the descriptor.
        line: String,
    },
    /// The header contradicts itself or is cut short.
    #[error("its header is not valid: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// The partition table breaks the rules of MBR or GPT.
    #[error("its partition table is not valid: {what}")]
    PartitionTable {
        /// What is wrong.
        what: &'static str,
    },
    /// A format that is never accepted.
    #[error("its format is not allowed")]
    Banned,
}
