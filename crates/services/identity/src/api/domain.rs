//! Domains.

use ferrostack_http::{Cx, Fault, Id, Params, Reply, Routes, Valid, axum::extract::State};

use crate::{
    DomainId, Identity,
    api::query,
    app, store,
    wire::{
        Links, One,
        domain::{CREATE, Create, UPDATE, Update, View},
    },
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v3/domains", list)
        .policy("identity:list_domains")
        .post("/v3/domains", create)
        .policy("identity:create_domain")
        .schema(&CREATE)
        .get("/v3/domains/{domain_id}", show)
        .policy("identity:get_domain")
        .patch("/v3/domains/{domain_id}", update)
        .policy("identity:update_domain")
        .schema(&UPDATE)
        .delete("/v3/domains/{domain_id}", delete)
        .policy("identity:delete_domain")
}

async fn list(State(identity): State<Identity>, links: Links, params: Params) -> Result<Reply, Fault> {
    let (names, enabled, window) = (query::names(&params), query::enabled(&params), query::window(&params)?);
    let listing = store::domain::list(identity.db(), &store::domain::Filter { names, enabled, window }).await?;
    let views = listing.items.iter().map(|domain| View::new(domain, &links)).collect();
    Ok(Reply::ok(&links.part("domains", "domains", &listing, |domain| domain.id.as_str()).with(views)))
}

async fn create(State(identity): State<Identity>, links: Links, Valid(body): Valid<Create>) -> Result<Reply, Fault> {
    let domain = app::domain::create(&identity, body.domain).await?;
    Ok(Reply::created(&One("domain", View::new(&domain, &links))))
}

async fn show(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<DomainId>,
) -> Result<Reply, Fault> {
    let domain = identity.find_domain(&cx, &id, "identity:get_domain").await?;
    Ok(Reply::ok(&One("domain", View::new(&domain, &links))))
}

async fn update(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Id(id): Id<DomainId>,
    Valid(body): Valid<Update>,
) -> Result<Reply, Fault> {
    let domain = identity.find_domain(&cx, &id, "identity:update_domain").await?;
    let domain = app::domain::update(&identity, domain, body.domain).await?;
    Ok(Reply::ok(&One("domain", View::new(&domain, &links))))
}

async fn delete(Cx(cx): Cx, State(identity): State<Identity>, Id(id): Id<DomainId>) -> Result<Reply, Fault> {
    let domain = identity.find_domain(&cx, &id, "identity:delete_domain").await?;
    app::domain::delete(&identity, domain).await?;
    Ok(Reply::no_content())
}
