//! Is a bridge ours? A pure decision over what Open vSwitch's database says.

use std::collections::BTreeMap;

/// The key of our mark in `external_ids`.
pub(crate) const MARK: &str = "ferrostack-mark";

/// A bridge that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bridge {
    /// Its name.
    pub(crate) name: String,
    /// `system`, `netdev`, or empty for `system`.
    pub(crate) datapath_type: String,
    /// `secure` or `standalone`.
    pub(crate) fail_mode: Option<String>,
    /// Whose it is.
    pub(crate) external_ids: BTreeMap<String, String>,
    /// Further settings.
    pub(crate) other_config: BTreeMap<String, String>,
    /// Its ports, without the one of its own name.
    pub(crate) ports: Vec<String>,
}

/// What we are, to compare with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ours<'a> {
    /// Our mark.
    pub(crate) mark: &'a str,
    /// The Southbound database that the node shall follow.
    pub(crate) ovn_remote: &'a str,
    /// The chassis' name, when one is wanted.
    pub(crate) system_id: Option<&'a str>,
}

/// What a bridge is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has our mark.
    Ours,
    /// Nobody's: packages and init scripts leave empty ones behind.
    Free,
    /// Somebody else's, and why.
    Foreign(String),
}

/// Judges the integration bridge by itself and by what the node's `external_ids` say; `bridge` is `None` when there is
/// none, and then it still matters whether the node serves another OVN.
pub(crate) fn judge_integration(bridge: Option<&Bridge>, node: &BTreeMap<String, String>, ours: Ours<'_>) -> Verdict {
    let mark = bridge.and_then(|bridge| bridge.external_ids.get(MARK)).or_else(|| node.get(MARK));
    match mark {
        Some(mark) if mark == ours.mark => return Verdict::Ours,
        Some(mark) => return Verdict::Foreign(format!("it belongs to another Ferrostack cloud on this host ({mark})")),
        None => {}
    }
    if let Some(remote) = node.get("ovn-remote").filter(|remote| !same_socket(remote, ours.ovn_remote)) {
        return Verdict::Foreign(format!(
            "this host is a chassis of another OVN (ovn-remote is {remote}; if it is so no more: ovs-vsctl remove \
             Open_vSwitch . external_ids ovn-remote)"
        ));
    }
    let Some(bridge) = bridge else { return Verdict::Free };
    if !bridge.ports.is_empty() {
        return Verdict::Foreign(format!("it has ports that we did not make ({})", some(&bridge.ports)));
    }
    if let (Some(wanted), Some(found)) = (ours.system_id, node.get("system-id"))
        && wanted != found
    {
        return Verdict::Foreign(format!("the chassis is named {found}, not {wanted}"));
    }
    Verdict::Free
}

/// Judges a bridge to the outside.
pub(crate) fn judge_external(bridge: &Bridge, mark: &str) -> Verdict {
    match bridge.external_ids.get(MARK) {
        Some(found) if found == mark => Verdict::Ours,
        Some(found) => Verdict::Foreign(format!("it belongs to another Ferrostack cloud on this host ({found})")),
        None if bridge.ports.is_empty() => Verdict::Free,
        None => Verdict::Foreign(format!("it has ports that we did not make ({})", some(&bridge.ports))),
    }
}

fn some(names: &[String]) -> String {
    match names {
        [first, second, third, _, ..] => format!("{first}, {second}, {third} and {} more", names.len() - 3),
        _ => names.join(", "),
    }
}

/// `/var/run` is a link to `/run`; scripts write either.
fn same_socket(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace("unix:/var/run/", "unix:/run/");
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Ours<'_> = Ours { mark: "m1", ovn_remote: "unix:/run/ovn/ovnsb_db.sock", system_id: None };

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn bridge(ids: &[(&str, &str)], ports: &[&str]) -> Bridge {
        let ports = ports.iter().map(|port| (*port).to_owned()).collect();
        Bridge { name: "br-int".into(), external_ids: map(ids), ports, ..Bridge::default() }
    }

    fn reason(verdict: Verdict) -> String {
        match verdict {
            Verdict::Foreign(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_bridge_with_our_mark_is_ours_whatever_it_has() {
        let found = bridge(&[(MARK, "m1")], &["tap1"]);
        assert_eq!(judge_integration(Some(&found), &map(&[]), OURS), Verdict::Ours);
        assert_eq!(judge_integration(None, &map(&[(MARK, "m1")]), OURS), Verdict::Ours);
        assert_eq!(judge_external(&found, "m1"), Verdict::Ours);
    }

    #[test]
    fn an_empty_one_that_nobody_uses_is_free() {
        let found = bridge(&[], &[]);
        let remote = map(&[("ovn-remote", "unix:/var/run/ovn/ovnsb_db.sock"), ("system-id", "x")]);
        assert_eq!(judge_integration(Some(&found), &remote, OURS), Verdict::Free);
        assert_eq!(judge_integration(None, &map(&[]), OURS), Verdict::Free);
        assert_eq!(judge_external(&found, "m1"), Verdict::Free);
    }

    #[test]
    fn what_somebody_uses_is_foreign_and_the_reason_names_it() {
        let none = map(&[]);
        let ports = bridge(&[], &["eth1", "tap1", "tap2", "tap3", "tap4"]);
        let told = reason(judge_integration(Some(&ports), &none, OURS));
        assert!(told.contains("eth1, tap1, tap2 and 2 more"), "{told}");
        let other = bridge(&[(MARK, "m2")], &[]);
        assert!(reason(judge_integration(Some(&other), &none, OURS)).contains("m2"));
        let remote = map(&[("ovn-remote", "ssl:10.0.0.1:6642")]);
        for found in [None, Some(&bridge(&[], &[]))] {
            assert!(reason(judge_integration(found, &remote, OURS)).contains("ssl:10.0.0.1:6642"));
        }
        let named = Ours { system_id: Some("node-1"), ..OURS };
        let told = reason(judge_integration(Some(&bridge(&[], &[])), &map(&[("system-id", "node-9")]), named));
        assert!(told.contains("node-9") && told.contains("node-1"), "{told}");
        assert!(reason(judge_external(&ports, "m1")).contains("eth1"));
    }
}
