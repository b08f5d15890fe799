//! What the service refuses, and what can fail.

use std::{io, path::PathBuf};

use ferrostack_auth::Denied;
use ferrostack_contracts::{ContractError, ErrorKind};
use ferrostack_db::DbError;
use ferrostack_http::{Fault, FaultKind};
use ferrostack_image_format::Mismatch;

use crate::model::{ImageId, Status, Visibility};

/// Refusals and failures. Their texts go to the caller.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// No such image, or none that the caller may know of.
    #[error("Image {id} could not be found.")]
    ImageNotFound {
        /// The id asked for.
        id: ImageId,
    },
    /// The image is not shared with that project, or the caller may not know.
    #[error("Image {image} is not shared with project {member}.")]
    MemberNotFound {
        /// The image.
        image: ImageId,
        /// The project.
        member: String,
    },
    /// The image has no such tag.
    #[error("Image {image} has no tag {tag:?}.")]
    TagNotFound {
        /// The image.
        image: ImageId,
        /// The tag.
        tag: String,
    },
    /// The id is taken.
    #[error("An image with the id {id} exists already.")]
    DuplicateImage {
        /// The id.
        id: ImageId,
    },
    /// Shared already.
    #[error("Image {image} is already shared with project {member}.")]
    DuplicateMember {
        /// The image.
        image: ImageId,
        /// The project.
        member: String,
    },
    /// The policy says no.
    #[error("Policy does not allow {} to be performed.", .0.action())]
    Denied(#[source] Denied),
    /// Another project's image can only be made by an administrator.
    #[error("Images owned by project {owner:?} can't be created with a token for another project.")]
    ForeignOwner {
        /// The owner asked for.
        owner: String,
    },
    /// `protected` is set.
    #[error("Image {id} is protected; set its attribute protected to false before deleting it.")]
    Protected {
        /// The image.
        id: ImageId,
    },
    /// The attribute is never set by callers.
    #[error("The attribute {name:?} is read-only.")]
    ReadOnly {
        /// The attribute.
        name: String,
    },
    /// The name is kept for the service.
    #[error("The attribute {name:?} is reserved for the service itself.")]
    Reserved {
        /// The attribute.
        name: String,
    },
    /// A base attribute always is there.
    #[error("The attribute {name:?} can be replaced, but not removed.")]
    NotRemovable {
        /// The attribute.
        name: String,
    },
    /// Formats describe the data, so they can't change once it came.
    #[error("The attribute {name:?} can only be changed while the image is queued; it is {status}.")]
    FormatIsFixed {
        /// The attribute.
        name: &'static str,
        /// The image's status.
        status: &'static str,
    },
    /// Only an administrator gives images to other projects.
    #[error("The attribute \"owner\" can only be changed by an administrator.")]
    OwnerIsFixed,
    /// Locations are the service's own business.
    #[error("The locations of an image's data can't be seen or changed in this cloud.")]
    NoLocations,
    /// A property that was to be replaced or removed is not there.
    #[error("The image has no property {name:?}.")]
    PropertyNotFound {
        /// The property.
        name: String,
    },
    /// A property that was to be added is there (older JSON patch).
    #[error("The image has the property {name:?} already.")]
    PropertyExists {
        /// The property.
        name: String,
    },
    /// Only shared images have members.
    #[error("Image {id} has the visibility {visibility}; only images with the visibility shared have members.")]
    NotShared {
        /// The image.
        id: ImageId,
        /// Its visibility.
        visibility: &'static str,
    },
    /// The status does not fit: an upload to an image that is not queued.
    #[error("Image {id} is {status}; data can only be uploaded while it is queued.")]
    NotQueued {
        /// The image.
        id: ImageId,
        /// Its status.
        status: &'static str,
    },
    /// The status does not fit: (de)activation without data.
    #[error("Image {id} is {status}; only active and deactivated images can be switched.")]
    NotActive {
        /// The image.
        id: ImageId,
        /// Its status.
        status: &'static str,
    },
    /// Its data is closed for now.
    #[error("Image {id} is deactivated; its data can't be downloaded until it is reactivated.")]
    Deactivated {
        /// The image.
        id: ImageId,
    },
    /// Formats are missing.
    #[error("The attributes disk_format and container_format of image {id} must be set before its data is uploaded.")]
    NoFormats {
        /// The image.
        id: ImageId,
    },
    /// A value that does not fit.
    #[error("Invalid value {value:?} for {field}: {reason}.")]
    Invalid {
        /// Which field, parameter or header.
        field: &'static str,
        /// What was given, shortened.
        value: String,
        /// What would fit.
        reason: String,
    },
    /// Too many tags, properties or members.
    #[error("An image may have at most {limit} {what}.")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The data is larger than the cloud allows.
    #[error("The data is larger than the {limit} bytes that an image may have in this cloud.")]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// The project's limit is reached.
    #[error("The project has reached its limit of {limit} {what}.")]
    OverQuota {
        /// Of what: images, bytes of image data.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The data is not of the announced size.
    #[error("The data has {received} bytes, but the header X-OpenStack-Image-Size announced {announced}.")]
    WrongSize {
        /// In bytes.
        announced: u64,
        /// In bytes.
        received: u64,
    },
    /// The data is not what the image says.
    #[error("The data was refused: {0}.")]
    Mismatch(#[source] Mismatch),
    /// The client stopped in the middle.
    #[error("The upload of image {id} ended before all data was received; upload it again.")]
    Cut {
        /// The image.
        id: ImageId,
        /// What the connection said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No data came for long.
    #[error("No data was received for {seconds} s; upload the image {id} again.")]
    Idle {
        /// The image.
        id: ImageId,
        /// How long was waited.
        seconds: u64,
    },
    /// The image vanished while its data came.
    #[error("Image {id} was deleted or its upload was given up meanwhile; the data was discarded.")]
    Lost {
        /// The image.
        id: ImageId,
    },
    /// Too many uploads at once.
    #[error("Too many images are being uploaded; please try again.")]
    Busy,
    /// Somebody else kept changing the image.
    #[error("Image {id} is being changed by others; please try again.")]
    Contended {
        /// The image.
        id: ImageId,
    },
    /// The part asked for lies outside of the data.
    #[error("The range {range:?} does not lie within the {size} bytes of the image.")]
    OutOfRange {
        /// The header.
        range: String,
        /// In bytes.
        size: u64,
    },
    /// The disk is full.
    #[error("No space is left for image data.")]
    NoSpace(#[source] io::Error),
    /// The row names a file that is not here.
    #[error("The data of image {id} is not available on this controller.")]
    DataMissing {
        /// The image.
        id: ImageId,
    },
    /// The file store failed.
    #[error("the image store can't {what} {path:?}")]
    Store {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The database failed.
    #[error("the database could not be asked")]
    Db(#[from] DbError),
}

impl ImageError {
    pub(crate) fn not_queued(id: ImageId, status: Status) -> Self {
        Self::NotQueued { id, status: status.as_str() }
    }

    pub(crate) fn not_shared(id: ImageId, visibility: Visibility) -> Self {
        Self::NotShared { id, visibility: visibility.as_str() }
    }

    pub(crate) fn invalid(field: &'static str, value: &str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, value: value.chars().take(80).collect(), reason: reason.into() }
    }

    fn kind(&self) -> FaultKind {
        match self {
            Self::ImageNotFound { .. } | Self::MemberNotFound { .. } | Self::TagNotFound { .. } => FaultKind::NotFound,
            Self::DuplicateImage { .. }
            | Self::DuplicateMember { .. }
            | Self::PropertyNotFound { .. }
            | Self::PropertyExists { .. }
            | Self::NotQueued { .. }
            | Self::Contended { .. } => FaultKind::Conflict,
            Self::Denied(_)
            | Self::ForeignOwner { .. }
            | Self::Protected { .. }
            | Self::ReadOnly { .. }
            | Self::Reserved { .. }
            | Self::NotRemovable { .. }
            | Self::FormatIsFixed { .. }
            | Self::OwnerIsFixed
            | Self::NoLocations
            | Self::NotShared { .. }
            | Self::NotActive { .. }
            | Self::Deactivated { .. } => FaultKind::Forbidden,
            Self::NoFormats { .. }
            | Self::Invalid { .. }
            | Self::WrongSize { .. }
            | Self::Cut { .. }
            | Self::Idle { .. } => FaultKind::BadRequest,
            Self::TooMany { .. } | Self::TooLarge { .. } | Self::NoSpace(_) => FaultKind::TooLarge,
            Self::OverQuota { .. } => FaultKind::OverQuota,
            Self::Mismatch(_) => FaultKind::UnsupportedMediaType,
            Self::Lost { .. } => FaultKind::Gone,
            Self::OutOfRange { .. } => FaultKind::RangeNotSatisfiable,
            Self::Busy | Self::DataMissing { .. } => FaultKind::Unavailable,
            Self::Store { .. } | Self::Db(_) => FaultKind::Internal,
        }
    }
}

impl From<ImageError> for Fault {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Db(error) => error.into(),
            ImageError::Store { .. } => Self::internal(error),
            other => Self::of(other.kind(), other.to_string()).caused_by(other),
        }
    }
}

impl From<ImageError> for ContractError {
    fn from(error: ImageError) -> Self {
        let kind = match error.kind() {
            FaultKind::NotFound => ErrorKind::NotFound,
            FaultKind::Forbidden => ErrorKind::Forbidden,
            FaultKind::Conflict => ErrorKind::Conflict,
            FaultKind::Unavailable => ErrorKind::Unavailable,
            FaultKind::Internal => match error {
                ImageError::Db(error) => return error.into(),
                _ => ErrorKind::Internal,
            },
            _ => ErrorKind::Invalid,
        };
        Self { kind, message: error.to_string(), cause: Some(Box::new(error)) }
    }
}
