//! Allocation candidates: all ways in which a request can be met.
//!
//! # Theory of operation
//! A request has groups. The group without suffix may be met by several providers of one tree, each class by another
//! one; a group with a suffix is met by one provider. All providers of a candidate belong to one tree (its anchor) or
//! share with a member of that tree by an aggregate.
//!
//! [`plan`] turns names into numbers and groups into levels: one for each class of the group without suffix, one for each
//! other group. [`search`] visits the trees one by one, finds the providers eligible for each level, and descends through
//! the levels, choosing one provider at each. It keeps account of what it has chosen, so that a branch ends where groups
//! together would take more than there is, and it stops at the limit: nothing is worked out that nobody will see.

mod plan;
mod search;

use uuid::Uuid;

pub(crate) use plan::Plan;
pub(crate) use search::{Amount, Found, search};

use crate::wire::query::Resources;

/// A request as it was asked; names are unchecked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Request {
    pub(crate) groups: Vec<Group>,
    pub(crate) limit: Option<usize>,
    /// Groups with suffixes must be met by different providers.
    pub(crate) isolate: bool,
    /// Traits that the root of the tree must have.
    pub(crate) root_required: Vec<String>,
    /// Traits that it must not have.
    pub(crate) root_forbidden: Vec<String>,
    /// Groups, by their places, of which one's provider must be above all the others'.
    pub(crate) same_subtrees: Vec<Vec<usize>>,
    /// Whether several providers of one tree may be in one candidate (microversion 1.29).
    pub(crate) nested: bool,
}

/// A group of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Group {
    /// Empty for the one group that several providers may meet.
    pub(crate) suffix: String,
    pub(crate) resources: Resources,
    /// One trait of each list.
    pub(crate) required: Vec<Vec<String>>,
    pub(crate) forbidden: Vec<String>,
    /// One aggregate of each list.
    pub(crate) member_of: Vec<Vec<Uuid>>,
    pub(crate) forbidden_aggregates: Vec<Uuid>,
    /// A provider of the tree that must meet the group.
    pub(crate) in_tree: Option<Uuid>,
}
