//! The reshaper: inventories move between providers together with the allocations on them, all at once or not at all.
//!
//! Within the transaction first everything new is added, then allocations are replaced, then what is gone is deleted, so
//! that no allocation is ever without its inventory.

use std::collections::BTreeMap;

use ferrostack_db::Tx;
use uuid::Uuid;

use super::{
    allocation::{self, Claim},
    inventory::{self, Offers},
};
use crate::{Placement, PlacementError, begin, error::PROVIDER_NOT_FOUND, store};

/// What providers are to have; each with the generation that the caller knows.
pub(crate) type Shapes = BTreeMap<Uuid, (i64, Offers)>;

/// Replaces the inventories of all these providers and the allocations of all these consumers.
pub(crate) async fn reshape(placement: &Placement, shapes: &Shapes, claims: &[Claim]) -> Result<(), PlacementError> {
    let index = &placement.index().await?;
    for (provider, (_, offers)) in shapes {
        if index.get(*provider).is_none() {
            let message = format!("inventories: there is no resource provider {provider}.");
            return Err(PlacementError::bad(PROVIDER_NOT_FOUND, message));
        }
        inventory::check_classes(index, offers.keys().map(String::as_str), "inventories")?;
    }
    allocation::check(index, claims)?;
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            expect_generations(&tx, shapes).await?;
            for (provider, (_, offers)) in shapes.iter().filter(|(_, (_, offers))| !offers.is_empty()) {
                inventory::write(&tx, *provider, offers, now).await?;
                store::provider::bump(&tx, *provider, None, now).await?;
            }
            allocation::write(&tx, claims, now).await?;
            for (provider, (_, offers)) in shapes {
                inventory::prune(&tx, index, *provider, offers).await?;
                store::provider::bump(&tx, *provider, None, now).await?;
            }
            Ok(())
        })
        .await
}

async fn expect_generations(tx: &Tx, shapes: &Shapes) -> Result<(), PlacementError> {
    let providers: Vec<Uuid> = shapes.keys().copied().collect();
    let actual: BTreeMap<Uuid, i64> = store::provider::generations(tx, &providers).await?.into_iter().collect();
    for (provider, (given, _)) in shapes {
        match actual.get(provider) {
            Some(actual) if actual == given => {}
            Some(actual) => {
                return Err(PlacementError::StaleProvider { uuid: *provider, actual: *actual, given: *given });
            }
            None => return Err(PlacementError::Raced { what: format!("resource provider {provider}") }),
        }
    }
    Ok(())
}
