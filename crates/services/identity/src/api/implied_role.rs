//! Which roles imply which.

use ferrostack_http::{
    Cx, Fault, Id, Reply, Routes,
    axum::{
        extract::{Path, State},
        http::StatusCode,
    },
};
use serde_json::json;

use crate::{
    Identity, RoleId, app,
    store::role::Role,
    wire::{
        Links,
        implied_role::{Inference, RoleRef, View},
    },
};

pub(super) fn routes() -> Routes<Identity> {
    let rule = "/v3/roles/{role_id}/implies/{implied_role_id}";
    Routes::new()
        .get("/v3/roles/{role_id}/implies", list)
        .policy("identity:list_implied_roles")
        .get(rule, show)
        .policy("identity:get_implied_role")
        .head(rule, check)
        .policy("identity:check_implied_role")
        .put(rule, create)
        .policy("identity:create_implied_role")
        .no_schema("the path says all")
        .delete(rule, delete)
        .policy("identity:delete_implied_role")
        .get("/v3/role_inferences", list_all)
        .policy("identity:list_role_inference_rules")
}

type Rule = Path<(RoleId, RoleId)>;

fn reply(status: StatusCode, links: &Links, prior: &Role, implied: &Role) -> Reply {
    let role_inference = Inference { prior_role: RoleRef::new(prior, links), implies: RoleRef::new(implied, links) };
    let links = links.of(&format!("roles/{}/implies/{}", prior.id, implied.id));
    Reply::json(status, &View { role_inference, links })
}

async fn create(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Path((prior, implied)): Rule,
) -> Result<Reply, Fault> {
    let (prior, implied) = identity.find_roles(&cx, &prior, &implied, "identity:create_implied_role").await?;
    app::implied_role::create(&identity, &prior, &implied).await?;
    Ok(reply(StatusCode::CREATED, &links, &prior, &implied))
}

async fn show(
    Cx(cx): Cx,
    State(identity): State<Identity>,
    links: Links,
    Path((prior, implied)): Rule,
) -> Result<Reply, Fault> {
    let (prior, implied) = identity.find_roles(&cx, &prior, &implied, "identity:get_implied_role").await?;
    app::implied_role::check(&identity, &prior, &implied).await?;
    Ok(reply(StatusCode::OK, &links, &prior, &implied))
}

async fn check(Cx(cx): Cx, State(identity): State<Identity>, Path((prior, implied)): Rule) -> Result<Reply, Fault> {
    let (prior, implied) = identity.find_roles(&cx, &prior, &implied, "identity:check_implied_role").await?;
    app::implied_role::check(&identity, &prior, &implied).await?;
    Ok(Reply::no_content())
}

async fn delete(Cx(cx): Cx, State(identity): State<Identity>, Path((prior, implied)): Rule) -> Result<Reply, Fault> {
    let (prior, implied) = identity.find_roles(&cx, &prior, &implied, "identity:delete_implied_role").await?;
    app::implied_role::delete(&identity, &prior, &implied).await?;
    Ok(Reply::no_content())
}

fn inference<'a>(prior: &'a Role, implied: &'a [Role], links: &Links) -> Inference<'a, Vec<RoleRef<'a>>> {
    Inference {
        prior_role: RoleRef::new(prior, links),
        implies: implied.iter().map(|role| RoleRef::new(role, links)).collect(),
    }
}

async fn list(Cx(cx): Cx, State(identity): State<Identity>, links: Links, Id(id): Id<RoleId>) -> Result<Reply, Fault> {
    let prior = identity.find_role(&cx, &id, "identity:list_implied_roles").await?;
    let rules = app::implied_role::list(&identity).await?;
    let implied =
        rules.into_iter().find(|(role, _)| role.id == prior.id).map(|(_, implied)| implied).unwrap_or_default();
    let role_inference = inference(&prior, &implied, &links);
    Ok(Reply::ok(&View { role_inference, links: links.of(&format!("roles/{id}/implies")) }))
}

async fn list_all(State(identity): State<Identity>, links: Links) -> Result<Reply, Fault> {
    let rules = app::implied_role::list(&identity).await?;
    let inferences: Vec<_> = rules.iter().map(|(prior, implied)| inference(prior, implied, &links)).collect();
    Ok(Reply::ok(&json!({"role_inferences": inferences, "links": links.of("role_inferences")})))
}
