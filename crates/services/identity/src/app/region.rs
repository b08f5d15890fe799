//! Regions.

use ferrostack_db::{Read, Tx};

use crate::{
    Identity, IdentityError, RegionId,
    app::merge_extra,
    store::{self, region::Region},
    wire::{
        kept,
        region::{NewRegion, RegionChange},
    },
};

/// A region.
pub(crate) async fn find(identity: &Identity, id: &RegionId) -> Result<Region, IdentityError> {
    store::region::get(identity.db(), id).await?.ok_or_else(|| IdentityError::not_found("region", id))
}

/// Makes a region.
pub(crate) async fn create(identity: &Identity, new: NewRegion) -> Result<Region, IdentityError> {
    let region = Region {
        id: new.id.filter(|id| !id.as_str().is_empty()).unwrap_or_else(RegionId::new),
        description: new.description.unwrap_or_default(),
        parent_region_id: new.parent_region_id,
        extra: kept(new.extra),
    };
    let new = &region;
    let insert = |tx: Tx| async move {
        check_parent(&tx, new).await?;
        store::region::insert(&tx, new)
            .await
            .map_err(|error| IdentityError::taken(error, "region", new.id.as_str(), ""))
    };
    identity.db().tx(insert).await?;
    Ok(region)
}

/// The parent exists, and is not below the region.
async fn check_parent(db: &impl Read, region: &Region) -> Result<(), IdentityError> {
    let mut above = region.parent_region_id.clone();
    while let Some(id) = above {
        if id == region.id {
            return Err(IdentityError::invalid(format!(
                "region.parent_region_id: region {id} would lie below itself."
            )));
        }
        let parent = store::region::get(db, &id).await?.ok_or_else(|| IdentityError::not_found("region", &id))?;
        above = parent.parent_region_id;
    }
    Ok(())
}

/// Changes a region.
pub(crate) async fn update(identity: &Identity, id: &RegionId, change: RegionChange) -> Result<Region, IdentityError> {
    let mut region = find(identity, id).await?;
    region.description = change.description.map_or(region.description, Option::unwrap_or_default);
    region.parent_region_id = change.parent_region_id.unwrap_or(region.parent_region_id);
    merge_extra(&mut region.extra, kept(change.extra));
    let changed = &region;
    let update = |tx: Tx| async move {
        check_parent(&tx, changed).await?;
        match store::region::update(&tx, changed).await? {
            true => Ok(()),
            false => Err(IdentityError::not_found("region", &changed.id)),
        }
    };
    identity.db().tx(update).await?;
    Ok(region)
}

/// Deletes a region with all below it, unless one of them has endpoints.
pub(crate) async fn delete(identity: &Identity, id: &RegionId) -> Result<(), IdentityError> {
    let delete = |tx: Tx| async move {
        if store::region::get(&tx, id).await?.is_none() {
            return Err(IdentityError::not_found("region", id));
        }
        let mut ids = vec![id.clone()];
        let mut next = 0;
        while let Some(id) = ids.get(next) {
            let filter = store::endpoint::Filter { region_id: Some(id.clone()), ..Default::default() };
            if !store::endpoint::list(&tx, &filter).await?.is_empty() {
                return Err(IdentityError::forbidden(format!(
                    "Region {id} has endpoints: delete them before the region."
                )));
            }
            let children = store::region::list(&tx, Some(id)).await?;
            ids.extend(children.into_iter().map(|region| region.id));
            next += 1;
        }
        for id in ids.iter().rev() {
            store::region::delete(&tx, id).await?;
        }
        Ok(())
    };
    identity.db().tx(delete).await
}
