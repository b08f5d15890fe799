//! Regions.

use ferrostack_http::{
    Fault, Id, Params, Reply, Routes, Valid,
    axum::extract::{Path, State},
};

use crate::{
    Identity, RegionId,
    api::query,
    app, store,
    wire::{
        Links, One,
        region::{CREATE, Create, UPDATE, Update, View},
    },
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v3/regions", list)
        .policy("identity:list_regions")
        .post("/v3/regions", create)
        .policy("identity:create_region")
        .schema(&CREATE)
        .get("/v3/regions/{region_id}", show)
        .policy("identity:get_region")
        .put("/v3/regions/{region_id}", create_with_id)
        .policy("identity:create_region")
        .schema(&CREATE)
        .patch("/v3/regions/{region_id}", update)
        .policy("identity:update_region")
        .schema(&UPDATE)
        .delete("/v3/regions/{region_id}", delete)
        .policy("identity:delete_region")
}

async fn list(State(identity): State<Identity>, links: Links, params: Params) -> Result<Reply, Fault> {
    let parent: Option<RegionId> = query::id(&params, "parent_region_id");
    let regions = store::region::list(identity.db(), parent.as_ref()).await?;
    let views = regions.iter().map(|region| View::new(region, &links)).collect();
    Ok(Reply::ok(&links.all("regions", "regions", views)))
}

async fn create(State(identity): State<Identity>, links: Links, Valid(body): Valid<Create>) -> Result<Reply, Fault> {
    let region = app::region::create(&identity, body.region).await?;
    Ok(Reply::created(&One("region", View::new(&region, &links))))
}

async fn create_with_id(
    State(identity): State<Identity>,
    links: Links,
    Path(id): Path<RegionId>,
    Valid(mut body): Valid<Create>,
) -> Result<Reply, Fault> {
    match &body.region.id {
        Some(other) if *other != id => {
            return Err(Fault::bad_request(format!("region.id {other} is not the id of the path, {id}.")));
        }
        _ => body.region.id = Some(id),
    }
    let region = app::region::create(&identity, body.region).await?;
    Ok(Reply::created(&One("region", View::new(&region, &links))))
}

async fn show(State(identity): State<Identity>, links: Links, Id(id): Id<RegionId>) -> Result<Reply, Fault> {
    let region = app::region::find(&identity, &id).await?;
    Ok(Reply::ok(&One("region", View::new(&region, &links))))
}

async fn update(
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<RegionId>,
    Valid(body): Valid<Update>,
) -> Result<Reply, Fault> {
    let region = app::region::update(&identity, &id, body.region).await?;
    Ok(Reply::ok(&One("region", View::new(&region, &links))))
}

async fn delete(State(identity): State<Identity>, Id(id): Id<RegionId>) -> Result<Reply, Fault> {
    app::region::delete(&identity, &id).await?;
    Ok(Reply::no_content())
}
