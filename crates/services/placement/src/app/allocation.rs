//! Allocations: who has what. A consumer's allocations are always replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_base::Timestamp;
use ferrostack_db::Tx;
use uuid::Uuid;

use crate::{
    Misfit, Placement, PlacementError, begin,
    store::{self, allocation::Held, consumer::ConsumerRow, inventory::Take},
    view::Index,
};

/// So many inventories are changed by one statement.
const TAKES_AT_ONCE: usize = 100;

/// What the caller believes of the consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Belief {
    /// Nothing (before microversion 1.28).
    Any,
    /// It has this generation; none: it has no allocations yet.
    Generation(Option<i64>),
}

/// What a consumer is to have from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) consumer: Uuid,
    pub(crate) project_id: String,
    pub(crate) user_id: String,
    /// None leaves the type as it is.
    pub(crate) consumer_type: Option<String>,
    pub(crate) belief: Belief,
    /// By provider and class; empty takes everything back.
    pub(crate) allocations: BTreeMap<Uuid, BTreeMap<String, i64>>,
}

/// Replaces the allocations of all these consumers, or of none. Requests that arrive together are written together.
pub(crate) async fn replace(placement: &Placement, claims: &[Claim]) -> Result<(), PlacementError> {
    // A look at an index that may be a little old is enough when it knows everything: the write itself checks again.
    if check(&placement.recent_index(), claims).is_err() {
        check(&*placement.index().await?, claims)?;
    }
    // The transaction of an operation's step begins with that step's guard: nobody else's claims may be in it.
    if ferrostack_db::is_guarded() || placement.combiner().join(placement, claims).await.is_err() {
        return write_alone(placement, claims).await;
    }
    Ok(())
}

/// One transaction for these claims.
pub(crate) async fn write_alone(placement: &Placement, claims: &[Claim]) -> Result<(), PlacementError> {
    let (epoch, now) = (placement.ready().await?, placement.now());
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            write(&tx, claims, now).await
        })
        .await
}

/// Refuses providers and classes that do not exist.
pub(crate) fn check(index: &Index, claims: &[Claim]) -> Result<(), PlacementError> {
    for claim in claims {
        for (provider, resources) in &claim.allocations {
            if index.get(*provider).is_none() {
                return Err(PlacementError::invalid(format!(
                    "Allocation for resource provider '{provider}' that does not exist."
                )));
            }
            for class in resources.keys() {
                if index.names().classes.find(class).is_none() {
                    return Err(PlacementError::invalid(format!(
                        "Unable to allocate inventory for consumer {}: No such resource class {class}.",
                        claim.consumer
                    )));
                }
            }
        }
    }
    Ok(())
}

/// A consumer with what it holds, if there is one.
type Known = Option<(ConsumerRow, Vec<Held>)>;

/// What one transaction changes, gathered before anything is written.
#[derive(Default)]
struct Plan<'a> {
    takes: BTreeMap<Uuid, BTreeMap<String, Take>>,
    /// Providers that get a new generation.
    bumped: BTreeSet<Uuid>,
    consumers: Vec<(&'a Claim, Known)>,
}

impl Plan<'_> {
    fn give_back(&mut self, held: &[Held]) {
        for held in held {
            self.takes.entry(held.provider).or_default().entry(held.class.clone()).or_default().change -= held.used;
        }
    }

    fn take(&mut self, provider: Uuid, class: &str, amount: i64) {
        let take = self.takes.entry(provider).or_default().entry(class.to_owned()).or_default();
        take.change += amount;
        take.amounts.push(amount);
    }
}

/// The same inside a transaction that has begun; each consumer once.
pub(crate) async fn write(tx: &Tx, claims: &[Claim], now: Timestamp) -> Result<(), PlacementError> {
    let mut plan = Plan::default();
    let consumers: Vec<Uuid> = claims.iter().map(|claim| claim.consumer).collect();
    let mut found = store::consumer::find_many(tx, &consumers).await?;
    for claim in claims {
        let known = found.remove(&claim.consumer);
        let actual = known.as_ref().map(|(consumer, _)| consumer.generation);
        if let Belief::Generation(given) = claim.belief
            && given != actual
        {
            return Err(PlacementError::StaleConsumer { actual, given });
        }
        if let Some((_, held)) = &known {
            plan.give_back(held);
            if claim.allocations.is_empty() {
                plan.bumped.extend(held.iter().map(|held| held.provider));
            }
        }
        for (provider, resources) in &claim.allocations {
            plan.bumped.insert(*provider);
            for (class, amount) in resources {
                plan.take(*provider, class, *amount);
            }
        }
        plan.consumers.push((claim, known));
    }
    take_all(tx, &plan.takes).await?;
    write_consumers(tx, plan.consumers, now).await?;
    let bumped: Vec<Uuid> = plan.bumped.iter().copied().collect();
    store::provider::bump_all(tx, &bumped, now).await?;
    let stamped: Vec<Uuid> = plan.takes.keys().copied().filter(|provider| !plan.bumped.contains(provider)).collect();
    store::provider::stamp(tx, &stamped).await?;
    Ok(())
}

async fn take_all(tx: &Tx, takes: &BTreeMap<Uuid, BTreeMap<String, Take>>) -> Result<(), PlacementError> {
    let flat: Vec<(Uuid, &str, &Take)> = takes
        .iter()
        .flat_map(|(provider, classes)| classes.iter().map(|(class, take)| (*provider, class.as_str(), take)))
        .collect();
    // A statement has a limit of parameters; a request has no limit of providers.
    for part in flat.chunks(TAKES_AT_ONCE) {
        let changed = store::inventory::take(tx, part).await?;
        if usize::try_from(changed).ok() != Some(part.len()) {
            return Err(misfit(tx, part).await?);
        }
    }
    Ok(())
}

/// Why not all of these changes were possible.
async fn misfit(tx: &Tx, takes: &[(Uuid, &str, &Take)]) -> Result<PlacementError, PlacementError> {
    let mut rows = BTreeMap::new();
    for (provider, _, _) in takes {
        if !rows.contains_key(provider) {
            rows.insert(*provider, store::inventory::list(tx, *provider).await?);
        }
    }
    let row_of = |provider: &Uuid, class: &str| rows.get(provider)?.iter().find(|row| row.class == class);
    for (provider, class, take) in takes {
        let refuse = |why| PlacementError::Misfit { class: (*class).to_owned(), provider: *provider, why };
        let Some(row) = row_of(provider, class) else { return Ok(refuse(Misfit::Missing)) };
        let offer = &row.offer;
        let keeps =
            |amount: &i64| *amount >= offer.min_unit && *amount <= offer.max_unit && amount % offer.step_size == 0;
        if !take.amounts.iter().all(keeps) {
            return Ok(refuse(Misfit::Constraints));
        }
    }
    // The statement has already raised those rows that had room, so this may name one of several classes that are scarce.
    let full = takes.iter().find(|(provider, class, take)| {
        take.change > 0 && row_of(provider, class).is_none_or(|row| row.used + take.change > row.capacity)
    });
    let (provider, class) =
        full.or(takes.first()).map_or((Uuid::nil(), ""), |(provider, class, _)| (*provider, *class));
    Ok(PlacementError::Misfit { class: class.to_owned(), provider, why: Misfit::Capacity })
}

async fn write_consumers(tx: &Tx, consumers: Vec<(&Claim, Known)>, now: Timestamp) -> Result<(), PlacementError> {
    let mut fresh = Vec::new();
    let mut allocations = Vec::new();
    for (claim, known) in consumers {
        let empty = claim.allocations.is_empty();
        match known {
            Some((consumer, held)) => write_known(tx, claim, consumer, &held, now).await?,
            None if empty => {}
            None => fresh.push(ConsumerRow {
                uuid: claim.consumer,
                generation: 1,
                project_id: claim.project_id.clone(),
                user_id: claim.user_id.clone(),
                consumer_type: claim.consumer_type.clone(),
            }),
        }
        for (provider, resources) in &claim.allocations {
            allocations
                .extend(resources.iter().map(|(class, used)| (claim.consumer, *provider, class.as_str(), *used)));
        }
    }
    match store::consumer::insert_many(tx, &fresh, now).await {
        // Somebody else made one of them after we had looked.
        Err(error) if error.is_duplicate() => {
            let names: Vec<String> = fresh.iter().map(|consumer| consumer.uuid.to_string()).collect();
            return Err(PlacementError::Raced { what: format!("consumer {}", names.join(" or ")) });
        }
        other => other?,
    }
    Ok(store::allocation::insert_many(tx, &allocations, now).await?)
}

/// A consumer that is there already: what it held goes; the consumer too when it is to have nothing.
async fn write_known(
    tx: &Tx,
    claim: &Claim,
    mut consumer: ConsumerRow,
    held: &[Held],
    now: Timestamp,
) -> Result<(), PlacementError> {
    if !held.is_empty() {
        store::allocation::delete(tx, claim.consumer).await?;
    }
    let written = if claim.allocations.is_empty() {
        store::consumer::delete(tx, claim.consumer, consumer.generation).await?
    } else {
        consumer.project_id.clone_from(&claim.project_id);
        consumer.user_id.clone_from(&claim.user_id);
        if claim.consumer_type.is_some() {
            consumer.consumer_type.clone_from(&claim.consumer_type);
        }
        store::consumer::update(tx, &consumer, now).await?
    };
    match written {
        true => Ok(()),
        false => Err(PlacementError::Raced { what: format!("consumer {}", claim.consumer) }),
    }
}

/// Takes back all that a consumer has, whatever its generation. `false` when it has nothing.
pub(crate) async fn delete(placement: &Placement, consumer: Uuid) -> Result<bool, PlacementError> {
    if store::consumer::find(placement.db(), consumer).await?.is_none() {
        return Ok(false);
    }
    let epoch = placement.ready().await?;
    placement
        .db()
        .tx(|tx| async move {
            begin(&tx, epoch).await?;
            let Some((known, held)) = store::consumer::find(&tx, consumer).await? else { return Ok(false) };
            let mut plan = Plan::default();
            plan.give_back(&held);
            if !store::consumer::delete(&tx, consumer, known.generation).await? {
                return Err(PlacementError::Raced { what: format!("consumer {consumer}") });
            }
            store::allocation::delete(&tx, consumer).await?;
            take_all(&tx, &plan.takes).await?;
            let providers: Vec<Uuid> = plan.takes.keys().copied().collect();
            store::provider::stamp(&tx, &providers).await?;
            Ok(true)
        })
        .await
}
