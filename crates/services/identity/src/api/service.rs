//! Services of the catalog.

use ferrostack_http::{Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use crate::{
    Identity, ServiceId,
    api::query,
    app, store,
    wire::{
        Links, One,
        service::{CREATE, Create, UPDATE, Update, View},
    },
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v3/services", list)
        .policy("identity:list_services")
        .post("/v3/services", create)
        .policy("identity:create_service")
        .schema(&CREATE)
        .get("/v3/services/{service_id}", show)
        .policy("identity:get_service")
        .patch("/v3/services/{service_id}", update)
        .policy("identity:update_service")
        .schema(&UPDATE)
        .delete("/v3/services/{service_id}", delete)
        .policy("identity:delete_service")
}

async fn list(State(identity): State<Identity>, links: Links, params: Params) -> Result<Reply, Fault> {
    let text = |key| params.get(key).map(str::to_owned);
    let filter =
        store::service::Filter { service_type: text("type"), name: text("name"), enabled: query::enabled(&params) };
    let services = store::service::list(identity.db(), &filter).await?;
    let views = services.iter().map(|service| View::new(service, &links)).collect();
    Ok(Reply::ok(&links.all("services", "services", views)))
}

async fn create(State(identity): State<Identity>, links: Links, Valid(body): Valid<Create>) -> Result<Reply, Fault> {
    let service = app::service::create(&identity, body.service).await?;
    Ok(Reply::created(&One("service", View::new(&service, &links))))
}

async fn show(State(identity): State<Identity>, links: Links, Id(id): Id<ServiceId>) -> Result<Reply, Fault> {
    let service = app::service::find(&identity, &id).await?;
    Ok(Reply::ok(&One("service", View::new(&service, &links))))
}

async fn update(
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<ServiceId>,
    Valid(body): Valid<Update>,
) -> Result<Reply, Fault> {
    let service = app::service::update(&identity, &id, body.service).await?;
    Ok(Reply::ok(&One("service", View::new(&service, &links))))
}

async fn delete(State(identity): State<Identity>, Id(id): Id<ServiceId>) -> Result<Reply, Fault> {
    app::service::delete(&identity, &id).await?;
    Ok(Reply::no_content())
}
