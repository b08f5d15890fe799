//! Resources.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use ferrostack_contracts::{
    Candidate, CandidateQuery, ContractError, ErrorKind, Placement, ProviderSpec, Reply, Resources,
};
use uuid::Uuid;

/// Providers and what consumers have of them.
#[derive(Debug, Default)]
pub struct FakePlacement(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    providers: BTreeMap<Uuid, ProviderSpec>,
    allocations: HashMap<Uuid, (Uuid, Resources)>,
}

impl FakePlacement {
    /// Who has something of whom.
    pub fn allocations(&self) -> HashMap<Uuid, Uuid> {
        self.lock().allocations.iter().map(|(consumer, (provider, _))| (*consumer, *provider)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "capacities are small")]
    fn free(&self, provider: &ProviderSpec, except: Option<Uuid>) -> Resources {
        let inventory = provider.inventories.iter();
        let capacity = inventory
            .map(|(class, has)| (class.clone(), ((has.total - has.reserved) as f64 * has.allocation_ratio) as i64));
        let mut free: Resources = capacity.collect();
        for (consumer, (of, resources)) in &self.allocations {
            if *of == provider.id && Some(*consumer) != except {
                for (class, amount) in resources {
                    *free.entry(class.clone()).or_default() -= amount;
                }
            }
        }
        free
    }

    fn fits(free: &Resources, wanted: &Resources) -> bool {
        wanted.iter().all(|(class, amount)| free.get(class).is_some_and(|free| free >= amount))
    }
}

impl Placement for FakePlacement {
    fn ensure_provider<'a>(&'a self, spec: &'a ProviderSpec) -> Reply<'a, ()> {
        Box::pin(async {
            self.lock().providers.insert(spec.id, spec.clone());
            Ok(())
        })
    }

    fn candidates<'a>(&'a self, query: &'a CandidateQuery) -> Reply<'a, Vec<Candidate>> {
        Box::pin(async {
            let state = self.lock();
            let all = state.providers.values().map(|provider| (provider, state.free(provider, None)));
            let fit = all.filter(|(provider, free)| {
                State::fits(free, &query.resources)
                    && query.required.is_subset(&provider.traits)
                    && query.forbidden.is_disjoint(&provider.traits)
            });
            Ok(fit
                .map(|(provider, free)| Candidate { provider: provider.id, name: provider.name.clone(), free })
                .collect())
        })
    }

    fn claim<'a>(
        &'a self,
        consumer: Uuid,
        provider: Uuid,
        resources: &'a Resources,
        _: &'a str,
        _: &'a str,
    ) -> Reply<'a, ()> {
        Box::pin(async move {
            let mut state = self.lock();
            let spec = state
                .providers
                .get(&provider)
                .ok_or_else(|| ContractError::not_found("Resource provider", provider))?;
            if !State::fits(&state.free(spec, Some(consumer)), resources) {
                return Err(ContractError::new(ErrorKind::Exhausted, format!("{} has no room any more", spec.name)));
            }
            state.allocations.insert(consumer, (provider, resources.clone()));
            Ok(())
        })
    }

    fn release(&self, consumer: Uuid) -> Reply<'_, ()> {
        Box::pin(async move {
            self.lock().allocations.remove(&consumer);
            Ok(())
        })
    }

    fn consumers(&self, provider: Uuid) -> Reply<'_, Vec<Uuid>> {
        Box::pin(async move {
            let state = self.lock();
            Ok(state.allocations.iter().filter(|(_, (of, _))| *of == provider).map(|(consumer, _)| *consumer).collect())
        })
    }
}
