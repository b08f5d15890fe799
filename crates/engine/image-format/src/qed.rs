//! QED: recognized only to be refused. QEMU gave it up and it can name a backing file.

use crate::{
    Format, Hazard,
    inspection::{Found, View},
};

pub(crate) fn probe(view: &View<'_>) -> Option<Found> {
    let found = Found { hazards: vec![Hazard::Banned], ..Found::new(Format::Qed) };
    view.head.starts_with(b"QED\0").then_some(found)
}
