//! Rules that concern two settings.

use crate::{Place, Problem, ProblemKind, Settings};

/// Two settings that do not go together.
pub(crate) struct Conflict {
    /// First the one that the rule is worded for.
    pub(crate) keys: [&'static str; 2],
    rule: &'static str,
    other: String,
}

impl Conflict {
    pub(crate) fn into_problem(self, key: &str, value: String, place: Option<Place>) -> Problem {
        let kind = ProblemKind::Conflict { rule: self.rule, other: self.other };
        Problem { place, key: key.to_owned(), value, kind, nearest: None }
    }
}

/// Everything that does not go together.
pub(crate) fn conflicts(settings: &Settings) -> Vec<Conflict> {
    let Settings { controller, agent, compute, network, image, .. } = settings;
    let rules = [
        (
            controller.lease_lapse_s <= 2 * controller.lease_renew_s,
            ["controller.lease_lapse_s", "controller.lease_renew_s"],
            "config.reason.lapse_over_renew",
            controller.lease_renew_s,
        ),
        (
            agent.down_after_s <= 2 * agent.report_s,
            ["agent.down_after_s", "agent.report_s"],
            "config.reason.down_over_report",
            agent.report_s,
        ),
        (
            compute.build_timeout_s < compute.vif_plugging_timeout_s,
            ["compute.build_timeout_s", "compute.vif_plugging_timeout_s"],
            "config.reason.build_over_vif",
            compute.vif_plugging_timeout_s,
        ),
        (
            // IPv6 needs 1280 bytes (RFC 8200); a physical network with just that carries no Geneve with IPv6 inside.
            network.physical_mtu < network.geneve_overhead + 1280,
            ["network.physical_mtu", "network.geneve_overhead"],
            "config.reason.geneve_mtu",
            u64::from(network.geneve_overhead),
        ),
        (
            image.list_default > image.list_limit,
            ["image.list_default", "image.list_limit"],
            "config.reason.list_default_over_limit",
            u64::from(image.list_limit),
        ),
    ];
    let broken = rules.into_iter().filter(|(broken, ..)| *broken);
    broken.map(|(_, keys, rule, other)| Conflict { keys, rule, other: other.to_string() }).collect()
}
