//! The right to write into the Northbound database, and one piece of work under it.
//!
//! A session claims the right by writing its token into `NB_Global`. Each of its transactions demands that the token is
//! still there. As it reads the database only after the claim, whatever it writes is at least as new as everything that
//! was written before, by whomever; and whoever lost the right is refused and has to claim, and so to read, again.

use ferrostack_db::DbError;
use ferrostack_ovn::{
    Condition, Contents, Mutation, Mutator, Operation, OvnError, Table, Value,
    northbound::{DATABASE, NbGlobal},
};
use uuid::Uuid;

use super::{
    Difference, Owner, names,
    plan::{self, Mode},
    records::Records,
    status,
};
use crate::{Network, error::NetworkError, ids::PortId};

/// How often work is begun again because another session took the right meanwhile.
const ATTEMPTS: usize = 5;

/// What a piece of work found.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What was different.
    pub(super) differences: Vec<Difference>,
    /// Ports whose status in the database is not what OVN says: whether they are up.
    pub(super) statuses: Vec<(PortId, bool)>,
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    token: String,
}

impl Session {
    pub(super) fn new() -> Self {
        Self { token: Uuid::new_v4().to_string() }
    }

    /// Brings the rows of these owners to what the database says, as one transaction.
    ///
    /// # Errors
    /// Nothing was done then, except after [`OvnError::ConnectionLost`]: then it is all or nothing.
    pub(super) async fn carry_out(
        &self,
        network: &Network,
        owners: &[Owner],
        mode: Mode,
    ) -> Result<Outcome, NetworkError> {
        let northbound = network.northbound();
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            self.claim(network).await?;
            let records = Records::load(network, owners).await?;
            let translations = records.translate(network.options());
            let mut plan = northbound.replica().read(|contents| plan::compare(contents, &translations, mode))?;
            let differences = std::mem::take(&mut plan.differences);
            if !plan.is_empty() {
                match northbound.transact(&plan.into_operations(self.fence())).await {
                    Err(error) if error.is_stale() && left > 0 => continue,
                    done => drop(done?),
                }
            }
            return Ok(Outcome { differences, statuses: status::differing(network, records.ports.values()) });
        }
    }

    /// What [`Self::carry_out`] would do.
    pub(super) async fn look(network: &Network, owners: &[Owner]) -> Result<Outcome, NetworkError> {
        let records = Records::load(network, owners).await?;
        let translations = records.translate(network.options());
        let compare = |contents: &Contents| plan::compare(contents, &translations, Mode::Full);
        let differences = network.northbound().replica().read(compare)?.differences;
        Ok(Outcome { differences, statuses: status::differing(network, records.ports.values()) })
    }

    pub(super) fn fence(&self) -> Operation {
        Operation::require(NbGlobal::TABLE, [Condition::includes("external_ids", names::SESSION, &self.token)])
    }

    async fn claim(&self, network: &Network) -> Result<(), OvnError> {
        let northbound = network.northbound();
        let global = |contents: &Contents| {
            let found = contents.rows(NbGlobal::TABLE).next();
            found.map(|(uuid, row)| (uuid, row.external_id(names::SESSION) == Some(&self.token)))
        };
        let (uuid, is_ours) = match northbound.replica().read(global) {
            Some(found) => found,
            // An empty copy while there is no connection says nothing about the server.
            None if !northbound.is_connected() => (Uuid::nil(), false),
            None => {
                return Err(OvnError::Missing {
                    database: DATABASE.to_owned(),
                    what: format!("row of {}", NbGlobal::TABLE),
                });
            }
        };
        if is_ours {
            return Ok(());
        }
        let key = Value::atom(names::SESSION);
        let pair = Value::map([(names::SESSION.into(), self.token.as_str().into())]);
        let mutations =
            [Mutation::new("external_ids", Mutator::Delete, key), Mutation::new("external_ids", Mutator::Insert, pair)];
        northbound.transact(&[Operation::mutate(NbGlobal::TABLE, [Condition::uuid(uuid)], mutations)]).await.map(drop)
    }
}

/// Whether the error may be one resource's alone, so that others should be tried without it.
pub(super) fn is_about_resources(error: &NetworkError) -> bool {
    match error {
        NetworkError::Ovn(error) => !matches!(
            error,
            OvnError::Connect { .. }
                | OvnError::ConnectionLost { .. }
                | OvnError::NotConnected { .. }
                | OvnError::Read(_)
        ),
        NetworkError::Db(error) => matches!(error, DbError::Decode { .. }),
        _ => true,
    }
}
