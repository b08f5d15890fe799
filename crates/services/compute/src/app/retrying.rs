//! Stuck operations, which wait for an operator's word.

use ferrostack_saga::{OperationId, store::live};

use crate::{Compute, ComputeError, sagas::OPERATION_KINDS};

impl Compute {
    /// Tries a stuck operation of this service again; returns its resource, such as `server 1234`.
    ///
    /// # Errors
    /// 404 when no live operation of this service has that id, 409 when it is not stuck.
    pub async fn retry(&self, id: OperationId) -> Result<String, ComputeError> {
        let operation = live(self.db()).await?.into_iter().find(|operation| operation.id == id);
        let operation = operation.filter(|operation| OPERATION_KINDS.contains(&operation.kind.as_str()));
        let operation = operation.ok_or_else(|| ComputeError::not_found("Operation", id))?;
        if !self.saga().retry(id).await? {
            let kind = operation.kind;
            return Err(ComputeError::conflict(format!(
                "Operation {id} ({kind}) is not stuck; it is {}.",
                operation.state
            )));
        }
        Ok(operation.resource)
    }
}
