//! A server's metadata.

use std::collections::BTreeMap;

use crate::{Compute, ComputeError, model::ServerId, store};

/// What happens to the items.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// These are all.
    Replace(BTreeMap<String, String>),
    /// These are added or take the place of others of the same key.
    Merge(BTreeMap<String, String>),
    /// This one goes.
    Remove(String),
}

impl Compute {
    /// Changes the server's metadata; returns all of it.
    ///
    /// # Errors
    /// 403 above the limit, 404 for a key that is not there.
    pub(crate) async fn change_metadata(
        &self,
        id: ServerId,
        change: &Change,
    ) -> Result<BTreeMap<String, String>, ComputeError> {
        let now = self.now();
        self.db()
            .tx(|tx| async move {
                let found = store::server::lock(&tx, id).await?;
                let mut items = found.ok_or_else(|| ComputeError::not_found("Server", id))?.metadata;
                match change {
                    Change::Replace(all) => items = all.clone(),
                    Change::Merge(some) => items.extend(some.clone()),
                    Change::Remove(key) => {
                        items.remove(key).ok_or_else(|| ComputeError::not_found("Metadata item", key))?;
                    }
                }
                self.check_metadata(&items)?;
                store::server::update_metadata(&tx, id, &items, now).await?;
                Ok(items)
            })
            .await
    }

    /// Whether there are not too many items.
    pub(crate) fn check_metadata(&self, items: &BTreeMap<String, String>) -> Result<(), ComputeError> {
        let limit = self.options().quotas.metadata_items;
        let wanted = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if limit >= 0 && wanted > limit {
            return Err(ComputeError::OverQuota { resource: "metadata_items".to_owned(), wanted, used: 0, limit });
        }
        Ok(())
    }
}
