//! The aggregates of providers.

use uuid::Uuid;

use crate::{Placement, PlacementError, begin, store};

/// Replaces a provider's aggregates. With `expected` (microversion 1.19) its generation must be that, and is raised;
/// without, it stays. The generation afterwards.
pub(crate) async fn set(
    placement: &Placement,
    provider: Uuid,
    expected: Option<i64>,
    aggregates: &[Uuid],
) -> Result<i64, PlacementError> {
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            let row = store::provider::find(&tx, provider).await?;
            let row = row.ok_or_else(|| PlacementError::NoProvider { uuid: provider.to_string() })?;
            if let Some(given) = expected.filter(|given| *given != row.generation) {
                return Err(PlacementError::StaleProvider { uuid: provider, actual: row.generation, given });
            }
            if !store::provider::set_aggregates(&tx, provider, expected, aggregates, now).await? {
                return Err(PlacementError::Raced { what: format!("resource provider {provider}") });
            }
            Ok(row.generation + i64::from(expected.is_some()))
        })
        .await
}
