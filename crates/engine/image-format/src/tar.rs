//! Tape archives (POSIX.1, ustar), which OVA appliances are.

use crate::{
    Format,
    inspection::{Found, View},
};

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    (view.head.get(257..262)? == b"ustar").then(|| Found::new(Format::Tar))
}
