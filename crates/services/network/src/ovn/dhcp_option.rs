//! DHCP options as users name them (dnsmasq's names or numbers) and as OVN names them (ovn-nb(5), DHCP_Options).

/// How OVN wants a value written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it is.
    Plain,
    /// In quotes.
    Quoted,
    /// Several, in braces.
    List,
}

/// Names of users, number, name in OVN.
type Entry = (&'static [&'static str], Form, &'static str);

const V4: &[Entry] = &[
    (&["netmask", "1"], Form::Plain, "netmask"),
    (&["router", "3"], Form::List, "router"),
    (&["dns-server", "6"], Form::List, "dns_server"),
    (&["log-server", "7"], Form::List, "log_server"),
    (&["lpr-server", "9"], Form::List, "lpr_server"),
    (&["hostname", "12"], Form::Quoted, "hostname"),
    (&["domain-name", "15"], Form::Quoted, "domain_name"),
    (&["swap-server", "16"], Form::Plain, "swap_server"),
    (&["ip-forward-enable", "19"], Form::Plain, "ip_forward_enable"),
    (&["policy-filter", "21"], Form::List, "policy_filter"),
    (&["default-ttl", "23"], Form::Plain, "default_ttl"),
    (&["mtu", "26"], Form::Plain, "mtu"),
    (&["router-discovery", "31"], Form::Plain, "router_discovery"),
    (&["router-solicitation", "32"], Form::Plain, "router_solicitation"),
    (&["arp-timeout", "35"], Form::Plain, "arp_cache_timeout"),
    (&["ethernet-encap", "36"], Form::Plain, "ethernet_encap"),
    (&["tcp-ttl", "37"], Form::Plain, "tcp_ttl"),
    (&["tcp-keepalive", "38"], Form::Plain, "tcp_keepalive_interval"),
    (&["nis-server", "41"], Form::List, "nis_server"),
    (&["ntp-server", "42"], Form::List, "ntp_server"),
    (&["lease-time", "51"], Form::Plain, "lease_time"),
    (&["T1", "58"], Form::Plain, "T1"),
    (&["T2", "59"], Form::Plain, "T2"),
    (&["tftp-server", "tftp-server-name", "66"], Form::Quoted, "tftp_server"),
    (&["bootfile-name", "bootfile", "67"], Form::Quoted, "bootfile_name"),
    (&["domain-search", "119"], Form::Quoted, "domain_search_list"),
    (&["classless-static-route", "121"], Form::List, "classless_static_route"),
    (&["tftp-server-address", "server-ip-address", "150"], Form::Plain, "tftp_server_address"),
    (&["path-prefix", "210"], Form::Quoted, "path_prefix"),
    (&["ms-classless-static-route", "249"], Form::List, "ms_classless_static_route"),
    (&["wpad", "252"], Form::Quoted, "wpad"),
];

const V6: &[Entry] = &[
    (&["dns-server", "23"], Form::List, "dns_server"),
    (&["domain-search", "24"], Form::Quoted, "domain_search"),
    (&["bootfile-url", "bootfile-name", "59"], Form::Quoted, "bootfile_name"),
];

/// OVN's name and value of an option; none for what OVN cannot tell to guests.
pub(super) fn in_ovn(name: &str, value: &str, ip_version: u8) -> Option<(String, String)> {
    let name = name.strip_prefix("option:").or_else(|| name.strip_prefix("option6:")).unwrap_or(name);
    let table = if ip_version == 6 { V6 } else { V4 };
    // OVN's own names do, too.
    let (_, form, ours) = table.iter().find(|(names, _, ours)| names.contains(&name) || *ours == name)?;
    let value = match form {
        Form::Plain => value.to_owned(),
        Form::Quoted => quoted(value.trim_matches('"')),
        Form::List if value.contains(',') && !value.starts_with('{') => format!("{{{value}}}"),
        Form::List => value.to_owned(),
    };
    Some(((*ours).to_owned(), value))
}

/// A text as OVN wants it. A quote or backslash inside would end it early.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace(['"', '\\'], ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_named_and_written_as_ovn_wants_them() {
        for (name, value, version, expected) in [
            ("mtu", "1400", 4, Some(("mtu", "1400"))),
            ("26", "1400", 4, Some(("mtu", "1400"))),
            ("option:dns-server", "1.1.1.1,8.8.8.8", 4, Some(("dns_server", "{1.1.1.1,8.8.8.8}"))),
            ("bootfile-name", "pxelinux.0", 4, Some(("bootfile_name", "\"pxelinux.0\""))),
            ("server-ip-address", "10.0.0.9", 4, Some(("tftp_server_address", "10.0.0.9"))),
            ("option6:dns-server", "fd00::1", 6, Some(("dns_server", "fd00::1"))),
            ("mtu", "1400", 6, None),
            ("vendor-class", "x", 4, None),
            ("wpad", "a\"b", 4, Some(("wpad", "\"ab\""))),
        ] {
            let found = in_ovn(name, value, version);
            assert_eq!(found.as_ref().map(|(a, b)| (a.as_str(), b.as_str())), expected, "{name}");
        }
    }
}
