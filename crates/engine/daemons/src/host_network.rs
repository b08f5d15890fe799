//! The host's own network: its addresses, its routes, and changes of both by the `ip` command.

use std::net::IpAddr;

use ferrostack_base::Clock;
use ipnet::IpNet;
use serde::Deserialize;

use crate::{DaemonError, command};

/// A device with its addresses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Device {
    #[serde(rename = "ifname")]
    pub(crate) name: String,
    #[serde(default, rename = "addr_info")]
    addresses: Vec<AddressInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct AddressInfo {
    // A device without an address has an empty entry here.
    local: Option<IpAddr>,
    prefixlen: Option<u8>,
    scope: Option<String>,
}

impl Device {
    /// Its addresses, without those that every device has (link-local).
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpNet> {
        self.addresses.iter().filter(|info| info.scope.as_deref() != Some("link")).filter_map(|info| {
            let prefix = info.prefixlen?;
            IpNet::new(info.local?, prefix).ok()
        })
    }
}

/// A route of the main table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Route {
    dst: String,
    dev: Option<String>,
}

impl Route {
    /// Where it leads; `None` for the default route.
    fn destination(&self) -> Option<IpNet> {
        self.dst.parse().ok().or_else(|| Some(IpNet::from(self.dst.parse::<IpAddr>().ok()?)))
    }
}

/// All devices.
pub(crate) async fn devices(clock: &Clock) -> Result<Vec<Device>, DaemonError> {
    read(clock, &["-j", "addr", "show"]).await
}

/// All routes.
pub(crate) async fn routes(clock: &Clock) -> Result<Vec<Route>, DaemonError> {
    let mut routes = read::<Route>(clock, &["-j", "-4", "route", "show"]).await?;
    routes.extend(read::<Route>(clock, &["-j", "-6", "route", "show"]).await?);
    Ok(routes)
}

async fn read<T: for<'de> Deserialize<'de>>(clock: &Clock, args: &[&str]) -> Result<Vec<T>, DaemonError> {
    let text = command::run(clock, "ip", args).await?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(&text)
        .map_err(|error| DaemonError::Command { command: format!("ip {}", args.join(" ")), reason: error.to_string() })
}

/// Who on this host, except the device `own`, has an address in `wanted` or a route into it.
pub(crate) fn overlap(wanted: IpNet, own: &str, devices: &[Device], routes: &[Route]) -> Option<String> {
    let wanted = wanted.trunc();
    let overlaps = |other: IpNet| {
        let other = other.trunc();
        wanted.contains(&other) || other.contains(&wanted)
    };
    let of_devices = devices.iter().filter(|device| device.name != own).find_map(|device| {
        let address = device.addresses().find(|address| overlaps(*address))?;
        Some(format!("the address {address} of {}", device.name))
    });
    of_devices.or_else(|| {
        let routes = routes.iter().filter(|route| route.dev.as_deref() != Some(own));
        routes.into_iter().find_map(|route| {
            let destination = route.destination().filter(|destination| overlaps(*destination))?;
            let by = route.dev.as_deref().map(|device| format!(" by {device}")).unwrap_or_default();
            // Every device has the same link-local route.
            let link_local = matches!(destination, IpNet::V6(net) if net.addr().is_unicast_link_local());
            (!link_local).then(|| format!("the route to {destination}{by}"))
        })
    })
}

/// Gives a device exactly these addresses and brings it up; what is right already is not touched.
pub(crate) async fn put_addresses(clock: &Clock, device: &str, wanted: &[IpNet]) -> Result<(), DaemonError> {
    let found = devices(clock).await?.into_iter().find(|found| found.name == device);
    let found: Vec<IpNet> = found.iter().flat_map(Device::addresses).collect();
    for address in found.iter().filter(|address| !wanted.contains(address)) {
        command::run(clock, "ip", &["addr", "del", &address.to_string(), "dev", device]).await?;
    }
    for address in wanted.iter().filter(|address| !found.contains(address)) {
        command::run(clock, "ip", &["addr", "replace", &address.to_string(), "dev", device]).await?;
    }
    command::run(clock, "ip", &["link", "set", device, "up"]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> (Vec<Device>, Vec<Route>) {
        let devices = r#"[
            {"ifname":"lo","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host"}]},
            {"ifname":"eth0","addr_info":[
                {"family":"inet","local":"192.0.2.2","prefixlen":24,"scope":"global"},
                {"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"}]},
            {"ifname":"br-ex","addr_info":[{"family":"inet","local":"172.24.4.1","prefixlen":24,"scope":"global"}]},
            {"ifname":"tap0","addr_info":[{}]}]"#;
        let routes = r#"[
            {"dst":"default","gateway":"192.0.2.1","dev":"eth0"},
            {"dst":"10.8.0.0/16","dev":"tun0"},
            {"dst":"203.0.113.9","dev":"tun0"},
            {"type":"blackhole","dst":"198.51.100.0/24"},
            {"dst":"172.24.4.0/24","dev":"br-ex"},
            {"dst":"fe80::/64","dev":"eth0"}]"#;
        (serde_json::from_str(devices).unwrap(), serde_json::from_str(routes).unwrap())
    }

    #[test]
    fn ranges_in_use_are_found_and_named() {
        let (devices, routes) = host();
        let taken = |wanted: &str| overlap(wanted.parse().unwrap(), "br-ex", &devices, &routes);
        assert_eq!(taken("172.24.4.1/24"), None, "our own");
        assert_eq!(taken("172.30.0.1/24"), None);
        assert_eq!(taken("fd00:1::1/64"), None);
        for (wanted, owner) in [
            ("192.0.2.129/25", "the address 192.0.2.2/24 of eth0"),
            ("192.0.0.1/16", "the address 192.0.2.2/24 of eth0"),
            ("10.8.9.1/24", "the route to 10.8.0.0/16 by tun0"),
            ("203.0.113.1/24", "the route to 203.0.113.9/32 by tun0"),
            ("198.51.100.1/26", "the route to 198.51.100.0/24"),
            ("127.1.0.1/16", "the address 127.0.0.1/8 of lo"),
        ] {
            assert_eq!(taken(wanted).as_deref(), Some(owner), "{wanted}");
        }
        let net = "172.24.4.1/24".parse().unwrap();
        assert_eq!(overlap(net, "br-other", &devices, &routes).as_deref(), Some("the address 172.24.4.1/24 of br-ex"));
    }
}
