//! What a port's attributes must be like.

use crate::{
    app::{address::RequestedIp, mac},
    error::NetworkError,
    ids::{Kind, SecurityGroupId},
    store::port::{AddressPair, DhcpOption},
    wire::port::{WantedIp, WantedOption, WantedPair},
};

const MAX_PAIRS: usize = 10;
const VNIC_TYPES: [&str; 9] = [
    "normal",
    "direct",
    "macvtap",
    "baremetal",
    "direct-physical",
    "virtio-forwarder",
    "smart-nic",
    "vdpa",
    "accelerator-direct",
];

/// The addresses asked for.
pub(crate) fn requested_ips(wanted: &[WantedIp]) -> Result<Vec<RequestedIp>, NetworkError> {
    let mut requested: Vec<RequestedIp> = Vec::with_capacity(wanted.len());
    for ip in wanted {
        let unfit = |field: &str, value: &str| {
            NetworkError::invalid(format!("Invalid input for fixed_ips. Reason: {field} '{value}' is not valid."))
        };
        let subnet_id = match &ip.subnet_id {
            Some(text) => Some(text.parse().map_err(|_| unfit("subnet_id", text))?),
            None => None,
        };
        let ip_address = match &ip.ip_address {
            Some(text) => Some(text.parse().map_err(|_| unfit("ip_address", text))?),
            None => None,
        };
        if ip_address.is_some() && requested.iter().any(|other| other.ip_address == ip_address) {
            return Err(NetworkError::invalid("Invalid input for fixed_ips. Reason: Duplicate IP address."));
        }
        requested.push(RequestedIp { subnet_id, ip_address });
    }
    Ok(requested)
}

/// The further addresses; each pair once, its MAC address the port's own unless it names another.
pub(crate) fn pairs(wanted: &[WantedPair], own_mac: &str) -> Result<Vec<AddressPair>, NetworkError> {
    if wanted.len() > MAX_PAIRS {
        let message = format!("Exceeded maximum amount of allowed address pairs {MAX_PAIRS}.");
        return Err(NetworkError::bad("AllowedAddressPairExhausted", message));
    }
    let mut pairs: Vec<AddressPair> = Vec::with_capacity(wanted.len());
    for pair in wanted {
        let unfit = |value: &str| {
            NetworkError::invalid(format!("Invalid input for allowed_address_pairs. Reason: '{value}' is not valid."))
        };
        crate::app::cidr::parse(&pair.ip_address).ok_or_else(|| unfit(&pair.ip_address))?;
        let mac_address = match pair.mac_address.as_deref() {
            Some(text) => mac::normalize(text).ok_or_else(|| unfit(text))?,
            None => own_mac.to_owned(),
        };
        let pair = AddressPair { ip_address: pair.ip_address.clone(), mac_address };
        if pairs.contains(&pair) {
            let message = format!(
                "Request contains duplicate address pair: mac_address {} ip_address {}.",
                pair.mac_address, pair.ip_address
            );
            return Err(NetworkError::bad("DuplicateAddressPairInRequest", message));
        }
        pairs.push(pair);
    }
    Ok(pairs)
}

/// The DHCP options after a change of some: a new value replaces the old one, none takes it away.
pub(crate) fn options(before: &[DhcpOption], wanted: &[WantedOption]) -> Result<Vec<DhcpOption>, NetworkError> {
    let mut options = before.to_vec();
    for option in wanted {
        let ip_version = match option.ip_version.map_or(4, |version| version.0) {
            4 => 4,
            6 => 6,
            other => {
                return Err(NetworkError::invalid(format!(
                    "Invalid input for extra_dhcp_opts. Reason: ip_version {other} is not 4 or 6."
                )));
            }
        };
        let name = option.opt_name.trim();
        if name.is_empty() || name.len() > 64 {
            return Err(NetworkError::invalid(format!(
                "Invalid input for extra_dhcp_opts. Reason: opt_name {name:?} is empty or too long."
            )));
        }
        options.retain(|known| known.opt_name != name || known.ip_version != ip_version);
        if let Some(value) = &option.opt_value {
            if value.0.is_empty() || value.0.len() > 255 {
                return Err(NetworkError::invalid(format!(
                    "Invalid input for extra_dhcp_opts. Reason: opt_value of {name} is empty or too long."
                )));
            }
            options.push(DhcpOption { opt_name: name.to_owned(), opt_value: value.0.clone(), ip_version });
        }
    }
    Ok(options)
}

/// Ids of security groups, each once.
pub(crate) fn groups(wanted: &[String]) -> Result<Vec<SecurityGroupId>, NetworkError> {
    let mut groups: Vec<SecurityGroupId> = Vec::with_capacity(wanted.len());
    for text in wanted {
        let id = text.parse().map_err(|_| NetworkError::not_found(Kind::SecurityGroup, text))?;
        if !groups.contains(&id) {
            groups.push(id);
        }
    }
    Ok(groups)
}

/// A kind of interface.
pub(crate) fn vnic_type(text: String) -> Result<String, NetworkError> {
    if VNIC_TYPES.contains(&text.as_str()) {
        return Ok(text);
    }
    Err(NetworkError::invalid(format!(
        "Invalid input for binding:vnic_type. Reason: '{text}' is not in {VNIC_TYPES:?}."
    )))
}

/// A name in DNS: labels of letters, digits and hyphens.
pub(crate) fn dns_name(text: String) -> Result<String, NetworkError> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = text.strip_suffix('.').unwrap_or(&text);
    if name.is_empty() || (name.len() <= 253 && name.split('.').all(label)) {
        return Ok(name.to_ascii_lowercase());
    }
    Err(NetworkError::invalid(format!("Invalid input for dns_name. Reason: '{text}' is not a valid host name.")))
}

/// Security groups and address pairs need port security; security groups need addresses only in name.
pub(crate) fn security_fits(
    enabled: bool,
    groups: &[SecurityGroupId],
    pairs: &[AddressPair],
) -> Result<(), NetworkError> {
    if !enabled && !pairs.is_empty() {
        let message = "Port Security must be enabled in order to have allowed address pairs on a port.";
        return Err(NetworkError::conflict("AddressPairAndPortSecurityRequired", message));
    }
    if !enabled && !groups.is_empty() {
        let message = "Port security must be enabled and port must have an IP address in order to use security groups.";
        return Err(NetworkError::bad("PortSecurityAndIPRequiredForSecurityGroups", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Integer, Text};

    #[test]
    fn options_are_replaced_by_name_and_version_and_taken_away_by_null() {
        let want = |name: &str, value: Option<&str>, version: Option<i64>| WantedOption {
            opt_name: name.into(),
            opt_value: value.map(|value| Text(value.into())),
            ip_version: version.map(Integer),
        };
        let first = options(&[], &[want("mtu", Some("1400"), None), want("mtu", Some("1300"), Some(6))]).unwrap();
        assert_eq!(first.len(), 2);
        let second =
            options(&first, &[want("mtu", None, Some(4)), want("tftp-server", Some("10.0.0.1"), None)]).unwrap();
        let names: Vec<_> = second.iter().map(|option| (option.opt_name.as_str(), option.ip_version)).collect();
        assert_eq!(names, [("mtu", 6), ("tftp-server", 4)]);
        assert!(options(&[], &[want("mtu", Some("1"), Some(5))]).is_err());
        assert!(options(&[], &[want("", Some("1"), None)]).is_err());
    }

    #[test]
    fn names_are_lowered_and_checked() {
        assert_eq!(dns_name("Web-1.".into()).unwrap(), "web-1");
        for wrong in ["-a", "a_b", "a..b", &"x".repeat(64)] {
            assert!(dns_name(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pairs_take_the_ports_mac_and_stand_once() {
        let pair =
            |ip: &str, mac: Option<&str>| WantedPair { ip_address: ip.into(), mac_address: mac.map(str::to_owned) };
        let own = "fa:16:3e:00:00:01";
        assert_eq!(pairs(&[pair("10.0.0.0/8", None)], own).unwrap()[0].mac_address, own);
        assert!(pairs(&[pair("10.0.0.1", None), pair("10.0.0.1", Some(own))], own).is_err());
        assert!(pairs(&[pair("10.0.0.300", None)], own).is_err());
        assert!(security_fits(false, &[], &pairs(&[pair("10.0.0.1", None)], own).unwrap()).is_err());
    }
}
