//! Endpoints of services.

use ferrostack_db::{Read, Tx};

use crate::{
    EndpointId, Identity, IdentityError, RegionId,
    app::merge_extra,
    store::{self, Extra, endpoint::Endpoint, region::Region},
    wire::{
        endpoint::{EndpointChange, NewEndpoint},
        kept,
    },
};

/// An endpoint.
pub(crate) async fn find(identity: &Identity, id: &EndpointId) -> Result<Endpoint, IdentityError> {
    store::endpoint::get(identity.db(), id).await?.ok_or_else(|| IdentityError::not_found("endpoint", id))
}

/// The service and the region exist. A region under its old name, `region`, is made where it is missing.
async fn check_neighbours(tx: &Tx, endpoint: &Endpoint, make_region: bool) -> Result<(), IdentityError> {
    if store::service::get(tx, &endpoint.service_id).await?.is_none() {
        return Err(IdentityError::not_found("service", &endpoint.service_id));
    }
    let Some(id) = &endpoint.region_id else { return Ok(()) };
    if region_exists(tx, id).await? {
        return Ok(());
    }
    if !make_region {
        return Err(IdentityError::invalid(format!("endpoint.region_id: there is no region {id}.")));
    }
    let region = Region { id: id.clone(), description: String::new(), parent_region_id: None, extra: Extra::new() };
    Ok(store::region::insert(tx, &region).await?)
}

async fn region_exists(db: &impl Read, id: &RegionId) -> Result<bool, IdentityError> {
    Ok(store::region::get(db, id).await?.is_some())
}

/// Adds an endpoint.
pub(crate) async fn create(identity: &Identity, new: NewEndpoint) -> Result<Endpoint, IdentityError> {
    let make_region = new.region_id.is_none();
    let endpoint = Endpoint {
        id: EndpointId::new(),
        service_id: new.service_id,
        region_id: new.region_id.or(new.region),
        interface: new.interface,
        url: new.url,
        enabled: new.enabled.unwrap_or(true),
        extra: kept(new.extra),
    };
    let new = &endpoint;
    let insert = |tx: Tx| async move {
        check_neighbours(&tx, new, make_region).await?;
        store::endpoint::insert(&tx, new).await?;
        Ok::<_, IdentityError>(identity.touch(&tx).await?)
    };
    identity.db().tx(insert).await?;
    Ok(endpoint)
}

/// Changes an endpoint.
pub(crate) async fn update(
    identity: &Identity,
    id: &EndpointId,
    change: EndpointChange,
) -> Result<Endpoint, IdentityError> {
    let mut endpoint = find(identity, id).await?;
    let make_region = change.region_id.is_none() && change.region.is_some();
    endpoint.service_id = change.service_id.unwrap_or(endpoint.service_id);
    endpoint.region_id = change.region_id.unwrap_or_else(|| change.region.or(endpoint.region_id));
    endpoint.interface = change.interface.unwrap_or(endpoint.interface);
    endpoint.url = change.url.unwrap_or(endpoint.url);
    endpoint.enabled = change.enabled.unwrap_or(endpoint.enabled);
    merge_extra(&mut endpoint.extra, kept(change.extra));
    let changed = &endpoint;
    let update = |tx: Tx| async move {
        check_neighbours(&tx, changed, make_region).await?;
        if !store::endpoint::update(&tx, changed).await? {
            return Err(IdentityError::not_found("endpoint", &changed.id));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(update).await?;
    Ok(endpoint)
}

/// Removes an endpoint.
pub(crate) async fn delete(identity: &Identity, id: &EndpointId) -> Result<(), IdentityError> {
    let delete = |tx: Tx| async move {
        if !store::endpoint::delete(&tx, id).await? {
            return Err(IdentityError::not_found("endpoint", id));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(delete).await
}
