//! Domains.

use ferrostack_auth::Ctx;
use ferrostack_db::Tx;

use crate::{
    DomainId, Identity, IdentityError,
    app::{merge_extra, merge_options, only_unlocks, refuse_immutable, token::revoke_all_of},
    store::{self, Extra, domain::Domain},
    wire::{
        domain::{DomainChange, NewDomain},
        kept,
    },
};

impl Identity {
    /// A domain, for `action`.
    ///
    /// # Errors
    /// Denied when the caller may not do that, whether the domain exists or not.
    pub(crate) async fn find_domain(&self, cx: &Ctx, id: &DomainId, action: &str) -> Result<Domain, IdentityError> {
        let domain = store::domain::get(self.db(), id).await?;
        let found = domain.as_ref().map(|domain| domain.id.as_str());
        cx.allow(action, &[("target.domain.id", found), ("target.domain_id", found)])?;
        domain.ok_or_else(|| IdentityError::not_found("domain", id))
    }
}

/// A domain-scoped token sees its own domain only, whatever it asks for.
pub(crate) fn narrow(cx: &Ctx, domain_id: &mut Option<DomainId>) {
    if let Some(own) = cx.domain_id() {
        *domain_id = Some(DomainId::from_trusted(own));
    }
}

/// Refuses an unknown domain.
pub(crate) async fn must_exist(identity: &Identity, id: &DomainId) -> Result<Domain, IdentityError> {
    store::domain::get(identity.db(), id).await?.ok_or_else(|| IdentityError::not_found("domain", id))
}

/// Makes a domain.
pub(crate) async fn create(identity: &Identity, new: NewDomain) -> Result<Domain, IdentityError> {
    let mut options = Extra::new();
    merge_options(&mut options, new.options);
    let domain = Domain {
        id: new.explicit_domain_id.unwrap_or_else(DomainId::new),
        name: new.name.trim().to_owned(),
        description: new.description.unwrap_or_default(),
        enabled: new.enabled.unwrap_or(true),
        options,
        extra: own_extra(new.extra),
    };
    let new = &domain;
    let insert = |tx: Tx| async move {
        if store::domain::get(&tx, &new.id).await?.is_some() {
            return Err(IdentityError::Duplicate { what: "domain", value: new.id.to_string(), place: String::new() });
        }
        store::domain::insert(&tx, new).await.map_err(|error| IdentityError::taken(error, "domain", &new.name, ""))
    };
    identity.db().tx(insert).await?;
    Ok(domain)
}

/// Domains have no tags here, though the answer has the field.
fn own_extra(extra: Extra) -> Extra {
    let mut extra = kept(extra);
    extra.shift_remove("tags");
    extra
}

/// Changes a domain. Disabled, all tokens of its users and for it and its projects are void.
pub(crate) async fn update(
    identity: &Identity,
    mut domain: Domain,
    change: DomainChange,
) -> Result<Domain, IdentityError> {
    if !only_unlocks(change.options.as_ref()) {
        refuse_immutable(&domain.options, "domain", domain.id.as_str(), "changed")?;
    }
    let disables = domain.enabled && change.enabled == Some(false);
    domain.name = change.name.map_or(domain.name, |name| name.trim().to_owned());
    domain.description = change.description.map_or(domain.description, Option::unwrap_or_default);
    domain.enabled = change.enabled.unwrap_or(domain.enabled);
    merge_options(&mut domain.options, change.options.unwrap_or_default());
    merge_extra(&mut domain.extra, own_extra(change.extra));
    let changed = &domain;
    let update = |tx: Tx| async move {
        let found = store::domain::update(&tx, changed)
            .await
            .map_err(|error| IdentityError::taken(error, "domain", &changed.name, ""))?;
        if !found {
            return Err(IdentityError::not_found("domain", &changed.id));
        }
        let generation = identity.raise(&tx).await?;
        if disables {
            revoke_all_of(identity, &tx, changed.id.as_str(), generation).await?;
        }
        Ok(())
    };
    identity.db().tx(update).await?;
    Ok(domain)
}

/// Deletes a domain with all that is in it; it must be disabled, so that nobody does so by a slip.
pub(crate) async fn delete(identity: &Identity, domain: Domain) -> Result<(), IdentityError> {
    refuse_immutable(&domain.options, "domain", domain.id.as_str(), "deleted")?;
    let id = &domain.id;
    let delete = |tx: Tx| async move {
        match store::domain::get(&tx, id).await? {
            None => return Err(IdentityError::not_found("domain", id)),
            Some(domain) if domain.enabled => {
                return Err(IdentityError::forbidden(format!(
                    "Domain {id} is enabled: disable it before you delete it."
                )));
            }
            Some(_) => {}
        }
        store::domain::delete(&tx, id).await?;
        Ok(identity.touch(&tx).await?)
    };
    identity.db().tx(delete).await
}
