//! Domains: what is wanted in libvirt's words, and what libvirt is asked to do.
//!
//! # Theory of operation
//! A domain's UUID is the server's id. Its metadata names this node and holds the wish it was made from (without the
//! configuration drive), so that it is known as ours, and can be adopted even where the ledger was lost. Definitions are
//! written before each start; a running domain is never redefined under its guest.
//!
//! "Runs already", "is off already" and "no such domain" are the results of a repeated step, not errors of it. A call
//! that timed out may still be carried out by libvirtd; so a removal looks again until nothing is there.

mod description;
mod hardware;
mod power;

use std::{collections::HashMap, time::Duration};

use ferrostack_base::Clock;
use ferrostack_libvirt::{
    DomainConfig, DomainStatus, Event, Libvirt, LibvirtError, ListFilter, Settings, Stop, Undefine, VirtType, XmlKind,
};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::{disk::InstanceFiles, error::NodeError, ledger::Record};

use description::notes;

pub(crate) use description::Notes;
pub(crate) use power::{Seen, is_on};

/// The longest that one call may take; QEMU's start on a busy machine is the slowest.
const CALL: Duration = Duration::from_secs(90);
/// How often a removal looks whether everything is gone.
const LOOKS: usize = 5;

/// The node's domains; clones share the connection.
#[derive(Clone)]
pub(crate) struct Domains {
    libvirt: Libvirt,
    node: String,
    virt_type: VirtType,
}

impl Domains {
    /// Begins to connect to libvirtd, in the background.
    pub(crate) fn start(clock: Clock, uri: &str, node: String, virt_type: VirtType) -> Self {
        let settings = Settings { calls: 8, call_timeout: CALL, ..Settings::new(uri) };
        Self { libvirt: Libvirt::new(settings, clock), node, virt_type }
    }

    pub(crate) fn libvirt(&self) -> &Libvirt {
        &self.libvirt
    }

    pub(crate) fn virt_type(&self) -> VirtType {
        self.virt_type
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.libvirt.events()
    }

    /// What is wanted, in libvirt's words.
    pub(crate) fn config(
        &self,
        record: &Record,
        files: &InstanceFiles,
        userspace: bool,
    ) -> Result<DomainConfig, NodeError> {
        description::config(&self.node, self.virt_type, record, files, userspace)
    }

    /// Writes the definition. Must not be called for what runs.
    pub(crate) async fn define(&self, config: &DomainConfig) -> Result<(), NodeError> {
        Ok(self.libvirt.define(config).await?)
    }

    /// Starts a defined domain; running already is fine.
    pub(crate) async fn create(&self, server: Uuid) -> Result<(), NodeError> {
        unless_so_already(self.libvirt.create(server).await)
    }

    /// What a domain does; `None` when there is none.
    pub(crate) async fn status(&self, server: Uuid) -> Result<Option<DomainStatus>, NodeError> {
        match self.libvirt.status(server).await {
            Ok(status) => Ok(Some(status)),
            Err(error) if error.is_no_such_domain() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Presses the power button; being off already is fine.
    pub(crate) async fn press_power_button(&self, server: Uuid) -> Result<(), NodeError> {
        unless_so_already(self.libvirt.shutdown(server).await)
    }

    /// Cuts the power; being off already is fine.
    pub(crate) async fn cut_power(&self, server: Uuid) -> Result<(), NodeError> {
        unless_so_already(self.libvirt.destroy(server, Stop::Forced).await)
    }

    /// Lets a paused domain go on; going on already is fine.
    pub(crate) async fn resume(&self, server: Uuid) -> Result<(), NodeError> {
        unless_so_already(self.libvirt.resume(server).await)
    }

    /// Ends a domain's process and keeps its memory for the next start; being off already is fine.
    pub(crate) async fn save(&self, server: Uuid) -> Result<(), NodeError> {
        unless_so_already(self.libvirt.managed_save(server).await)
    }

    /// Ends and undefines a domain of ours; gone already is fine. A foreign one of that id is left alone.
    pub(crate) async fn remove(&self, server: Uuid) -> Result<(), NodeError> {
        for _ in 0..LOOKS {
            match self.is_own(server).await? {
                None => return Ok(()),
                Some(false) => {
                    tracing::warn!(%server, "a domain with the server's id is not ours and is left alone");
                    return Ok(());
                }
                Some(true) => {}
            }
            self.cut_power(server).await?;
            unless_so_already(self.libvirt.undefine(server, Undefine::ALL).await)?;
        }
        Err(NodeError::Away { what: format!("the domain of server {server} comes back again and again") })
    }

    /// Whether a domain is ours; `None` when there is none.
    async fn is_own(&self, server: Uuid) -> Result<Option<bool>, NodeError> {
        match self.libvirt.description(server, XmlKind::Current).await {
            Ok(description) => {
                Ok(Some(description.metadata.is_some_and(|notes| description::is_own(&notes, &self.node))))
            }
            Err(error) if error.is_no_such_domain() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What all domains do, ours and others'.
    pub(crate) async fn all(&self) -> Result<HashMap<Uuid, DomainStatus>, NodeError> {
        let all = self.libvirt.domains(ListFilter::All).await?;
        Ok(all.into_iter().map(|summary| (summary.uuid, summary.status)).collect())
    }

    /// The notes of a domain of ours; `None` when it is not ours, or gone.
    pub(crate) async fn notes(&self, server: Uuid) -> Result<Option<Notes>, NodeError> {
        match self.libvirt.description(server, XmlKind::Current).await {
            Ok(description) => Ok(description
                .metadata
                .filter(|metadata| description::is_own(metadata, &self.node))
                .as_ref()
                .map(notes)),
            Err(error) if error.is_no_such_domain() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn unless_so_already(done: Result<(), LibvirtError>) -> Result<(), NodeError> {
    match done {
        Err(error) if error.is_wrong_state() || error.is_no_such_domain() => Ok(()),
        done => Ok(done?),
    }
}
