//! Routers: making, changing, deleting. The gateway is in `gateway`, interfaces in `router_interface`.

pub(crate) mod gateway;
pub(crate) mod routes;

use ferrostack_auth::Ctx;
use ferrostack_db::{DbError, Tx};

use crate::{
    Network,
    app::{access::owner, port::delete::remove_in, quota::Resource, retry},
    error::NetworkError,
    ids::{Kind, RouterId},
    policy::Asked,
    store::{
        self, Standard,
        port::{PortRow, ROUTER_INTERFACE},
        router::RouterRow,
    },
    wire::{
        Patch,
        router::{CreateRouter, WantedGateway},
    },
};
use gateway::Way;

/// Makes a router.
pub(crate) async fn create(cx: &Ctx, net: &Network, wanted: CreateRouter) -> Result<RouterRow, NetworkError> {
    let row = RouterRow {
        id: RouterId::new(),
        project_id: owner(cx, wanted.project_id.clone().value())?,
        name: wanted.name.clone().value().unwrap_or_default(),
        admin_state_up: wanted.admin_state_up.value().is_none_or(|flag| flag.0),
        gateway: None,
        enable_snat: true,
        routes: Vec::new(),
        standard: Standard::new(wanted.description.clone().value().unwrap_or_default(), net.clock().now()),
    };
    cx.allow("create_router", &Asked::of(&row.project_id))?;
    if wanted.routes.as_value().is_some_and(|routes| !routes.is_empty()) {
        return Err(NetworkError::invalid("Invalid input for routes. Reason: a new router reaches no next hop yet."));
    }
    allow_gateway(cx, &row.project_id, "create_router", &wanted.external_gateway_info)?;
    let way = gateway::check(cx, net, &row, &wanted.external_gateway_info).await?;
    let (row, way) = (&row, &way);
    net.db()
        .tx(|tx| async move {
            let mut row = row.clone();
            net.take_quota(&tx, &row.project_id, &row.id.to_string(), Resource::Routers).await?;
            let mut changed = vec![(Kind::Router, row.id.0, row.standard.revision)];
            changed.extend(gateway::set(net, &tx, &mut row, way).await?);
            store::router::insert(&tx, &row).await?;
            net.enqueue(&tx, &changed).await?;
            Ok(row)
        })
        .await
}

/// The actions of what a request says of the gateway.
fn allow_gateway(cx: &Ctx, project: &str, action: &str, wanted: &Patch<WantedGateway>) -> Result<(), NetworkError> {
    let asked = Asked::of(project);
    if wanted.is_absent() {
        return Ok(());
    }
    cx.allow(&format!("{action}:external_gateway_info"), &asked)?;
    let Some(info) = wanted.as_value() else { return Ok(()) };
    for (part, named) in [
        ("network_id", info.network_id.is_some()),
        ("enable_snat", info.enable_snat.is_some()),
        ("external_fixed_ips", info.external_fixed_ips.is_some()),
    ] {
        if named {
            cx.allow(&format!("{action}:external_gateway_info:{part}"), &asked)?;
        }
    }
    Ok(())
}

/// Changes a router.
pub(crate) async fn update(cx: &Ctx, net: &Network, id: &str, patch: &CreateRouter) -> Result<RouterRow, NetworkError> {
    retry!(update_once(cx, net, id, patch))
}

async fn update_once(cx: &Ctx, net: &Network, id: &str, patch: &CreateRouter) -> Result<RouterRow, NetworkError> {
    let mut row = net.find_router(cx, id, "update_router").await?;
    allow_gateway(cx, &row.project_id, "update_router", &patch.external_gateway_info)?;
    patch.name.clone().apply_to(&mut row.name);
    patch.description.clone().apply_to(&mut row.standard.description);
    if let Some(flag) = patch.admin_state_up.value() {
        row.admin_state_up = flag.0;
    }
    let way = gateway::check(cx, net, &row, &patch.external_gateway_info).await?;
    let new_routes = match &patch.routes {
        Patch::Absent => None,
        Patch::Null => Some(Vec::new()),
        Patch::Value(wanted) => Some(routes::parse(wanted)?),
    };
    write(net, row, &way, new_routes).await
}

/// Writes a changed router by compare-and-set, with its gateway and its routes.
async fn write(
    net: &Network,
    mut row: RouterRow,
    way: &Way,
    new_routes: Option<Vec<store::router::Route>>,
) -> Result<RouterRow, NetworkError> {
    row.standard.touch(net.clock().now());
    let (row, new_routes) = (&row, &new_routes);
    net.db()
        .tx(|tx| async move {
            let mut row = row.clone();
            // First the row itself, so that nobody changes interfaces or floating IPs beside us.
            if !store::router::update(&tx, &row).await? {
                return Err(NetworkError::Raced { kind: Kind::Router, id: row.id.to_string() });
            }
            let mut changed = gateway::set(net, &tx, &mut row, way).await?;
            if let Some(routes) = new_routes {
                routes::check(&tx, &row, routes).await?;
                row.routes.clone_from(routes);
            } else if *way != Way::Keep && !row.routes.is_empty() {
                routes::check(&tx, &row, &row.routes).await?;
            }
            if *way != Way::Keep || new_routes.is_some() {
                row.standard.revision += 1;
                store::router::update(&tx, &row).await?;
            }
            changed.push((Kind::Router, row.id.0, row.standard.revision));
            net.enqueue(&tx, &changed).await?;
            Ok(row)
        })
        .await
}

/// Adds or removes routes, leaving the others as they are.
pub(crate) async fn change_routes(
    cx: &Ctx,
    net: &Network,
    id: &str,
    action: &str,
    wanted: &Patch<Vec<crate::wire::subnet::WantedRoute>>,
) -> Result<RouterRow, NetworkError> {
    retry!(change_routes_once(cx, net, id, action, wanted))
}

async fn change_routes_once(
    cx: &Ctx,
    net: &Network,
    id: &str,
    action: &str,
    wanted: &Patch<Vec<crate::wire::subnet::WantedRoute>>,
) -> Result<RouterRow, NetworkError> {
    let row = net.find_router(cx, id, action).await?;
    let wanted = routes::parse(wanted.as_value().map_or(&[], Vec::as_slice))?;
    let mut routes = row.routes.clone();
    routes.retain(|route| !wanted.contains(route));
    if action == "add_extraroutes" {
        routes.extend(wanted);
    }
    write(net, row, &Way::Keep, Some(routes)).await
}

/// The router's interfaces, by transaction.
pub(crate) async fn interfaces(tx: &Tx, id: RouterId) -> Result<Vec<PortRow>, DbError> {
    let mut ports = store::port::list_of_devices(tx, &[id.to_string()]).await?;
    ports.retain(|port| port.device_owner == ROUTER_INTERFACE);
    Ok(ports)
}

/// Deletes a router that has no interfaces, with its gateway.
pub(crate) async fn delete(cx: &Ctx, net: &Network, id: &str) -> Result<(), NetworkError> {
    let row = net.find_router(cx, id, "delete_router").await?;
    let (row, now) = (&row, net.clock().now());
    let in_use = || NetworkError::conflict("RouterInUse", format!("Router {} still has ports.", row.id));
    let deleted = net
        .db()
        .tx(|tx| async move {
            if !store::router::lock(&tx, row.id, now).await? {
                return Err(NetworkError::not_found(Kind::Router, row.id));
            }
            let Some(row) = store::router::find(&tx, row.id).await? else {
                return Err(NetworkError::not_found(Kind::Router, row.id));
            };
            if !interfaces(&tx, row.id).await?.is_empty() {
                return Err(in_use());
            }
            let mut changed = vec![(Kind::Router, row.id.0, row.standard.revision + 1)];
            if let Some(gateway) = &row.gateway {
                changed.extend(remove_in(net, &tx, gateway.port_id, 0).await?.unwrap_or_default());
            }
            store::router::delete(&tx, row.id).await?;
            store::tag::delete(&tx, &row.id.to_string()).await?;
            ferrostack_quota::give_back(&tx, &row.id.to_string()).await?;
            net.enqueue(&tx, &changed).await
        })
        .await;
    match deleted {
        Err(NetworkError::Db(DbError::Reference)) => Err(in_use()),
        other => other,
    }
}
