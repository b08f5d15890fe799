//! Resource classes: the standard ones, and custom ones that come and go.

use crate::{
    Placement, PlacementError, begin,
    names::is_custom,
    store::{self, name::NameKind},
    view::Index,
    wire::query::Resources,
};

/// The numbers of the classes, with their amounts.
pub(crate) fn numbers(index: &Index, resources: &Resources) -> Result<Vec<(u32, i64)>, PlacementError> {
    let number = |(name, amount): &(String, i64)| match index.names().classes.find(name) {
        Some(class) => Ok((class, *amount)),
        None => Err(PlacementError::invalid(format!(
            "Invalid resource class in resources parameter: No such resource class {name}."
        ))),
    };
    resources.iter().map(number).collect()
}

/// Makes a custom class. `false` when it exists already.
pub(crate) async fn create(placement: &Placement, name: &str) -> Result<bool, PlacementError> {
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            Ok(store::name::insert(&tx, NameKind::Class, name, now).await?)
        })
        .await
}

/// Renames a custom class.
pub(crate) async fn rename(placement: &Placement, old: &str, new: &str) -> Result<(), PlacementError> {
    let index = placement.index().await?;
    if index.names().classes.find(old).is_none() {
        return Err(PlacementError::no_class(old));
    }
    if !is_custom(old) {
        return Err(PlacementError::invalid(format!("Cannot update standard resource class {old}")));
    }
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            if store::name::count(&tx, NameKind::Class, &[new]).await? > 0 {
                return Err(PlacementError::NameConflict { message: format!("Resource class already exists: {new}") });
            }
            if !store::name::rename_class(&tx, old, new, now).await? {
                return Err(PlacementError::no_class(old));
            }
            Ok(())
        })
        .await
}

/// Deletes a custom class that no inventory is of.
pub(crate) async fn delete(placement: &Placement, name: &str) -> Result<(), PlacementError> {
    let index = placement.index().await?;
    if index.names().classes.find(name).is_none() {
        return Err(PlacementError::no_class(name));
    }
    if !is_custom(name) {
        return Err(PlacementError::invalid(format!("Cannot delete standard resource class {name}.")));
    }
    let epoch = placement.ready().await?;
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            if store::name::class_in_use(&tx, name).await? {
                let message = format!("Error in delete resource class {name}: Class is in use in inventory.");
                return Err(PlacementError::NameConflict { message });
            }
            if !store::name::delete(&tx, NameKind::Class, name).await? {
                return Err(PlacementError::no_class(name));
            }
            Ok(())
        })
        .await
}
