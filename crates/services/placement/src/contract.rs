//! What compute is told and allowed: [`ferrostack_contracts::Placement`].

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_contracts::{Candidate, CandidateQuery, ContractError, Inventory, ProviderSpec, Reply, Resources};
use uuid::Uuid;

use crate::{
    Placement, PlacementError, app,
    app::{
        allocation::{Belief, Claim},
        inventory::Offers,
    },
    names::{CUSTOM, is_custom},
    store::{self, inventory::Offer},
    view::{Index, Provider},
};

/// Writes that lose against others are tried so often.
const ATTEMPTS: usize = 10;

/// The type of servers as consumers.
const INSTANCE: &str = "INSTANCE";

impl ferrostack_contracts::Placement for Placement {
    fn ensure_provider<'a>(&'a self, spec: &'a ProviderSpec) -> Reply<'a, ()> {
        Box::pin(async move { Ok(retried(|| ensure_provider(self, spec)).await?) })
    }

    fn candidates<'a>(&'a self, query: &'a CandidateQuery) -> Reply<'a, Vec<Candidate>> {
        Box::pin(async move { Ok(candidates(&*self.index().await?, query, self.options().randomize_candidates)?) })
    }

    fn claim<'a>(
        &'a self,
        consumer: Uuid,
        provider: Uuid,
        resources: &'a Resources,
        project_id: &'a str,
        user_id: &'a str,
    ) -> Reply<'a, ()> {
        Box::pin(async move {
            if self.recent_index().get(provider).is_none() && self.index().await?.get(provider).is_none() {
                return Err(ContractError::not_found("Resource provider", provider));
            }
            let claim = Claim {
                consumer,
                project_id: project_id.to_owned(),
                user_id: user_id.to_owned(),
                consumer_type: Some(INSTANCE.to_owned()),
                belief: Belief::Any,
                allocations: BTreeMap::from([(provider, resources.clone())]),
            };
            Ok(retried(|| claim_once(self, &claim)).await?)
        })
    }

    fn release(&self, consumer: Uuid) -> Reply<'_, ()> {
        Box::pin(async move { Ok(retried(|| release_once(self, consumer)).await?) })
    }

    fn consumers(&self, provider: Uuid) -> Reply<'_, Vec<Uuid>> {
        Box::pin(async move { Ok(store::allocation::list_consumers(self.db(), provider).await?) })
    }
}

/// Runs it again, from reading on, when somebody else was faster.
async fn retried<F: Future<Output = Result<(), PlacementError>>>(run: impl Fn() -> F) -> Result<(), PlacementError> {
    for _ in 1..ATTEMPTS {
        match run().await {
            Err(
                PlacementError::Raced { .. }
                | PlacementError::StaleProvider { .. }
                | PlacementError::StaleConsumer { .. },
            ) => {}
            other => return other,
        }
    }
    run().await
}

/// Claims unless the consumer has exactly this already.
async fn claim_once(placement: &Placement, claim: &Claim) -> Result<(), PlacementError> {
    if let Some((consumer, held)) = store::consumer::find(placement.db(), claim.consumer).await? {
        let mut allocations: BTreeMap<Uuid, BTreeMap<String, i64>> = BTreeMap::new();
        for held in held {
            allocations.entry(held.provider).or_default().insert(held.class, held.used);
        }
        let same_owner = consumer.project_id == claim.project_id && consumer.user_id == claim.user_id;
        if allocations == claim.allocations && same_owner && consumer.consumer_type == claim.consumer_type {
            return Ok(());
        }
    }
    app::allocation::replace(placement, std::slice::from_ref(claim)).await
}

async fn release_once(placement: &Placement, consumer: Uuid) -> Result<(), PlacementError> {
    app::allocation::delete(placement, consumer).await.map(drop)
}

/// Makes the provider known, then brings its name, inventories and traits up to date, each only where it differs.
/// Custom traits and inventories of custom classes are the operator's: they stay.
async fn ensure_provider(placement: &Placement, spec: &ProviderSpec) -> Result<(), PlacementError> {
    match placement.index().await?.get(spec.id) {
        None => drop(app::provider::create(placement, spec.id, &spec.name, None).await?),
        Some(known) if known.name != spec.name => {
            drop(app::provider::update(placement, spec.id, &spec.name, None, false).await?)
        }
        Some(_) => {}
    }
    for name in spec.traits.iter().filter(|name| is_custom(name)) {
        if placement.index().await?.names().traits.find(name).is_none() {
            app::trait_::create(placement, name).await?;
        }
    }
    let index = placement.index().await?;
    let Some(known) = index.get(spec.id) else {
        return Err(PlacementError::Raced { what: format!("resource provider {}", spec.id) });
    };
    let wanted = wanted_inventories(&index, known, &spec.inventories);
    let mut generation = known.generation;
    if wanted != inventories_of(&index, known) {
        app::inventory::check_classes(
            &index,
            wanted.keys().map(String::as_str),
            "Unknown resource class in inventory",
        )?;
        generation = app::inventory::set_all(placement, spec.id, Some(generation), &wanted).await?;
    }
    let traits = wanted_traits(&index, known, &spec.traits);
    app::trait_::set(placement, spec.id, generation, &traits).await?;
    Ok(())
}

fn inventories_of(index: &Index, provider: &Provider) -> Offers {
    let name = |class| index.names().classes.name(class).to_owned();
    provider.stocks.iter().map(|stock| (name(stock.class), stock.offer.clone())).collect()
}

fn wanted_inventories(index: &Index, known: &Provider, described: &BTreeMap<String, Inventory>) -> Offers {
    let mut wanted: Offers =
        inventories_of(index, known).into_iter().filter(|(class, _)| class.starts_with(CUSTOM)).collect();
    for (class, inventory) in described {
        let Inventory { total, reserved, min_unit, max_unit, step_size, allocation_ratio } = inventory.clone();
        wanted.insert(class.clone(), Offer { total, reserved, min_unit, max_unit, step_size, allocation_ratio });
    }
    wanted
}

fn wanted_traits(index: &Index, known: &Provider, described: &BTreeSet<String>) -> Vec<String> {
    let mut wanted = described.clone();
    wanted.extend(app::trait_::names_of(index, known).into_iter().filter(|name| is_custom(name)));
    wanted.into_iter().collect()
}

/// The providers that have room for all of it by themselves.
fn candidates(index: &Index, query: &CandidateQuery, randomize: bool) -> Result<Vec<Candidate>, PlacementError> {
    let wanted: Vec<(String, i64)> = query.resources.iter().map(|(class, amount)| (class.clone(), *amount)).collect();
    let resources = app::resource_class::numbers(index, &wanted)?;
    let required: Vec<String> = query.required.iter().cloned().collect();
    let required: Vec<Vec<u32>> =
        app::trait_::numbers(index, &required)?.into_iter().map(|number| vec![number]).collect();
    let forbidden: Vec<String> = query.forbidden.iter().cloned().collect();
    let forbidden = app::trait_::numbers(index, &forbidden)?;
    let member_of = if query.member_of.is_empty() { Vec::new() } else { vec![query.member_of.clone()] };
    let fits = |provider: &&Provider| {
        resources.iter().all(|(class, amount)| provider.fits(*class, *amount))
            && provider.has_traits(&required, &forbidden)
            && provider.in_aggregates(&member_of)
    };
    let start = if randomize && index.len() > 0 { rand::random::<u32>() as usize % index.len() } else { 0 };
    let rotated = index
        .iter()
        .skip_while(|(slot, _)| (*slot as usize) < start)
        .chain(index.iter().take_while(|(slot, _)| (*slot as usize) < start));
    let free = |provider: &Provider| {
        let name = |class| index.names().classes.name(class).to_owned();
        provider.stocks.iter().map(|stock| (name(stock.class), stock.capacity - stock.used)).collect()
    };
    let found = rotated.map(|(_, provider)| &**provider).filter(fits).take(query.limit.unwrap_or(usize::MAX));
    Ok(found
        .map(|provider| Candidate { provider: provider.uuid, name: provider.name.clone(), free: free(provider) })
        .collect())
}
