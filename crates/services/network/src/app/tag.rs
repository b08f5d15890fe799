//! Tags of resources (extensions `standard-attr-tag` and `tag-creation`).

use ferrostack_auth::Ctx;

use crate::{
    Network,
    app::retry,
    error::NetworkError,
    ids::Kind,
    store::{self, Standard},
};

/// How many tags a resource may have.
const MAX_TAGS: usize = 50;

/// What becomes of a resource's tags.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// These and no others.
    Replace(Vec<String>),
    /// These too.
    Add(Vec<String>),
    /// Not this one any more.
    Remove(String),
    /// None.
    Clear,
}

/// The resource's standard attributes, for reading or changing its tags.
pub(crate) async fn find(cx: &Ctx, net: &Network, kind: Kind, id: &str, write: bool) -> Result<Standard, NetworkError> {
    let action = |read: &'static str, change: &'static str| if write { change } else { read };
    Ok(match kind {
        Kind::Network => net.find_network(cx, id, action("get_network", "update_network")).await?.standard,
        Kind::Subnet => net.find_subnet(cx, id, action("get_subnet", "update_subnet")).await?.0.standard,
        Kind::Port => net.find_port(cx, id, action("get_port", "update_port")).await?.standard,
        Kind::Router => net.find_router(cx, id, action("get_router", "update_router")).await?.standard,
        Kind::FloatingIp => net.find_floating_ip(cx, id, action("get_floatingip", "update_floatingip")).await?.standard,
        Kind::SecurityGroup => {
            net.find_security_group(cx, id, action("get_security_group", "update_security_group")).await?.standard
        }
        Kind::SecurityGroupRule => return Err(NetworkError::not_found(kind, id)),
    })
}

/// Changes a resource's tags and gives them.
pub(crate) async fn change(
    cx: &Ctx,
    net: &Network,
    kind: Kind,
    id: &str,
    change: &Change,
) -> Result<Vec<String>, NetworkError> {
    retry!(change_once(cx, net, kind, id, change))
}

async fn change_once(
    cx: &Ctx,
    net: &Network,
    kind: Kind,
    id: &str,
    change: &Change,
) -> Result<Vec<String>, NetworkError> {
    let before = find(cx, net, kind, id, true).await?;
    let mut tags = before.tags.clone();
    match change {
        Change::Replace(new) => tags.clone_from(new),
        Change::Add(more) => tags.extend(more.iter().cloned()),
        Change::Remove(tag) if !tags.contains(tag) => return Err(not_found(tag)),
        Change::Remove(tag) => tags.retain(|known| known != tag),
        Change::Clear => tags.clear(),
    }
    tags.sort();
    tags.dedup();
    if let Some(tag) = tags.iter().find(|tag| tag.is_empty() || tag.chars().count() > 255) {
        return Err(NetworkError::invalid(format!(
            "Invalid input for tags. Reason: {tag:?} is empty or longer than 255 characters."
        )));
    }
    if tags.len() > MAX_TAGS {
        return Err(NetworkError::invalid(format!(
            "Invalid input for tags. Reason: a resource has at most {MAX_TAGS} tags."
        )));
    }
    let (written, now) = (&tags, net.clock().now());
    net.db()
        .tx(|tx| async move {
            if store::tag::replace(&tx, kind, id, before.revision, written, now).await? {
                return Ok(());
            }
            Err(NetworkError::Raced { kind, id: id.to_owned() })
        })
        .await?;
    Ok(tags)
}

/// No such tag.
pub(crate) fn not_found(tag: &str) -> NetworkError {
    NetworkError::Missing { code: "TagNotFound", message: format!("Tag {tag} could not be found.") }
}
