//! `/COLLECTION/ID/tags`

use ferrostack_http::{
    Cx, Fault, Reply, Routes, Valid,
    axum::{
        extract::{Path, State},
        http::StatusCode,
    },
};

use crate::{
    Network,
    app::tag::{self, Change},
    ids::Kind,
    wire::tag::{TAGS, Tags},
};

/// The routes of one kind of resource.
macro_rules! tag_routes {
    ($routes:expr, $kind:expr, $path:literal, $see:literal, $change:literal) => {
        $routes
            .get(
                concat!("/", $path, "/{id}/tags"),
                |cx: Cx, State(net): State<Network>, Path(id): Path<String>| async move {
                    list(&cx, &net, $kind, &id).await
                },
            )
            .policy($see)
            .put(
                concat!("/", $path, "/{id}/tags"),
                |cx: Cx, State(net): State<Network>, Path(id): Path<String>, Valid(body): Valid<Tags>| async move {
                    change(&cx, &net, $kind, &id, Change::Replace(body.tags)).await
                },
            )
            .policy($change)
            .schema(&TAGS)
            .post(
                concat!("/", $path, "/{id}/tags"),
                |cx: Cx, State(net): State<Network>, Path(id): Path<String>, Valid(body): Valid<Tags>| async move {
                    change(&cx, &net, $kind, &id, Change::Add(body.tags)).await
                },
            )
            .policy($change)
            .schema(&TAGS)
            .delete(
                concat!("/", $path, "/{id}/tags"),
                |cx: Cx, State(net): State<Network>, Path(id): Path<String>| async move {
                    tag::change(&cx, &net, $kind, &id, &Change::Clear).await?;
                    Ok::<_, Fault>(Reply::no_content())
                },
            )
            .policy($change)
            .get(
                concat!("/", $path, "/{id}/tags/{tag}"),
                |cx: Cx, State(net): State<Network>, Path((id, tag)): Path<(String, String)>| async move {
                    has(&cx, &net, $kind, &id, &tag).await
                },
            )
            .policy($see)
            .put(
                concat!("/", $path, "/{id}/tags/{tag}"),
                |cx: Cx, State(net): State<Network>, Path((id, tag)): Path<(String, String)>| async move {
                    tag::change(&cx, &net, $kind, &id, &Change::Add(vec![tag])).await?;
                    Ok::<_, Fault>(Reply::empty(StatusCode::CREATED))
                },
            )
            .policy($change)
            .no_schema("the tag is in the path")
            .delete(
                concat!("/", $path, "/{id}/tags/{tag}"),
                |cx: Cx, State(net): State<Network>, Path((id, tag)): Path<(String, String)>| async move {
                    tag::change(&cx, &net, $kind, &id, &Change::Remove(tag)).await?;
                    Ok::<_, Fault>(Reply::no_content())
                },
            )
            .policy($change)
    };
}

pub(super) fn routes() -> Routes<Network> {
    let routes = tag_routes!(Routes::new(), Kind::Network, "networks", "get_network", "update_network");
    let routes = tag_routes!(routes, Kind::Subnet, "subnets", "get_subnet", "update_subnet");
    let routes = tag_routes!(routes, Kind::Port, "ports", "get_port", "update_port");
    let routes = tag_routes!(routes, Kind::Router, "routers", "get_router", "update_router");
    let routes = tag_routes!(routes, Kind::FloatingIp, "floatingips", "get_floatingip", "update_floatingip");
    tag_routes!(routes, Kind::SecurityGroup, "security-groups", "get_security_group", "update_security_group")
}

async fn list(cx: &Cx, net: &Network, kind: Kind, id: &str) -> Result<Reply, Fault> {
    Ok(Reply::ok(&Tags { tags: tag::find(cx, net, kind, id, false).await?.tags }))
}

async fn change(cx: &Cx, net: &Network, kind: Kind, id: &str, change: Change) -> Result<Reply, Fault> {
    Ok(Reply::ok(&Tags { tags: tag::change(cx, net, kind, id, &change).await? }))
}

async fn has(cx: &Cx, net: &Network, kind: Kind, id: &str, wanted: &str) -> Result<Reply, Fault> {
    match tag::find(cx, net, kind, id, false).await?.tags.iter().any(|tag| tag == wanted) {
        true => Ok(Reply::no_content()),
        false => Err(tag::not_found(wanted).into()),
    }
}
