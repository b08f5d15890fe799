//! Compares what is wanted with what is there, and says what to do. All look-ups are by identifier or index: the effort
//! grows with what is compared, not with the cloud.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ferrostack_ovn::{
    Condition, Contents, Function, Mutation, Operation, OvnError, Row, Table, Value,
    northbound::{DATABASE, LogicalSwitchPort, PortGroup},
};
use uuid::Uuid;

use super::{
    Difference, DifferenceKind, Owner, names,
    wanted::{Parent, Translation, WantedRow, member_column, parent_tables},
};
use crate::ids::Kind;

/// How closely is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// After a change: the new revision is written, too.
    Changed,
    /// Everything: a row that only has an older revision is right (not every change of a resource is OVN's business), and
    /// groups are searched for members that nobody asked for.
    Full,
}

type RowKey = (&'static str, Uuid);

#[derive(Debug, Default)]
struct Members {
    add: BTreeSet<Uuid>,
    remove: BTreeSet<Uuid>,
}

/// What to do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    inserts: Vec<Operation>,
    updates: Vec<Operation>,
    deletes: Vec<Operation>,
    /// By parent and column.
    members: BTreeMap<(&'static str, Uuid, &'static str), Members>,
    inserted: HashSet<RowKey>,
    pub(super) differences: Vec<Difference>,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.inserts.is_empty() && self.updates.is_empty() && self.deletes.is_empty() && self.members.is_empty()
    }

    /// The operations, behind the fence of the session. What gets new members must be there.
    pub(super) fn into_operations(self, fence: Operation) -> Vec<Operation> {
        let mut operations = vec![fence];
        let joined = self
            .members
            .iter()
            .filter(|(_, members)| !members.add.is_empty())
            .map(|((table, uuid, _), _)| (*table, *uuid));
        let needed: BTreeSet<RowKey> = joined.filter(|key| !self.inserted.contains(key)).collect();
        operations.extend(needed.into_iter().map(|(table, uuid)| Operation::require(table, [Condition::uuid(uuid)])));
        operations.extend(self.inserts);
        operations.extend(self.updates);
        for ((table, uuid, column), members) in self.members {
            let mut mutations = Vec::new();
            if !members.remove.is_empty() {
                mutations.push(Mutation::delete(column, members.remove));
            }
            if !members.add.is_empty() {
                mutations.push(Mutation::insert(column, members.add));
            }
            operations.push(Operation::mutate(table, [Condition::uuid(uuid)], mutations));
        }
        operations.extend(self.deletes);
        operations
    }

    fn differs(&mut self, owner: Owner, table: &str, row: Uuid, kind: DifferenceKind) {
        self.differences.push(Difference { owner: owner.to_string(), table: table.to_owned(), row, kind });
    }

    fn join(&mut self, parent: Parent, column: &'static str, member: Uuid) {
        let members = self.members.entry((parent.table, parent.uuid, column)).or_default();
        members.remove.remove(&member);
        members.add.insert(member);
    }

    fn leave(&mut self, parent: Parent, column: &'static str, member: Uuid) {
        let members = self.members.entry((parent.table, parent.uuid, column)).or_default();
        if !members.add.contains(&member) {
            members.remove.insert(member);
        }
    }
}

/// Compares.
///
/// # Errors
/// When a stored row does not fit its type, or something wanted belongs to what is neither there nor wanted.
pub(super) fn compare(contents: &Contents, translations: &[Translation], mode: Mode) -> Result<Plan, OvnError> {
    let mut plan = Plan::default();
    for translation in translations {
        for wanted in &translation.rows {
            if contents.row(wanted.row.table(), wanted.uuid).is_none() {
                plan.inserted.insert((wanted.row.table(), wanted.uuid));
            }
        }
    }
    for translation in translations {
        compare_rows(&mut plan, contents, translation, mode)?;
        if let Owner::Resource(Kind::Port, id) = translation.owner {
            compare_groups(&mut plan, contents, translation, id)?;
        }
        if mode == Mode::Full {
            for group in translation.rows.iter().filter(|row| row.row.table() == PortGroup::TABLE) {
                drop_strays(&mut plan, contents, translation.owner, group.uuid);
            }
        }
    }
    Ok(plan)
}

fn compare_rows(plan: &mut Plan, contents: &Contents, translation: &Translation, mode: Mode) -> Result<(), OvnError> {
    let owner = translation.owner;
    let wanted: HashMap<RowKey, &WantedRow> =
        translation.rows.iter().map(|row| ((row.row.table(), row.uuid), row)).collect();
    for row in &translation.rows {
        let table = row.row.table();
        let stored = contents.row(table, row.uuid);
        match stored {
            None => {
                plan.inserts.push(row.row.insert(row.uuid));
                plan.differs(owner, table, row.uuid, DifferenceKind::Missing);
            }
            Some(stored) => {
                let changes = row.row.changes(stored)?;
                let is_right = changes.is_empty() || mode == Mode::Full && only_revision(&changes, stored);
                if !is_right {
                    let columns = changes.iter().map(|(column, _)| column.as_ref().to_owned()).collect();
                    plan.differs(owner, table, row.uuid, DifferenceKind::Columns(columns));
                    plan.updates.push(Operation::update(table, [Condition::uuid(row.uuid)], changes));
                }
            }
        }
        if let Some(parent) = row.parent {
            compare_home(plan, contents, owner, row, parent, stored)?;
        }
    }
    let text = owner.to_string();
    for table in owner.tables() {
        for (uuid, stored) in contents.rows_with_external_id(table, &text) {
            if !wanted.contains_key(&(*table, uuid)) {
                plan.differs(owner, table, uuid, DifferenceKind::Unwanted);
                remove(plan, contents, table, uuid, stored);
            }
        }
    }
    Ok(())
}

/// A row must be among its parent's members, and no other's.
fn compare_home(
    plan: &mut Plan,
    contents: &Contents,
    owner: Owner,
    row: &WantedRow,
    parent: Parent,
    stored: Option<&Row>,
) -> Result<(), OvnError> {
    let table = row.row.table();
    let column = member_column(table);
    let is_member = match contents.row(parent.table, parent.uuid) {
        Some(home) => has(home, column, row.uuid),
        None if plan.inserted.contains(&(parent.table, parent.uuid)) => false,
        None => return Err(missing(parent.table, parent.uuid)),
    };
    if !is_member {
        plan.join(parent, column, row.uuid);
        if stored.is_some() {
            plan.differs(owner, table, row.uuid, DifferenceKind::Homeless);
        }
    }
    let before =
        stored.and_then(|stored| stored.external_id(names::PARENT)).and_then(|text| Parent::parse(table, text));
    if let Some(before) = before.filter(|before| *before != parent) {
        plan.leave(before, column, row.uuid);
    }
    Ok(())
}

/// Takes a row away: it goes with its last reference, or by itself.
fn remove(plan: &mut Plan, contents: &Contents, table: &'static str, uuid: Uuid, stored: &Row) {
    let tables = parent_tables(table);
    if tables.is_empty() {
        return plan.deletes.push(Operation::delete(table, [Condition::uuid(uuid)]));
    }
    let column = member_column(table);
    let named = stored.external_id(names::PARENT).and_then(|text| Parent::parse(table, text));
    match named {
        Some(parent) if contents.row(parent.table, parent.uuid).is_some_and(|home| has(home, column, uuid)) => {
            plan.leave(parent, column, uuid);
        }
        // Somebody has moved it or changed what it says: let the server search.
        _ => {
            for table in tables {
                let holds = Condition::new(column, Function::Includes, uuid);
                plan.deletes.push(Operation::mutate(*table, [holds], [Mutation::delete(column, [uuid])]));
            }
        }
    }
}

/// Brings the groups that a port is in to those that it should be in. The port's own row tells those that it is in.
fn compare_groups(plan: &mut Plan, contents: &Contents, translation: &Translation, port: Uuid) -> Result<(), OvnError> {
    if !translation.rows.iter().any(|row| row.row.table() == LogicalSwitchPort::TABLE) {
        // A port that goes leaves all groups by itself.
        return Ok(());
    }
    let (owner, column) = (translation.owner, "ports");
    let stored = contents.row(LogicalSwitchPort::TABLE, port);
    for group in &translation.joins {
        let parent = Parent::of::<PortGroup>(*group);
        let is_member = match contents.row(PortGroup::TABLE, *group) {
            Some(row) => has(row, column, port),
            None if plan.inserted.contains(&(PortGroup::TABLE, *group)) => false,
            None => return Err(missing(PortGroup::TABLE, *group)),
        };
        if !is_member {
            plan.join(parent, column, port);
            if stored.is_some() {
                plan.differs(owner, LogicalSwitchPort::TABLE, port, DifferenceKind::NotInGroup(*group));
            }
        }
    }
    for group in stored.map(groups_of).unwrap_or_default().difference(&translation.joins) {
        if contents.row(PortGroup::TABLE, *group).is_some_and(|row| has(row, column, port)) {
            plan.leave(Parent::of::<PortGroup>(*group), column, port);
            plan.differs(owner, LogicalSwitchPort::TABLE, port, DifferenceKind::InGroup(*group));
        }
    }
    Ok(())
}

/// The groups that a port's row says it is in.
fn groups_of(port: &Row) -> BTreeSet<Uuid> {
    let ids = port.external_id(names::SECURITY_GROUP_IDS).unwrap_or_default();
    let mut groups: BTreeSet<Uuid> = ids.split(' ').filter_map(|id| Uuid::try_parse(id).ok()).collect();
    groups.insert(names::drop_group());
    groups
}

/// Takes ports out of a group that do not say that they are in it.
fn drop_strays(plan: &mut Plan, contents: &Contents, owner: Owner, group: Uuid) {
    let Some(row) = contents.row(PortGroup::TABLE, group) else { return };
    let members = row.get("ports").into_iter().flat_map(Value::atoms).filter_map(ferrostack_ovn::Atom::as_uuid);
    for member in members {
        let belongs = contents.row(LogicalSwitchPort::TABLE, member).is_some_and(|port| {
            let is_secured = port.get("port_security").is_some_and(|allowed| !allowed.is_empty());
            is_secured && groups_of(port).contains(&group)
        });
        if !belongs {
            plan.leave(Parent::of::<PortGroup>(group), "ports", member);
            plan.differs(owner, PortGroup::TABLE, member, DifferenceKind::InGroup(group));
        }
    }
}

fn has(row: &Row, column: &str, member: Uuid) -> bool {
    row.get(column).is_some_and(|members| members.contains(&member.into()))
}

fn missing(table: &str, uuid: Uuid) -> OvnError {
    OvnError::Missing { database: DATABASE.to_owned(), what: format!("row {uuid} of {table}") }
}

/// Whether the only change is the revision that a row was made from.
fn only_revision(changes: &Row, stored: &Row) -> bool {
    let without = |ids: Option<&Value>| -> BTreeMap<String, String> {
        let pairs = ids.into_iter().flat_map(Value::pairs);
        let texts = pairs.filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.as_str()?.to_owned())));
        texts.filter(|(key, _)| key != names::REVISION).collect()
    };
    changes.len() == 1
        && changes.get("external_ids").is_some_and(|ids| without(Some(ids)) == without(stored.get("external_ids")))
}
