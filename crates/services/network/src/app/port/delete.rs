//! Deleting ports.

use ferrostack_auth::Ctx;
use ferrostack_db::Tx;

use crate::{
    Network,
    error::NetworkError,
    ids::{Kind, PortId},
    store::{
        self,
        port::{FLOATING_IP, METADATA, PortRow, ROUTER_GATEWAY, ROUTER_INTERFACE},
        sync::Changed,
    },
};

/// Deletes a port, unless it belongs to a router, a floating IP or a network's metadata.
pub(crate) async fn delete(cx: &Ctx, net: &Network, id: &str) -> Result<(), NetworkError> {
    let row = net.find_port(cx, id, "delete_port").await?;
    let of_service = [ROUTER_INTERFACE, ROUTER_GATEWAY, FLOATING_IP, METADATA].contains(&row.device_owner.as_str());
    if of_service && !row.device_id.is_empty() {
        let message = format!(
            "Port {} cannot be deleted directly via the port API: has device owner {}.",
            row.id, row.device_owner
        );
        return Err(NetworkError::conflict("ServicePortInUse", message));
    }
    if !remove(net, &row).await? {
        return Err(NetworkError::not_found(Kind::Port, id));
    }
    Ok(())
}

/// Deletes a port in a transaction of its own; `false` when it is gone already.
pub(crate) async fn remove(net: &Network, row: &PortRow) -> Result<bool, NetworkError> {
    net.db()
        .tx(|tx| async move {
            let Some(changed) = remove_in(net, &tx, row.id, row.standard.revision).await? else { return Ok(false) };
            net.enqueue(&tx, &changed).await?;
            Ok(true)
        })
        .await
}

/// Deletes a port with all that hangs on it, and gives what changed; `None` when it is gone already.
pub(crate) async fn remove_in(
    net: &Network,
    tx: &Tx,
    id: PortId,
    revision: i64,
) -> Result<Option<Vec<Changed>>, NetworkError> {
    let text = id.to_string();
    let mut changed = vec![(Kind::Port, id.0, revision + 1)];
    // First the row: whoever wants to lead a floating IP here locks it, too.
    if !store::port::delete(tx, id).await? {
        return Ok(None);
    }
    let floating = store::floating_ip::list_of_ports(tx, &[id]).await?;
    if !floating.is_empty() {
        store::floating_ip::release_port(tx, id, net.clock().now()).await?;
        changed.extend(floating.iter().map(|row| (Kind::FloatingIp, row.id.0, row.standard.revision + 1)));
    }
    store::tag::delete(tx, &text).await?;
    ferrostack_quota::give_back(tx, &text).await?;
    Ok(Some(changed))
}
