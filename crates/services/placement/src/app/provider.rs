//! Providers: create, find, list, rename, move in their tree, delete.

use std::{collections::HashMap, sync::Arc};

use uuid::Uuid;

use crate::{
    Placement, PlacementError, app, begin,
    store::{self, provider::ProviderRow},
    view::{Index, Provider},
    wire::query::Resources,
};

/// What a list is limited to. Names of traits and classes are still unchecked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Filter {
    pub(crate) name: Option<String>,
    pub(crate) uuid: Option<Uuid>,
    pub(crate) in_tree: Option<Uuid>,
    pub(crate) resources: Resources,
    pub(crate) required: Vec<Vec<String>>,
    pub(crate) forbidden: Vec<String>,
    pub(crate) member_of: Vec<Vec<Uuid>>,
    pub(crate) forbidden_aggregates: Vec<Uuid>,
}

/// The provider with that id.
pub(crate) async fn find(placement: &Placement, uuid: &str) -> Result<Arc<Provider>, PlacementError> {
    find_in(&*placement.index().await?, uuid)
}

/// The provider with that id in a snapshot.
pub(crate) fn find_in(index: &Index, uuid: &str) -> Result<Arc<Provider>, PlacementError> {
    let found = index.get(app::provider_id(uuid)?).cloned();
    found.ok_or_else(|| PlacementError::NoProvider { uuid: uuid.to_owned() })
}

/// All providers that fit the filter; each must fit it by itself.
pub(crate) fn list(index: &Index, filter: &Filter) -> Result<Vec<Arc<Provider>>, PlacementError> {
    let resources = app::resource_class::numbers(index, &filter.resources)?;
    let required = filter.required.iter().map(|any| app::trait_::numbers(index, any)).collect::<Result<Vec<_>, _>>()?;
    let forbidden = app::trait_::numbers(index, &filter.forbidden)?;
    let root = match filter.in_tree {
        None => None,
        Some(uuid) => match index.get(uuid) {
            None => return Ok(Vec::new()),
            Some(provider) => Some(provider.root),
        },
    };
    let fits = |provider: &Arc<Provider>| {
        filter.name.as_ref().is_none_or(|name| *name == provider.name)
            && root.is_none_or(|root| root == provider.root)
            && resources.iter().all(|(class, amount)| provider.fits(*class, *amount))
            && provider.has_traits(&required, &forbidden)
            && provider.in_aggregates(&filter.member_of)
            && !provider.in_any_aggregate(&filter.forbidden_aggregates)
    };
    Ok(match filter.uuid {
        Some(uuid) => index.get(uuid).into_iter().filter(|provider| fits(provider)).cloned().collect(),
        None => index.iter().map(|(_, provider)| provider).filter(|provider| fits(provider)).cloned().collect(),
    })
}

/// Makes a provider.
pub(crate) async fn create(
    placement: &Placement,
    uuid: Uuid,
    name: &str,
    parent: Option<Uuid>,
) -> Result<ProviderRow, PlacementError> {
    let refused = |reason: &str| {
        PlacementError::invalid(format!("Unable to create resource provider \"{name}\", {uuid}: {reason}"))
    };
    if parent == Some(uuid) {
        return Err(refused("parent provider UUID cannot be same as UUID."));
    }
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            let alike = store::provider::list_alike(&tx, uuid, name).await?;
            if !alike.is_empty() {
                let same_uuid = alike.iter().any(|row| row.uuid == uuid);
                let what = if same_uuid { format!("uuid: {uuid}") } else { format!("name: {name}") };
                return Err(PlacementError::DuplicateProvider { what });
            }
            let root = match parent {
                None => uuid,
                Some(parent) => {
                    let found = store::provider::find(&tx, parent).await?;
                    found.ok_or_else(|| refused("parent provider UUID does not exist."))?.root
                }
            };
            let row = ProviderRow {
                uuid,
                name: name.to_owned(),
                generation: 0,
                parent,
                root,
                traits: Vec::new(),
                aggregates: Vec::new(),
                updated: now,
            };
            store::provider::insert(&tx, &row).await?;
            Ok(row)
        })
        .await
}

/// Gives a provider another name and, if `parent` says so, another parent. Moving it away from a parent that it already
/// has needs `may_move` (microversion 1.37).
pub(crate) async fn update(
    placement: &Placement,
    uuid: Uuid,
    name: &str,
    parent: Option<Option<Uuid>>,
    may_move: bool,
) -> Result<ProviderRow, PlacementError> {
    let refused = |reason: &str| PlacementError::invalid(format!("Resource provider {uuid} stays as it is: {reason}"));
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            let mut row = store::provider::find(&tx, uuid)
                .await?
                .ok_or_else(|| PlacementError::NoProvider { uuid: uuid.to_string() })?;
            if store::provider::list_alike(&tx, uuid, name).await?.iter().any(|alike| alike.uuid != uuid) {
                return Err(PlacementError::DuplicateProvider { what: format!("name: {name}") });
            }
            let (old_root, wanted) = (row.root, parent.unwrap_or(row.parent));
            if wanted != row.parent || parent.is_some_and(|parent| parent.is_some()) {
                match (row.parent, wanted) {
                    (Some(_), None) if !may_move => {
                        return Err(refused("un-parenting a provider is not currently allowed."));
                    }
                    (Some(old), Some(new)) if old != new && !may_move => {
                        return Err(refused("re-parenting a provider is not currently allowed."));
                    }
                    _ => {}
                }
                let tree = store::provider::list_tree(&tx, old_root).await?;
                let below = subtree(uuid, &tree);
                row.root = match wanted {
                    None => uuid,
                    Some(parent) => {
                        let found = store::provider::find(&tx, parent).await?;
                        let found = found.ok_or_else(|| refused("parent provider UUID does not exist."))?;
                        if below.contains(&parent) {
                            return Err(refused("creating loop in the provider tree is not allowed."));
                        }
                        found.root
                    }
                };
                if row.root != old_root {
                    store::provider::update_roots(&tx, &below, row.root).await?;
                }
            }
            row.name = name.to_owned();
            row.parent = wanted;
            row.updated = now;
            store::provider::update(&tx, uuid, name, row.parent, row.root, now).await?;
            Ok(row)
        })
        .await
}

/// The provider and all below it.
fn subtree(top: Uuid, tree: &[ProviderRow]) -> Vec<Uuid> {
    let mut children: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for row in tree {
        if let Some(parent) = row.parent {
            children.entry(parent).or_default().push(row.uuid);
        }
    }
    let mut below = vec![top];
    let mut next = 0;
    while let Some(uuid) = below.get(next) {
        below.extend(children.remove(uuid).unwrap_or_default());
        next += 1;
    }
    below
}

/// Deletes a provider that has neither children nor allocations.
pub(crate) async fn delete(placement: &Placement, uuid: Uuid) -> Result<(), PlacementError> {
    let epoch = placement.ready().await?;
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            if store::provider::has_children(&tx, uuid).await? {
                return Err(PlacementError::HasChildren { uuid });
            }
            if store::allocation::any_at(&tx, uuid).await? {
                return Err(PlacementError::ProviderInUse { uuid });
            }
            if !store::provider::delete(&tx, uuid).await? {
                return Err(PlacementError::missing(format!("No resource provider with uuid {uuid} found for delete")));
            }
            Ok(())
        })
        .await
}
