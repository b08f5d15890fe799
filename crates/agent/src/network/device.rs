//! Devices of the kernel: taps and veth pairs.

use uuid::Uuid;

use super::Pair;
use crate::{command::Programs, error::NodeError};

/// `tap` and the first 11 characters of the port's id, as operators know it: 14 of the 15 bytes that a name may have.
pub(crate) fn tap_name(port: Uuid) -> String {
    prefixed("tap", port)
}

/// A device's name from a prefix of three characters and an id.
pub(crate) fn prefixed(prefix: &str, id: Uuid) -> String {
    let id = id.to_string();
    format!("{prefix}{}", &id[..11])
}

/// Whether a device of that name is in this process' network namespace. Asked of the kernel by a socket, not by `/sys`,
/// which may be another namespace's.
pub(crate) fn is_there(name: &str) -> bool {
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None);
    socket.is_ok_and(|socket| rustix::net::netdevice::name_to_index(&socket, name).is_ok())
}

/// Whether the kernel says that there is no such device. That it can't be asked is no such word.
pub(super) fn is_gone(name: &str) -> bool {
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None);
    socket.is_ok_and(|socket| {
        rustix::net::netdevice::name_to_index(&socket, name).is_err_and(|error| error == rustix::io::Errno::NODEV)
    })
}

pub(super) async fn ensure_tap(programs: &Programs, tap: &str, mtu: u32) -> Result<(), NodeError> {
    let mut lines = vec![format!("link set dev {tap} mtu {mtu} up")];
    if !is_there(tap) {
        lines.insert(0, format!("tuntap add dev {tap} mode tap"));
    }
    programs.ip(&lines, false).await
}

/// Makes the pair with its inner end in the namespace from the start, so that a half-made one can't be left outside.
pub(super) async fn ensure_pair(programs: &Programs, pair: &Pair<'_>) -> Result<(), NodeError> {
    let Pair { outer, inner, namespace, mac, mtu, .. } = pair;
    if !is_there(outer) {
        let add =
            format!("link add {outer} mtu {mtu} type veth peer name {inner} address {mac} mtu {mtu} netns {namespace}");
        programs.ip(&[add], false).await?;
    }
    programs.ip(&[format!("link set dev {outer} mtu {mtu} up")], false).await
}

/// Removes devices; gone already is fine.
pub(super) async fn remove(programs: &Programs, devices: &[String]) -> Result<(), NodeError> {
    let there = devices.iter().filter(|device| is_there(device));
    let lines: Vec<String> = there.map(|device| format!("link del dev {device}")).collect();
    if lines.is_empty() {
        return Ok(());
    }
    programs.ip(&lines, true).await?;
    match devices.iter().find(|device| is_there(device)) {
        None => Ok(()),
        Some(device) => Err(NodeError::refused(format!("the device {device} could not be removed"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_operators_know_and_fit() {
        let port = Uuid::parse_str("9d1f2c3b-4a5e-4f60-8a7b-123456789abc").unwrap();
        assert_eq!(tap_name(port), "tap9d1f2c3b-4a");
        assert!(tap_name(port).len() < 16);
        assert!(is_there("lo") && !is_there(&tap_name(port)));
        assert!(!is_gone("lo") && is_gone(&tap_name(port)));
    }
}
