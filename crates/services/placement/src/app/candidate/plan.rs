//! A request in numbers.

use uuid::Uuid;

use super::Request;
use crate::{
    PlacementError, app,
    view::{Index, Provider, Slot},
};

/// A request that can be searched for.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) filters: Vec<Filter>,
    pub(super) levels: Vec<Level>,
    pub(super) isolate: bool,
    pub(super) root_required: Vec<Vec<u32>>,
    pub(super) root_forbidden: Vec<u32>,
    pub(super) same_subtrees: Vec<Vec<usize>>,
    pub(super) nested: bool,
    /// Classes that any group asks for.
    pub(crate) classes: Vec<u32>,
}

/// What a group asks of its providers.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) granular: bool,
    pub(super) required: Vec<Vec<u32>>,
    pub(super) forbidden: Vec<u32>,
    pub(super) member_of: Vec<Vec<Uuid>>,
    pub(super) forbidden_aggregates: Vec<Uuid>,
    /// The root of the only tree that may meet it.
    pub(super) tree: Option<Slot>,
}

/// A choice of one provider.
#[derive(Debug)]
pub(super) struct Level {
    /// Its group's place.
    pub(super) group: usize,
    /// Classes and amounts.
    pub(super) amounts: Vec<(u32, i64)>,
    /// Whether it is the last of its group.
    pub(super) closes: bool,
}

impl Plan {
    /// `None` when nothing can meet the request, since a tree that it names does not exist.
    ///
    /// # Errors
    /// 400 for classes and traits that do not exist.
    pub(crate) fn of(index: &Index, request: &Request) -> Result<Option<Self>, PlacementError> {
        let any = |names: &Vec<String>| app::trait_::numbers(index, names);
        let mut plan = Self {
            filters: Vec::new(),
            levels: Vec::new(),
            isolate: request.isolate,
            root_required: Vec::new(),
            root_forbidden: app::trait_::numbers(index, &request.root_forbidden)?,
            same_subtrees: request.same_subtrees.clone(),
            nested: request.nested,
            classes: Vec::new(),
        };
        plan.root_required =
            app::trait_::numbers(index, &request.root_required)?.into_iter().map(|number| vec![number]).collect();
        let mut possible = true;
        for (place, group) in request.groups.iter().enumerate() {
            let amounts = app::resource_class::numbers(index, &group.resources)?;
            let tree = group.in_tree.map(|uuid| index.slot(uuid).map(|slot| index.topology().root(slot)));
            possible &= tree != Some(None);
            let granular = !group.suffix.is_empty();
            plan.filters.push(Filter {
                granular,
                required: group.required.iter().map(any).collect::<Result<_, _>>()?,
                forbidden: app::trait_::numbers(index, &group.forbidden)?,
                member_of: group.member_of.clone(),
                forbidden_aggregates: group.forbidden_aggregates.clone(),
                tree: tree.flatten(),
            });
            plan.classes.extend(amounts.iter().map(|(class, _)| *class));
            if granular {
                plan.levels.push(Level { group: place, amounts, closes: true });
            } else {
                let last = amounts.len();
                let each = amounts.into_iter().enumerate();
                plan.levels.extend(each.map(|(nth, amount)| Level {
                    group: place,
                    amounts: vec![amount],
                    closes: nth + 1 == last,
                }));
            }
        }
        Ok(possible.then_some(plan))
    }
}

impl Level {
    pub(super) fn fits(&self, provider: &Provider) -> bool {
        self.amounts.iter().all(|(class, amount)| provider.fits(*class, *amount))
    }
}
