//! What comes from the external bridge may go out under the host's own address: forwarding and masquerading (IPv4).
//! Optional: hosts without a packet filter work without it, their servers just don't reach the world.

use std::path::Path;

use ferrostack_base::Clock;
use ipnet::IpNet;

use crate::{DaemonError, command, program};

/// What became of masquerading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Masquerade {
    /// It was not asked for, or the bridge has no IPv4 address.
    Off,
    /// It works, by this program.
    On(&'static str),
    /// It cannot be done here, and why.
    Impossible(String),
}

const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";

/// Lets `ranges` go out. Doing it again changes nothing.
pub(crate) async fn ensure(clock: &Clock, bridge: &str, ranges: &[IpNet]) -> Masquerade {
    let ranges: Vec<_> = ranges.iter().filter(|range| range.addr().is_ipv4()).map(IpNet::trunc).collect();
    if ranges.is_empty() {
        return Masquerade::Off;
    }
    if let Err(error) = forward(Path::new(IP_FORWARD)) {
        return Masquerade::Impossible(format!("{IP_FORWARD} cannot be set: {error}"));
    }
    let mut reasons = Vec::new();
    if program::find("iptables").is_some() {
        match by_iptables(clock, bridge, &ranges).await {
            Ok(()) => return Masquerade::On("iptables"),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    if program::find("nft").is_some() {
        match command::run_with_input(clock, "nft", &["-f", "-"], &nft_rules(bridge, &ranges)).await {
            Ok(_) => return Masquerade::On("nft"),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    if reasons.is_empty() {
        reasons.push("neither iptables nor nft is installed".to_owned());
    }
    Masquerade::Impossible(reasons.join("; "))
}

/// Takes back what [`ensure`] has done, except forwarding, which others may have come to need.
pub(crate) async fn remove(clock: &Clock, bridge: &str, ranges: &[IpNet]) {
    let ranges: Vec<_> = ranges.iter().filter(|range| range.addr().is_ipv4()).map(IpNet::trunc).collect();
    if program::find("iptables").is_some() {
        for rule in rules(bridge, &ranges) {
            // A rule that is not there is what we want.
            let _ = iptables(clock, "-D", &rule).await;
        }
    }
    if program::find("nft").is_some() {
        let _ = command::run(clock, "nft", &["delete", "table", "ip", &nft_table(bridge)]).await;
    }
}

fn forward(file: &Path) -> std::io::Result<()> {
    if std::fs::read_to_string(file)?.trim() == "1" {
        return Ok(());
    }
    std::fs::write(file, "1\n")
}

async fn by_iptables(clock: &Clock, bridge: &str, ranges: &[IpNet]) -> Result<(), DaemonError> {
    let forwards = command::run(clock, "iptables", &["-w", "5", "-S", "FORWARD"]).await?;
    let closed = forwards.lines().next().is_some_and(|policy| policy != "-P FORWARD ACCEPT");
    for rule in rules(bridge, ranges) {
        // A host that lets everything through needs no exceptions.
        if rule[1] == "FORWARD" && !closed {
            continue;
        }
        if iptables(clock, "-C", &rule).await.is_err() {
            iptables(clock, "-I", &rule).await?;
        }
    }
    Ok(())
}

/// Table, chain and the rest of each rule.
fn rules(bridge: &str, ranges: &[IpNet]) -> Vec<Vec<String>> {
    let words = |text: String| text.split(' ').map(str::to_owned).collect();
    let mut rules: Vec<Vec<String>> =
        ranges.iter().map(|range| words(format!("nat POSTROUTING -s {range} ! -o {bridge} -j MASQUERADE"))).collect();
    rules.push(words(format!("filter FORWARD -i {bridge} -j ACCEPT")));
    rules.push(words(format!("filter FORWARD -o {bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")));
    rules
}

async fn iptables(clock: &Clock, verb: &str, rule: &[String]) -> Result<String, DaemonError> {
    let mut args = vec!["-w", "5", "-t", rule[0].as_str(), verb];
    args.extend(rule[1..].iter().map(String::as_str));
    command::run(clock, "iptables", &args).await
}

fn nft_table(bridge: &str) -> String {
    let name: String = bridge.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("ferrostack_{name}")
}

/// One transaction: the table is made anew, whatever it had.
fn nft_rules(bridge: &str, ranges: &[IpNet]) -> String {
    let table = nft_table(bridge);
    let rules: String =
        ranges.iter().map(|range| format!("    ip saddr {range} oifname != \"{bridge}\" masquerade\n")).collect();
    format!(
        "add table ip {table}\ndelete table ip {table}\ntable ip {table} {{\n  chain postrouting {{\n    \
         type nat hook postrouting priority 100;\n{rules}  }}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_the_range_and_not_the_hosts_address() {
        let range = "172.24.4.1/24".parse::<IpNet>().unwrap().trunc();
        assert_eq!(rules("br-ex", &[range])[0].join(" "), "nat POSTROUTING -s 172.24.4.0/24 ! -o br-ex -j MASQUERADE");
        let nft = nft_rules("br-ex", &[range]);
        assert!(nft.starts_with("add table ip ferrostack_br_ex\ndelete table ip ferrostack_br_ex\n"), "{nft}");
        assert!(nft.contains("ip saddr 172.24.4.0/24 oifname != \"br-ex\" masquerade\n"), "{nft}");
    }
}
