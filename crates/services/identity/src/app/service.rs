//! Services of the catalog.

use ferrostack_db::Tx;

use crate::{
    Identity, IdentityError, ServiceId,
    app::merge_extra,
    store::{self, service::Service},
    wire::{
        kept,
        service::{NewService, ServiceChange},
    },
};

/// A service.
pub(crate) async fn find(identity: &Identity, id: &ServiceId) -> Result<Service, IdentityError> {
    store::service::get(identity.db(), id).await?.ok_or_else(|| IdentityError::not_found("service", id))
}

/// Adds a service.
pub(crate) async fn create(identity: &Identity, new: NewService) -> Result<Service, IdentityError> {
    let service = Service {
        id: ServiceId::new(),
        service_type: new.service_type,
        name: new.name,
        description: new.description,
        enabled: new.enabled.unwrap_or(true),
        extra: kept(new.extra),
    };
    let new = &service;
    let insert = |tx: Tx| async move {
        store::service::insert(&tx, new).await?;
        identity.touch(&tx).await
    };
    identity.db().tx(insert).await?;
    Ok(service)
}

/// Changes a service.
pub(crate) async fn update(
    identity: &Identity,
    id: &ServiceId,
    change: ServiceChange,
) -> Result<Service, IdentityError> {
    let mut service = find(identity, id).await?;
    service.service_type = change.service_type.unwrap_or(service.service_type);
    service.name = change.name.unwrap_or(service.name);
    service.description = change.description.unwrap_or(service.description);
    service.enabled = change.enabled.unwrap_or(service.enabled);
    merge_extra(&mut service.extra, kept(change.extra));
    let changed = &service;
    let update = |tx: Tx| async move {
        if !store::service::update(&tx, changed).await? {
            return Err(IdentityError::not_found("service", &changed.id));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(update).await?;
    Ok(service)
}

/// Removes a service with its endpoints.
pub(crate) async fn delete(identity: &Identity, id: &ServiceId) -> Result<(), IdentityError> {
    let delete = |tx: Tx| async move {
        if !store::service::delete(&tx, id).await? {
            return Err(IdentityError::not_found("service", id));
        }
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(delete).await
}
