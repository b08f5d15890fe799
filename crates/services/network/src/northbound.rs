//! Temporary.
use crate::ids::PortId;
use ferrostack_ovn::{ConnectionSettings, Contents, Endpoint, northbound};
pub(crate) fn is_up(_: &Contents, _: PortId) -> bool {
    false
}
/// Settings.
pub fn connection_settings(endpoint: Endpoint) -> ConnectionSettings {
    ConnectionSettings::new(endpoint, northbound::DATABASE, "ferrostack:id", northbound::watched())
}
