//! Temporary.
use ferrostack_ovn::Contents;
use crate::ids::PortId;
pub(crate) fn is_up(_: &Contents, _: PortId) -> bool { false }
