//! What the service offers beyond the core of the API: only what really works.

use ferrostack_http::{Cx, Fault, Id, Reply, Routes};
use serde_json::{Value, json};

use crate::{Network, error::NetworkError};

/// Alias, name, description, and when the extension was changed last upstream.
const EXTENSIONS: [(&str, &str, &str, &str); 27] = [
    ("router", "Neutron L3 Router", "Routers between subnets, and floating IPs.", "2012-07-20T10:00:00-00:00"),
    (
        "ext-gw-mode",
        "Neutron L3 Configurable external gateway mode",
        "Routers with or without translation of addresses.",
        "2013-03-28T10:00:00-00:00",
    ),
    ("extraroute", "Neutron Extra Route", "Further routes of routers.", "2013-02-01T10:00:00-00:00"),
    (
        "extraroute-atomic",
        "Atomically add/remove extra routes",
        "Adds and removes single routes of routers.",
        "2019-07-10T00:00:00+00:00",
    ),
    ("external-net", "Neutron external network", "Networks outside of the cloud.", "2013-01-14T10:00:00-00:00"),
    (
        "security-group",
        "security-group",
        "Groups of rules that say what ports may send and receive.",
        "2012-10-05T10:00:00-00:00",
    ),
    (
        "security-groups-normalized-cidr",
        "Security group normalized_cidr",
        "Shows the prefix of a rule without host bits.",
        "2020-06-08T00:00:00+00:00",
    ),
    (
        "stateful-security-group",
        "Stateful security group",
        "Groups whose rules say something of answers or do not.",
        "2019-11-26T09:00:00-00:00",
    ),
    (
        "port-security",
        "Port Security",
        "Ports that may send from their own addresses only.",
        "2012-07-23T10:00:00-00:00",
    ),
    (
        "allowed-address-pairs",
        "Allowed Address Pairs",
        "Further addresses from which a port may send.",
        "2013-07-23T10:00:00-00:00",
    ),
    ("extra_dhcp_opt", "Neutron Extra DHCP options", "DHCP options of single ports.", "2013-03-17T12:00:00-00:00"),
    ("binding", "Port Binding", "Where a port is and how it is connected.", "2014-02-03T10:00:00-00:00"),
    ("provider", "Provider Network", "How a network is carried.", "2012-09-07T10:00:00-00:00"),
    ("net-mtu", "Network MTU", "The largest packet of a network.", "2015-03-25T10:00:00-00:00"),
    (
        "net-mtu-writable",
        "Network MTU (writable)",
        "Lets users choose the largest packet of a network.",
        "2017-07-12T00:00:00-00:00",
    ),
    ("project-id", "project_id field enabled", "project_id beside tenant_id.", "2016-09-09T09:09:09-09:09"),
    ("pagination", "Pagination support", "Lists in pages.", "2016-06-12T00:00:00-00:00"),
    ("sorting", "Sorting support", "Lists in the order that is asked for.", "2016-06-12T00:00:00-00:00"),
    (
        "filter-validation",
        "Filter parameters validation",
        "Refuses filters that do not exist.",
        "2018-03-21T10:00:00-00:00",
    ),
    (
        "empty-string-filtering",
        "Empty String Filtering Extension",
        "Filters for empty values.",
        "2018-04-09T10:00:00-00:00",
    ),
    (
        "ip-substring-filtering",
        "IP address substring filtering",
        "Finds ports by a part of an address.",
        "2017-11-28T09:00:00-00:00",
    ),
    ("quotas", "Quota management support", "Limits of projects.", "2012-07-29T10:00:00-00:00"),
    (
        "quota_details",
        "Quota details management support",
        "Limits of projects and what is used of them.",
        "2017-02-10T10:00:00-00:00",
    ),
    (
        "quota-check-limit",
        "Quota engine limit check",
        "Refuses limits below what is used.",
        "2021-04-24T00:00:00+00:00",
    ),
    (
        "standard-attr-description",
        "standard-attr-description",
        "Descriptions of all resources.",
        "2016-02-10T10:00:00-00:00",
    ),
    (
        "standard-attr-timestamp",
        "Resource timestamps",
        "When resources were made and changed.",
        "2016-09-12T10:00:00-00:00",
    ),
    (
        "standard-attr-revisions",
        "Resource revision numbers",
        "Counts the changes of resources.",
        "2016-04-11T10:00:00-00:00",
    ),
];

const TAGS: (&str, &str, &str, &str) = (
    "standard-attr-tag",
    "Tag support for resources with standard attribute",
    "Tags of resources.",
    "2017-01-01T00:00:00-00:00",
);

pub(super) fn routes() -> Routes<Network> {
    Routes::new()
        .get("/extensions", list)
        .policy("get_extension")
        .get("/extensions/{alias}", show)
        .policy("get_extension")
}

fn all() -> impl Iterator<Item = (&'static str, Value)> {
    EXTENSIONS.into_iter().chain([TAGS]).map(|(alias, name, description, updated)| {
        (alias, json!({"name": name, "alias": alias, "description": description, "updated": updated, "links": []}))
    })
}

async fn list(_: Cx) -> Reply {
    Reply::ok(&json!({"extensions": all().map(|(_, extension)| extension).collect::<Vec<_>>()}))
}

async fn show(_: Cx, Id(alias): Id<String>) -> Result<Reply, Fault> {
    match all().find(|(known, _)| *known == alias) {
        Some((_, extension)) => Ok(Reply::ok(&json!({"extension": extension}))),
        None => Err(NetworkError::Missing {
            code: "HTTPNotFound",
            message: format!("Extension with alias {alias} does not exist."),
        }
        .into()),
    }
}
