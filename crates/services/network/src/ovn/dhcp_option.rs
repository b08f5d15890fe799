//! DHCP options as users name them (dnsmasq's names or numbers) and as OVN names them (ovn-nb(5), DHCP_Options).

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;

/// What a value is. OVN puts values as they are into what it tells its switches to do, so nothing else may stand there: a
/// wrong one would cost the port all answers, and a clever one would be obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A number up to that.
    Number(u32),
    /// Yes or no.
    Truth,
    /// Addresses of the option's IP version, separated by commas.
    Addresses,
    /// Prefixes and next hops in turn, separated by commas.
    Routes,
    /// Whatever is written.
    Text,
}

const BYTE: Form = Form::Number(u8::MAX as u32);
const SECONDS: Form = Form::Number(u32::MAX);

/// Names of users, form, name in OVN.
type Entry = (&'static [&'static str], Form, &'static str);

const V4: &[Entry] = &[
    (&["router", "3"], Form::Addresses, "router"),
    (&["dns-server", "6"], Form::Addresses, "dns_server"),
    (&["log-server", "7"], Form::Addresses, "log_server"),
    (&["lpr-server", "9"], Form::Addresses, "lpr_server"),
    (&["hostname", "12"], Form::Text, "hostname"),
    (&["domain-name", "15"], Form::Text, "domain_name"),
    (&["swap-server", "16"], Form::Addresses, "swap_server"),
    (&["ip-forward-enable", "19"], Form::Truth, "ip_forward_enable"),
    (&["policy-filter", "21"], Form::Addresses, "policy_filter"),
    (&["default-ttl", "23"], BYTE, "default_ttl"),
    (&["mtu", "26"], Form::Number(u16::MAX as u32), "mtu"),
    (&["router-discovery", "31"], Form::Truth, "router_discovery"),
    (&["router-solicitation", "32"], Form::Addresses, "router_solicitation"),
    (&["arp-timeout", "35"], SECONDS, "arp_cache_timeout"),
    (&["ethernet-encap", "36"], Form::Truth, "ethernet_encap"),
    (&["tcp-ttl", "37"], BYTE, "tcp_ttl"),
    (&["tcp-keepalive", "38"], SECONDS, "tcp_keepalive_interval"),
    (&["nis-server", "41"], Form::Addresses, "nis_server"),
    (&["ntp-server", "42"], Form::Addresses, "ntp_server"),
    (&["lease-time", "51"], SECONDS, "lease_time"),
    (&["T1", "58"], SECONDS, "T1"),
    (&["T2", "59"], SECONDS, "T2"),
    (&["tftp-server", "tftp-server-name", "66"], Form::Text, "tftp_server"),
    (&["bootfile-name", "bootfile", "67"], Form::Text, "bootfile_name"),
    (&["domain-search", "119"], Form::Text, "domain_search_list"),
    (&["classless-static-route", "121"], Form::Routes, "classless_static_route"),
    (&["tftp-server-address", "server-ip-address", "150"], Form::Addresses, "tftp_server_address"),
    (&["path-prefix", "210"], Form::Text, "path_prefix"),
    (&["ms-classless-static-route", "249"], Form::Routes, "ms_classless_static_route"),
    (&["wpad", "252"], Form::Text, "wpad"),
];

/// (`bootfile_name` came with OVN 23.06; an older one would answer the port nothing at all.)
const V6: &[Entry] =
    &[(&["dns-server", "23"], Form::Addresses, "dns_server"), (&["domain-search", "24"], Form::Text, "domain_search")];

/// OVN's name and value of an option; none for what OVN cannot tell to guests.
pub(super) fn in_ovn(name: &str, value: &str, ip_version: u8) -> Option<(String, String)> {
    let name = name.strip_prefix("option:").or_else(|| name.strip_prefix("option6:")).unwrap_or(name);
    let table = if ip_version == 6 { V6 } else { V4 };
    // OVN's own names do, too.
    let (_, form, ours) = table.iter().find(|(names, _, ours)| names.contains(&name) || *ours == name)?;
    let parts = || value.trim_matches(['{', '}']).split(',').map(str::trim);
    let value = match form {
        Form::Number(most) => value.trim().parse::<u32>().ok().filter(|number| number <= most)?.to_string(),
        Form::Truth => match value.trim().to_ascii_lowercase().as_str() {
            "0" | "false" => "0".to_owned(),
            "1" | "true" => "1".to_owned(),
            _ => return None,
        },
        Form::Addresses => {
            let all: Option<Vec<IpAddr>> = parts().map(|part| part.parse().ok()).collect();
            let all = all?.into_iter().map(|ip| (ip.is_ipv6() == (ip_version == 6)).then(|| ip.to_string()));
            list(all.collect::<Option<Vec<String>>>()?)
        }
        Form::Routes => list(routes(parts())?),
        Form::Text => quoted(value.trim_matches('"')),
    };
    Some(((*ours).to_owned(), value))
}

fn list(values: Vec<String>) -> String {
    match values.as_slice() {
        [one] => one.clone(),
        all => format!("{{{}}}", all.join(", ")),
    }
}

/// Prefixes without the bits that do not count, and next hops.
fn routes<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
    let mut routes = Vec::new();
    while let Some(to) = parts.next() {
        let to: Ipv4Net = to.parse().or_else(|_| to.parse::<Ipv4Addr>().map(Ipv4Net::from)).ok()?;
        routes.push(to.trunc().to_string());
        routes.push(parts.next()?.parse::<Ipv4Addr>().ok()?.to_string());
    }
    (!routes.is_empty()).then_some(routes)
}

/// A text as OVN wants it, without what would end it early.
pub(super) fn quoted(text: &str) -> String {
    let ends = |c: char| matches!(c, '"' | '\\') || c.is_control();
    format!("\"{}\"", text.replace(ends, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_named_and_written_as_ovn_wants_them() {
        for (name, value, version, expected) in [
            ("mtu", "1400", 4, Some(("mtu", "1400"))),
            ("26", "1400", 4, Some(("mtu", "1400"))),
            ("option:dns-server", "1.1.1.1,8.8.8.8", 4, Some(("dns_server", "{1.1.1.1, 8.8.8.8}"))),
            ("bootfile-name", "pxelinux.0", 4, Some(("bootfile_name", "\"pxelinux.0\""))),
            ("server-ip-address", "10.0.0.9", 4, Some(("tftp_server_address", "10.0.0.9"))),
            ("option6:dns-server", "fd00::1", 6, Some(("dns_server", "fd00::1"))),
            ("mtu", "1400", 6, None),
            ("vendor-class", "x", 4, None),
            ("wpad", "a\"b\n", 4, Some(("wpad", "\"ab\""))),
            ("19", "True", 4, Some(("ip_forward_enable", "1"))),
            (
                "121",
                "10.1.2.3/8,10.0.0.9,0.0.0.0/0,10.0.0.1",
                4,
                Some(("classless_static_route", "{10.0.0.0/8, 10.0.0.9, 0.0.0.0/0, 10.0.0.1}")),
            ),
            ("121", "10.0.0.0/8", 4, None),
            ("default-ttl", "256", 4, None),
            ("mtu", "1400); next; output", 4, None),
            ("dns-server", "1.1.1.1, x = y", 4, None),
            ("dns-server", "fd00::1", 4, None),
            ("netmask", "255.0.0.0", 4, None),
        ] {
            let found = in_ovn(name, value, version);
            assert_eq!(found.as_ref().map(|(a, b)| (a.as_str(), b.as_str())), expected, "{name}");
        }
    }
}
