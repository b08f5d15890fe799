//! MAC addresses.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use rand::Rng;

/// A new address with that front half.
pub(crate) fn generate(base: [u8; 3]) -> String {
    let tail: [u8; 3] = rand::rng().random();
    format!("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", base[0], base[1], base[2], tail[0], tail[1], tail[2])
}

/// Six bytes, written with `:` or `-`.
pub(crate) fn parse(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut bytes {
        let part = parts.next().filter(|part| part.len() == 2)?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(bytes)
}

/// The usual spelling: lower case, with colons. Refused: what cannot be one machine's address (all zero, multicast).
pub(crate) fn normalize(text: &str) -> Option<String> {
    let bytes = parse(text)?;
    if bytes == [0; 6] || bytes[0] & 1 == 1 {
        return None;
    }
    Some(bytes.map(|byte| format!("{byte:02x}")).join(":"))
}

/// The address that a machine makes itself in that /64 (modified EUI-64, RFC 4291 appendix A).
pub(crate) fn eui64(prefix: &IpNet, mac: &str) -> Option<IpAddr> {
    let IpNet::V6(net) = prefix else { return None };
    let mac = parse(mac)?;
    let host = [mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]];
    let number = (u128::from(net.network()) & !u128::from(u64::MAX)) | u128::from(u64::from_be_bytes(host));
    Some(IpAddr::V6(Ipv6Addr::from(number)))
}

/// The MAC address from which a machine made itself that link-local address.
pub(crate) fn of_link_local(ip: IpAddr) -> Option<String> {
    let IpAddr::V6(ip) = ip else { return None };
    let [0xfe, 0x80, 0, 0, 0, 0, 0, 0, first, b, c, 0xff, 0xfe, d, e, f] = ip.octets() else { return None };
    Some([first ^ 2, b, c, d, e, f].map(|byte| format!("{byte:02x}")).join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalized_and_wrong_ones_refused() {
        assert_eq!(normalize("FA-16-3E-00-0a-FF").as_deref(), Some("fa:16:3e:00:0a:ff"));
        for wrong in [
            "",
            "fa:16:3e:00:00",
            "fa:16:3e:00:00:00:00",
            "fa:16:3e:0:0:0",
            "00:00:00:00:00:00",
            "01:00:5e:00:00:01",
            "zz:16:3e:00:00:00",
        ] {
            assert_eq!(normalize(wrong), None, "{wrong}");
        }
        assert!(generate([0xfa, 0x16, 0x3e]).starts_with("fa:16:3e:"));
    }

    #[test]
    fn a_machine_makes_its_address_from_its_mac() {
        let net = "2001:db8:1::/64".parse().unwrap();
        assert_eq!(eui64(&net, "fa:16:3e:11:22:33").unwrap().to_string(), "2001:db8:1:0:f816:3eff:fe11:2233");
        assert_eq!(eui64(&"10.0.0.0/8".parse().unwrap(), "fa:16:3e:11:22:33"), None);
    }
}
