//! What guests read about themselves: over the metadata service, and from their configuration drive.
//!
//! # Theory of operation
//! A guest asks 169.254.169.254 for its metadata and shows nothing of itself but its address. The proxy on its node knows
//! the network that the request came from, writes both into headers, and signs them with a secret that it shares with the
//! controllers; nobody else can make that signature, so whoever reaches the controllers' address directly learns nothing.
//! The network service then says which server has the address *now*; only what is gathered about that server is kept for
//! a few seconds, since a guest that boots asks some twenty times.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ferrostack_base::Timestamp;
use ferrostack_contracts::BoundPort;
use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;
use uuid::Uuid;

use crate::{
    Compute, ComputeError,
    model::{GuestFacts, Server, ServerId},
    store,
    wire::guest_metadata::{Found, GuestTree},
};

/// How long what was gathered about a server is good.
const FRESH: Duration = Duration::from_secs(10);
/// About so many servers at most.
const REMEMBERED: usize = 500;
/// Random bytes that a guest gets for its generator.
const SEED: usize = 512;
/// The availability zone of a server that is nowhere.
const NO_ZONE: &str = "nova";

/// Who asks, as the proxy on its node says.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub network: Uuid,
    pub address: IpAddr,
    /// Hex HMAC-SHA256 of `NETWORK\nADDRESS` with the shared secret.
    pub signature: String,
}

/// What was gathered lately.
#[derive(Default)]
pub(crate) struct GuestCache(Mutex<HashMap<ServerId, (Timestamp, Arc<GuestFacts>)>>);

impl GuestCache {
    fn get(&self, id: ServerId, now: Timestamp) -> Option<Arc<GuestFacts>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).filter(|(since, _)| now.since(*since) < FRESH).map(|(_, facts)| facts.clone())
    }

    fn put(&self, facts: Arc<GuestFacts>, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, (since, _)| now.since(*since) < FRESH);
        }
        if known.len() < REMEMBERED {
            known.insert(facts.id, (now, facts));
        }
    }
}

impl Compute {
    /// What the guest finds at that path.
    ///
    /// # Errors
    /// 403 when the signature is wrong, 404 when no server has the address or there is nothing at the path.
    pub(crate) async fn guest_metadata(&self, asker: &Asker, path: &str) -> Result<Found, ComputeError> {
        let missing = || ComputeError::not_found("Metadata", path);
        let id = self.asking_server(asker).await?;
        let facts = match self.guest_cache().get(id, self.now()) {
            Some(facts) => facts,
            None => {
                let server = store::server::get(self.db(), id).await?.filter(|server| !server.deleted);
                let server = server.ok_or_else(missing)?;
                let facts = Arc::new(self.guest_facts(&server, &server.ports, server.host.as_deref()).await?);
                self.guest_cache().put(facts.clone(), self.now());
                facts
            }
        };
        let mut seed = [0; SEED];
        rand::rng().fill_bytes(&mut seed);
        GuestTree::new(&facts, Some(&seed)).find(path).ok_or_else(missing)
    }

    /// The server whose guest asks.
    ///
    /// # Errors
    /// 403 when the signature is wrong, 404 when no server has the address.
    pub(crate) async fn asking_server(&self, asker: &Asker) -> Result<ServerId, ComputeError> {
        self.check_signature(asker)?;
        let found = self.network().server_at(asker.network, asker.address).await?;
        found.map(ServerId).ok_or_else(|| ComputeError::not_found("Server at", asker.address))
    }

    fn check_signature(&self, asker: &Asker) -> Result<(), ComputeError> {
        let wrong = || ComputeError::Forbidden { reason: "The signature of the request is not valid.".to_owned() };
        let secret = self.options().metadata_secret.expose();
        if secret.is_empty() {
            return Err(wrong());
        }
        let claimed = hex::decode(&asker.signature).map_err(|_| wrong())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| wrong())?;
        mac.update(format!("{}\n{}", asker.network, asker.address).as_bytes());
        // Compares in constant time.
        mac.verify_slice(&claimed).map_err(|_| wrong())
    }

    /// The facts about a server that is, or will be, on that host with those ports.
    pub(crate) async fn guest_facts(
        &self,
        server: &Server,
        ports: &[BoundPort],
        host: Option<&str>,
    ) -> Result<GuestFacts, ComputeError> {
        let addresses = match ports {
            [] => Vec::new(),
            _ => self.network().addresses(&[server.id.0]).await?.remove(&server.id.0).unwrap_or_default(),
        };
        let zone = match host {
            Some(host) => store::node::zones(self.db(), &[host]).await?.remove(host),
            None => server.zone.clone(),
        };
        let zone = zone.as_deref().unwrap_or(NO_ZONE);
        Ok(GuestFacts::of(server, ports, zone, &self.options().dhcp_domain, &addresses))
    }

    /// Random bytes for a guest's configuration drive: nobody without the secret knows them, and they stay the same
    /// whenever its files are made again.
    pub(crate) fn lasting_seed(&self, server: ServerId) -> Option<Vec<u8>> {
        let secret = self.options().metadata_secret.expose();
        if secret.is_empty() {
            return None;
        }
        let mut seed = Vec::with_capacity(SEED);
        for block in 0u8.. {
            if seed.len() >= SEED {
                break;
            }
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
            mac.update(format!("random seed {block} of {server}").as_bytes());
            seed.extend(mac.finalize().into_bytes());
        }
        Some(seed)
    }
}
