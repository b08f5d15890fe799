//! Which rows meet the conditions.

use ferrostack_ovn::{AtomKind, Condition, ErrorKind, Function, Value};
use uuid::Uuid;

use super::{Database, Failure, Place, StoredRow, Transaction};

/// A condition on a column of a known table.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    subject: Subject,
    function: Function,
    value: Value,
}

#[derive(Debug, Clone, Copy)]
enum Subject {
    Uuid,
    Version,
    Column(Place),
}

impl Clause {
    /// Reads a condition; names of rows must have been resolved.
    pub(crate) fn new(database: &Database, table: Place, condition: &Condition) -> Result<Self, Failure> {
        let held = &database.tables[table];
        let subject = match condition.column.as_ref() {
            "_uuid" => Subject::Uuid,
            "_version" => Subject::Version,
            name => Subject::Column(held.column(name).ok_or_else(|| {
                Failure::new(ErrorKind::UnknownColumn, format!("the table {} has no column {name}", held.name))
            })?),
        };
        let function = condition.function;
        let value = match subject {
            Subject::Column(place) => {
                let column = &held.columns[place];
                let numbers = matches!(column.column_type.key.kind, AtomKind::Integer | AtomKind::Real);
                let orders =
                    !matches!(function, Function::Equal | Function::NotEqual | Function::Includes | Function::Excludes);
                if orders && (!numbers || column.column_type.is_composite()) {
                    let detail = format!("{}.{}: {} needs a number", held.name, column.name, function.word());
                    return Err(Failure::new(ErrorKind::SyntaxError, detail));
                }
                column.column_type.conform_elements(&condition.value).map_err(|misfit| {
                    Failure::new(misfit.kind, format!("{}.{}: {}", held.name, column.name, misfit.detail))
                })?
            }
            _ => condition.value.clone(),
        };
        Ok(Self { subject, function, value })
    }

    /// Whether it holds for a row.
    pub(crate) fn holds(&self, uuid: Uuid, row: &StoredRow) -> bool {
        match self.subject {
            Subject::Uuid => self.function.holds(&uuid.into(), &self.value),
            Subject::Version => self.function.holds(&row.version.into(), &self.value),
            Subject::Column(place) => self.function.holds(&row.values[place], &self.value),
        }
    }
}

impl Transaction<'_> {
    /// The rows that meet all conditions: by identifier or by an index where a condition allows it.
    pub(super) fn find(&mut self, table: Place, conditions: &[Condition]) -> Result<Vec<Uuid>, Failure> {
        let mut clauses = Vec::with_capacity(conditions.len());
        for condition in conditions {
            let resolved = self.resolve(&condition.value);
            let condition = match resolved {
                Some(value) => &Condition { value, ..condition.clone() },
                None => condition,
            };
            clauses.push(Clause::new(self.database, table, condition)?);
        }
        let held = &self.database.tables[table];
        let narrowed =
            clauses.iter().filter(|clause| clause.function == Function::Equal).find_map(|clause| {
                match clause.subject {
                    Subject::Uuid => {
                        Some(clause.value.as_atom().and_then(ferrostack_ovn::Atom::as_uuid).into_iter().collect())
                    }
                    Subject::Column(place) => held.indexed(place, &clause.value),
                    Subject::Version => None,
                }
            });
        let meets =
            |uuid: &Uuid| held.rows.get(uuid).is_some_and(|row| clauses.iter().all(|clause| clause.holds(*uuid, row)));
        Ok(match narrowed {
            Some(candidates) => candidates.into_iter().filter(meets).collect(),
            None => held.rows.keys().copied().filter(|uuid| meets(uuid)).collect(),
        })
    }
}
