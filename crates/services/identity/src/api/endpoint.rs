//! Endpoints of services.

use ferrostack_http::{Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use crate::{
    EndpointId, Identity,
    api::query,
    app, store,
    wire::{
        Links, One,
        endpoint::{CREATE, Create, UPDATE, Update, View},
    },
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v3/endpoints", list)
        .policy("identity:list_endpoints")
        .post("/v3/endpoints", create)
        .policy("identity:create_endpoint")
        .schema(&CREATE)
        .get("/v3/endpoints/{endpoint_id}", show)
        .policy("identity:get_endpoint")
        .patch("/v3/endpoints/{endpoint_id}", update)
        .policy("identity:update_endpoint")
        .schema(&UPDATE)
        .delete("/v3/endpoints/{endpoint_id}", delete)
        .policy("identity:delete_endpoint")
}

async fn list(State(identity): State<Identity>, links: Links, params: Params) -> Result<Reply, Fault> {
    let filter = store::endpoint::Filter {
        service_id: query::id(&params, "service_id"),
        region_id: query::id(&params, "region_id").or_else(|| query::id(&params, "region")),
        interface: params.get("interface").map(str::to_owned),
        enabled: query::enabled(&params),
    };
    let endpoints = store::endpoint::list(identity.db(), &filter).await?;
    let views = endpoints.iter().map(|endpoint| View::new(endpoint, &links)).collect();
    Ok(Reply::ok(&links.all("endpoints", "endpoints", views)))
}

async fn create(State(identity): State<Identity>, links: Links, Valid(body): Valid<Create>) -> Result<Reply, Fault> {
    let endpoint = app::endpoint::create(&identity, body.endpoint).await?;
    Ok(Reply::created(&One("endpoint", View::new(&endpoint, &links))))
}

async fn show(State(identity): State<Identity>, links: Links, Id(id): Id<EndpointId>) -> Result<Reply, Fault> {
    let endpoint = app::endpoint::find(&identity, &id).await?;
    Ok(Reply::ok(&One("endpoint", View::new(&endpoint, &links))))
}

async fn update(
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<EndpointId>,
    Valid(body): Valid<Update>,
) -> Result<Reply, Fault> {
    let endpoint = app::endpoint::update(&identity, &id, body.endpoint).await?;
    Ok(Reply::ok(&One("endpoint", View::new(&endpoint, &links))))
}

async fn delete(State(identity): State<Identity>, Id(id): Id<EndpointId>) -> Result<Reply, Fault> {
    app::endpoint::delete(&identity, &id).await?;
    Ok(Reply::no_content())
}
