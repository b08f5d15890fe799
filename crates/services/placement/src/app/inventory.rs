//! Inventories: what providers have.

use std::collections::BTreeMap;

use ferrostack_base::Timestamp;
use ferrostack_db::Tx;
use uuid::Uuid;

use crate::{
    Placement, PlacementError, begin,
    store::{self, inventory::Offer},
    view::Index,
};

/// Offers by the names of their classes.
pub(crate) type Offers = BTreeMap<String, Offer>;

/// Refuses inventories of which nothing could be given away; `before` begins the message. Reserving all of it is allowed
/// since microversion 1.26.
pub(crate) fn check_capacity(offers: &Offers, may_reserve_all: bool, before: &str) -> Result<(), PlacementError> {
    for (class, offer) in offers {
        let capacity = offer.capacity();
        if capacity < 0 || (capacity == 0 && !may_reserve_all) {
            let than = if may_reserve_all { "greater than total" } else { "greater than or equal to total" };
            return Err(PlacementError::invalid(format!(
                "{before}: {class} has {} reserved, which is {than} ({}).",
                offer.reserved, offer.total
            )));
        }
    }
    Ok(())
}

/// Refuses classes that do not exist; `before` begins the message.
pub(crate) fn check_classes<'a>(
    index: &Index,
    classes: impl Iterator<Item = &'a str>,
    before: &str,
) -> Result<(), PlacementError> {
    for class in classes {
        if index.names().classes.find(class).is_none() {
            return Err(PlacementError::invalid(format!("{before}: No such resource class {class}.")));
        }
    }
    Ok(())
}

async fn expect_generation(
    tx: &Tx,
    provider: Uuid,
    expected: Option<i64>,
    now: Timestamp,
) -> Result<i64, PlacementError> {
    let row = store::provider::find(tx, provider).await?;
    let row = row.ok_or_else(|| PlacementError::NoProvider { uuid: provider.to_string() })?;
    if let Some(given) = expected.filter(|given| *given != row.generation) {
        return Err(PlacementError::StaleProvider { uuid: provider, actual: row.generation, given });
    }
    if !store::provider::bump(tx, provider, Some(row.generation), now).await? {
        return Err(PlacementError::Raced { what: format!("resource provider {provider}") });
    }
    Ok(row.generation + 1)
}

/// Adds the missing ones of these inventories and changes the others. What else the provider has stays.
pub(crate) async fn write(tx: &Tx, provider: Uuid, offers: &Offers, now: Timestamp) -> Result<(), PlacementError> {
    let known = store::inventory::list(tx, provider).await?;
    let mut missing: Vec<(&str, &Offer)> = Vec::new();
    for (class, offer) in offers {
        match known.iter().find(|row| row.class == *class) {
            None => missing.push((class, offer)),
            Some(row) if row.offer == *offer => {}
            Some(_) => drop(store::inventory::update(tx, provider, class, offer, now).await?),
        }
    }
    store::inventory::insert(tx, provider, &missing, now).await?;
    Ok(())
}

/// Deletes all inventories but those of `offers`.
pub(crate) async fn prune(tx: &Tx, index: &Index, provider: Uuid, offers: &Offers) -> Result<(), PlacementError> {
    let mut used: Vec<String> = Vec::new();
    for row in store::inventory::list(tx, provider).await? {
        if !offers.contains_key(&row.class) && !store::inventory::delete_unused(tx, provider, &row.class).await? {
            used.push(row.class);
        }
    }
    if used.is_empty() {
        return Ok(());
    }
    used.sort_by_key(|class| index.names().classes.find(class));
    Err(PlacementError::InventoryInUse { classes: used.join(", "), provider })
}

/// Makes `offers` all that the provider has, if its generation is `expected` (when that is given). The generation
/// afterwards.
pub(crate) async fn set_all(
    placement: &Placement,
    provider: Uuid,
    expected: Option<i64>,
    offers: &Offers,
) -> Result<i64, PlacementError> {
    let (index, epoch, now) = (&placement.index().await?, placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            let generation = expect_generation(&tx, provider, expected, now).await?;
            prune(&tx, index, provider, offers).await?;
            write(&tx, provider, offers, now).await?;
            Ok(generation)
        })
        .await
}

/// Adds one inventory. The generation afterwards.
pub(crate) async fn create(
    placement: &Placement,
    provider: Uuid,
    class: &str,
    offer: &Offer,
) -> Result<i64, PlacementError> {
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            let generation = expect_generation(&tx, provider, None, now).await?;
            if store::inventory::list(&tx, provider).await?.iter().any(|row| row.class == class) {
                return Err(PlacementError::Raced {
                    what: format!("inventory {class} of resource provider {provider}"),
                });
            }
            store::inventory::insert(&tx, provider, &[(class, offer)], now).await?;
            Ok(generation)
        })
        .await
}

/// Changes one inventory. The generation afterwards.
pub(crate) async fn update(
    placement: &Placement,
    provider: Uuid,
    expected: i64,
    class: &str,
    offer: &Offer,
) -> Result<i64, PlacementError> {
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            let generation = expect_generation(&tx, provider, Some(expected), now).await?;
            if !store::inventory::update(&tx, provider, class, offer, now).await? {
                return Err(PlacementError::invalid(format!(
                    "No inventory record with resource class {class}: {provider} has none that could be changed."
                )));
            }
            Ok(generation)
        })
        .await
}

/// Deletes one inventory that nobody uses.
pub(crate) async fn delete(placement: &Placement, provider: Uuid, class: &str) -> Result<(), PlacementError> {
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            expect_generation(&tx, provider, None, now).await?;
            if store::inventory::delete_unused(&tx, provider, class).await? {
                return Ok(());
            }
            if store::inventory::list(&tx, provider).await?.iter().any(|row| row.class == class) {
                return Err(PlacementError::InventoryInUse { classes: class.to_owned(), provider });
            }
            Err(PlacementError::missing(format!("No inventory of class {class} found for delete")))
        })
        .await
}
