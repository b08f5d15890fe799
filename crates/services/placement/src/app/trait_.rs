//! Traits: the standard ones, custom ones that come and go, and those of providers.

use uuid::Uuid;

use crate::{
    Placement, PlacementError, begin,
    names::is_custom,
    store::{self, name::NameKind},
    view::{Index, Provider},
};

/// The numbers of the traits.
pub(crate) fn numbers(index: &Index, names: &[String]) -> Result<Vec<u32>, PlacementError> {
    let unknown: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| index.names().traits.find(name).is_none()).collect();
    if !unknown.is_empty() {
        return Err(PlacementError::invalid(format!("No such trait(s): {}.", unknown.join(", "))));
    }
    Ok(names.iter().filter_map(|name| index.names().traits.find(name)).collect())
}

/// Makes a custom trait. `false` when it exists already.
pub(crate) async fn create(placement: &Placement, name: &str) -> Result<bool, PlacementError> {
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            Ok(store::name::insert(&tx, NameKind::Trait, name, now).await?)
        })
        .await
}

/// Deletes a custom trait that no provider has.
pub(crate) async fn delete(placement: &Placement, name: &str) -> Result<(), PlacementError> {
    let unknown = || PlacementError::missing(format!("No such trait(s): {name}."));
    if placement.index().await?.names().traits.find(name).is_none() {
        return Err(unknown());
    }
    if !is_custom(name) {
        return Err(PlacementError::invalid(format!("Cannot delete standard trait {name}.")));
    }
    let epoch = placement.ready().await?;
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            if store::name::trait_in_use(&tx, name).await? {
                let message = format!("The trait {name} is in use by a resource provider.");
                return Err(PlacementError::NameConflict { message });
            }
            if store::name::delete(&tx, NameKind::Trait, name).await? { Ok(()) } else { Err(unknown()) }
        })
        .await
}

/// Replaces the traits of a provider whose generation is `expected`; the generation afterwards. Nothing is written when
/// it has exactly these traits already.
pub(crate) async fn set(
    placement: &Placement,
    provider: Uuid,
    expected: i64,
    traits: &[String],
) -> Result<i64, PlacementError> {
    let index = placement.index().await?;
    let known = index.get(provider).ok_or_else(|| PlacementError::NoProvider { uuid: provider.to_string() })?;
    if known.generation != expected {
        return Err(PlacementError::StaleProvider { uuid: provider, actual: known.generation, given: expected });
    }
    let unknown: Vec<&str> =
        traits.iter().map(String::as_str).filter(|name| index.names().traits.find(name).is_none()).collect();
    if !unknown.is_empty() {
        return Err(PlacementError::invalid(format!("No such trait {}", unknown.join(", "))));
    }
    let mut wanted = traits.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted == names_of(&index, known) {
        return Ok(expected);
    }
    let (epoch, now, wanted) = (placement.ready().await?, placement.now(), &wanted);
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            let customs: Vec<&str> = wanted.iter().map(String::as_str).filter(|name| is_custom(name)).collect();
            if !customs.is_empty() && store::name::count(&tx, NameKind::Trait, &customs).await? < customs.len() {
                return Err(PlacementError::Raced { what: "a custom trait".to_owned() });
            }
            if !store::provider::set_traits(&tx, provider, expected, wanted, now).await? {
                return Err(PlacementError::Raced { what: format!("resource provider {provider}") });
            }
            Ok(expected + 1)
        })
        .await
}

/// The names of a provider's traits, sorted.
pub(crate) fn names_of(index: &Index, provider: &Provider) -> Vec<String> {
    let mut names: Vec<String> =
        provider.traits.iter().map(|number| index.names().traits.name(*number).to_owned()).collect();
    names.sort_unstable();
    names
}
