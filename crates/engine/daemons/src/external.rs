//! The bridge to the outside, and the host's place in it.

use std::{collections::BTreeMap, path::Path, time::Duration};

use ferrostack_base::Clock;
use ipnet::IpNet;
use uuid::Uuid;

use crate::{
    DaemonError, Datapath, ExternalBridge,
    bridge::{Bridge, MARK, Verdict, judge_external},
    host_network::{self, Device},
    nat::{self, Masquerade},
    offload,
    open_vswitch::OpenVswitch,
};

/// What became of the external bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalState {
    /// Its name.
    pub bridge: String,
    /// The physical network that it is the way to.
    pub physical_network: String,
    /// The host's addresses in it.
    pub addresses: Vec<IpNet>,
    /// Whether what comes from it may go out to the world.
    pub masquerade: Masquerade,
}

/// Refuses ranges that this host already has or reaches otherwise.
///
/// # Errors
/// [`DaemonError::AddressTaken`], and [`DaemonError::Option`] for a name that cannot be a device's.
pub(crate) async fn check(clock: &Clock, wanted: &ExternalBridge) -> Result<(), DaemonError> {
    let name = wanted.bridge.as_str();
    if name.is_empty() || name.len() > 15 || name.contains(|c: char| c.is_whitespace() || c == '/') {
        let reason = "is no name for a bridge: 1 to 15 bytes, no space, no slash".to_owned();
        return Err(DaemonError::Option { option: "bridge", value: name.to_owned(), reason });
    }
    if wanted.addresses.is_empty() {
        return Ok(());
    }
    let devices = host_network::devices(clock).await?;
    let routes = host_network::routes(clock).await?;
    for address in &wanted.addresses {
        if let Some(taken) = host_network::overlap(*address, name, &devices, &routes) {
            return Err(DaemonError::AddressTaken { wanted: *address, taken });
        }
    }
    Ok(())
}

/// Makes the bridge, and gives the host its place in it.
pub(crate) async fn ensure(
    clock: &Clock,
    switch: &OpenVswitch,
    wanted: &ExternalBridge,
    datapath: Datapath,
    mark: &str,
) -> Result<ExternalState, DaemonError> {
    let name = wanted.bridge.as_str();
    let mut state = ExternalState {
        bridge: wanted.bridge.clone(),
        physical_network: wanted.physical_network.clone(),
        addresses: wanted.addresses.clone(),
        masquerade: Masquerade::Off,
    };
    if let Some(found) = switch.bridge(name).await? {
        let devices = host_network::devices(clock).await?;
        let has: Vec<_> = devices.iter().filter(|device| device.name == name).flat_map(Device::addresses).collect();
        match judge_external(&found, mark) {
            Verdict::Ours => {}
            // An operator's bridge, used as it is.
            Verdict::Free | Verdict::Foreign(_) if wanted.addresses.is_empty() => return Ok(state),
            Verdict::Free if has.iter().all(|address| wanted.addresses.contains(address)) => {}
            Verdict::Free => {
                let reason = format!("its device has the address {}", has[0]);
                return Err(DaemonError::ForeignBridge { bridge: name.to_owned(), reason });
            }
            Verdict::Foreign(reason) => {
                return Err(DaemonError::ForeignBridge { bridge: name.to_owned(), reason });
            }
        }
    } else if host_network::devices(clock).await?.iter().any(|device| device.name == name) {
        // vswitchd would fail, or take a device away from whoever made it.
        let reason = "a device of that name exists, but not in Open vSwitch".to_owned();
        return Err(DaemonError::ForeignBridge { bridge: name.to_owned(), reason });
    }
    let bridge = Bridge {
        name: name.to_owned(),
        datapath_type: datapath.word().to_owned(),
        // A plain learning switch, also when ovn-controller does not run.
        fail_mode: Some("standalone".to_owned()),
        external_ids: BTreeMap::from([(MARK.to_owned(), mark.to_owned())]),
        // Else a restart of vswitchd gives the host another one, and neighbours keep the old one for minutes.
        other_config: BTreeMap::from([("hwaddr".to_owned(), hardware_address(mark, name))]),
        ports: Vec::new(),
    };
    switch.put_bridge(&bridge).await?;
    switch.wait_applied(name).await?;
    switch.check_bridge(name).await?;
    set_right(clock, wanted, datapath).await?;
    if wanted.masquerade {
        state.masquerade = nat::ensure(clock, name, &wanted.addresses).await;
    }
    Ok(state)
}

/// Gives the bridge's device what it loses when vswitchd makes it anew.
pub(crate) async fn set_right(clock: &Clock, wanted: &ExternalBridge, datapath: Datapath) -> Result<(), DaemonError> {
    let device = wanted.bridge.as_str();
    let folder = Path::new("/proc/sys/net/ipv4/conf").join(device);
    for _ in 0..250 {
        if folder.exists() {
            break;
        }
        clock.sleep(Duration::from_millis(20)).await;
    }
    if datapath == Datapath::Userspace {
        offload::disable_tx(device).map_err(|error| DaemonError::Command {
            command: format!("ethtool -K {device} tx off"),
            reason: error.to_string(),
        })?;
    }
    host_network::put_addresses(clock, device, &wanted.addresses).await
}

/// Whether the bridge is there, with the host's addresses.
pub(crate) async fn is_whole(clock: &Clock, wanted: &ExternalBridge) -> Result<bool, DaemonError> {
    let devices = host_network::devices(clock).await?;
    let found = devices.iter().find(|device| device.name == wanted.bridge);
    let has = |address: &IpNet| found.is_some_and(|device| device.addresses().any(|found| found == *address));
    Ok(wanted.addresses.iter().all(has))
}

/// A locally administered address that this bridge of this cloud always has.
fn hardware_address(mark: &str, bridge: &str) -> String {
    let space = Uuid::try_parse(mark).unwrap_or(Uuid::NAMESPACE_OID);
    let bytes = Uuid::new_v5(&space, bridge.as_bytes()).into_bytes();
    let first = bytes[0] & 0xfc | 0x02;
    let rest = bytes[1..6].iter().map(|byte| format!(":{byte:02x}"));
    format!("{first:02x}{}", rest.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardware_address_is_stable_and_locally_administered() {
        let mark = "0b5f61fc-3d3f-4b0f-a05e-0d0b6b1a2c3d";
        let address = hardware_address(mark, "br-ex");
        assert_eq!(address, hardware_address(mark, "br-ex"));
        assert_ne!(address, hardware_address(mark, "br-other"));
        let first = u8::from_str_radix(&address[..2], 16).unwrap();
        assert_eq!((first & 0x03, address.len()), (0x02, 17));
    }
}
