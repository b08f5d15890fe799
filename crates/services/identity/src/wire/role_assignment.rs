//! Who has which role on what.

use serde_json::{Map, Value, json};

use crate::{
    store::assignment::{Actor, Assignment, Named, Target},
    wire::Links,
};

/// An assignment as the API shows it; `names` adds names and domains.
pub(crate) fn view(assignment: &Assignment, names: bool, links: &Links) -> Value {
    let reference = |named: &Named| {
        let mut reference = Map::from_iter([("id".to_owned(), json!(named.id))]);
        if names {
            reference.insert("name".to_owned(), json!(named.name));
            if let Some((id, name)) = &named.domain {
                reference.insert("domain".to_owned(), json!({"id": id, "name": name}));
            }
        }
        Value::Object(reference)
    };
    let scope = match (&assignment.target, &assignment.target_name) {
        (Target::System, _) | (_, None) => json!({"system": {"all": true}}),
        (target, Some(name)) => json!({target.kind(): reference(name)}),
    };
    // The link is the grant that was made: to the group, and of the role that implies this one.
    let (actors, actor_id) = match &assignment.by_group {
        Some(group_id) => ("groups", group_id.as_str()),
        None => (if matches!(assignment.actor, Actor::User(_)) { "users" } else { "groups" }, assignment.actor.id()),
    };
    let place = match &assignment.target {
        Target::Project(id) => format!("projects/{id}"),
        Target::Domain(id) => format!("domains/{id}"),
        Target::System => "system".to_owned(),
    };
    let granted = assignment.by_role.as_ref().map_or(assignment.role.id.as_str(), crate::RoleId::as_str);
    let mut own = Map::from_iter([(
        "assignment".to_owned(),
        json!(links.href(&format!("{place}/{actors}/{actor_id}/roles/{granted}"))),
    )]);
    if let Some(group_id) = &assignment.by_group {
        own.insert(
            "membership".to_owned(),
            json!(links.href(&format!("groups/{group_id}/users/{}", assignment.actor.id()))),
        );
    }
    if let Some(prior) = &assignment.by_role {
        own.insert(
            "prior_role".to_owned(),
            json!(links.href(&format!("roles/{prior}/implies/{}", assignment.role.id))),
        );
    }
    json!({
        "links": own,
        "scope": scope,
        assignment.actor.kind(): reference(&assignment.actor_name),
        "role": reference(&assignment.role),
    })
}
