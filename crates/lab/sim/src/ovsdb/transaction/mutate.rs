//! Mutations (RFC 7047 section 5.1): additions to and removals from sets and maps, and arithmetic.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_ovn::{Atom, AtomKind, ErrorKind, Mutation, Mutator, Value};

use super::{Change, Failure, Place, RowId, Transaction};

impl Transaction<'_> {
    /// The column and the checked value of a mutation.
    pub(super) fn mutation_value(&mut self, table: Place, mutation: &Mutation) -> Result<(Place, Value), Failure> {
        let name = &mutation.column;
        if name.starts_with('_') {
            return Err(Failure::new(ErrorKind::ConstraintViolation, format!("the column {name} cannot be written")));
        }
        let place = self.column(table, name)?;
        self.check_mutable(table, place)?;
        let column_type = &self.database.tables[table].columns[place].column_type;
        let composite = column_type.is_composite() || column_type.min == 0;
        let numbers = matches!(column_type.key.kind, AtomKind::Integer | AtomKind::Real) && column_type.value.is_none();
        let fits = match mutator_is_arithmetic(mutation.mutator) {
            true => numbers && mutation.value.as_atom().is_some(),
            false => composite,
        };
        if !fits {
            let detail = format!("{name}: {} does not fit the column", mutation.mutator.word());
            return Err(Failure::new(ErrorKind::SyntaxError, detail));
        }
        if mutation.value.len() > column_type.max {
            let detail =
                format!("{name}: {} elements where at most {} are allowed", mutation.value.len(), column_type.max);
            return Err(Failure::new(ErrorKind::SyntaxError, detail));
        }
        let keys_of_map =
            mutation.mutator == Mutator::Delete && column_type.value.is_some() && !mutation.value.is_map();
        let value = match (keys_of_map, mutator_is_arithmetic(mutation.mutator)) {
            (true, _) => self.resolve(&mutation.value).unwrap_or_else(|| mutation.value.clone()),
            // An operand need not itself be within the column's range: only the result.
            (false, true) => match (column_type.key.kind, mutation.value.as_atom()) {
                #[allow(clippy::cast_precision_loss, reason = "the protocol writes whole reals as integers")]
                (AtomKind::Real, Some(Atom::Integer(number))) => Atom::Real(*number as f64).into(),
                _ => mutation.value.clone(),
            },
            (false, false) => self.conform(table, place, &mutation.value, false)?,
        };
        Ok((place, value))
    }

    /// What a mutation does to one row; `None` when nothing.
    pub(super) fn mutation_change(
        &self,
        row: RowId,
        place: Place,
        mutator: Mutator,
        value: &Value,
    ) -> Result<Option<Change>, Failure> {
        let Some(stored) = self.database.row(row) else { return Ok(None) };
        let held = &stored.values[place];
        let column_type = &self.database.tables[row.0].columns[place].column_type;
        if mutator_is_arithmetic(mutator) {
            let operand =
                value.as_atom().ok_or_else(|| Failure::new(ErrorKind::SyntaxError, "the operand is no number"))?;
            let results = held.atoms().map(|atom| calculate(mutator, atom, operand)).collect::<Result<Vec<_>, _>>()?;
            let result = column_type.conform(&Value::set(results))?;
            return Ok(Change::between(column_type, held, &result));
        }
        let inserting = mutator == Mutator::Insert;
        if column_type.value.is_some() {
            let mut pairs = BTreeMap::new();
            for (key, wanted) in value.pairs() {
                match held.get(key) {
                    None if inserting => drop(pairs.insert(key.clone(), (None, Some(wanted.clone())))),
                    Some(own) if !inserting && own == wanted => {
                        drop(pairs.insert(key.clone(), (Some(own.clone()), None)))
                    }
                    _ => {}
                }
            }
            for key in value.atoms() {
                if let Some(own) = held.get(key) {
                    pairs.insert(key.clone(), (Some(own.clone()), None));
                }
            }
            return Ok((!pairs.is_empty()).then_some(Change::Pairs(pairs)));
        }
        let moved: BTreeSet<Atom> = value.atoms().filter(|atom| held.contains(atom) != inserting).cloned().collect();
        if moved.is_empty() {
            return Ok(None);
        }
        if column_type.is_composite() {
            return Ok(Some(Change::Members(moved)));
        }
        let mut new = held.clone();
        for atom in moved {
            new.toggle(atom);
        }
        Ok(Change::between(column_type, held, &new))
    }
}

fn mutator_is_arithmetic(mutator: Mutator) -> bool {
    !matches!(mutator, Mutator::Insert | Mutator::Delete)
}

fn calculate(mutator: Mutator, atom: &Atom, operand: &Atom) -> Result<Atom, Failure> {
    let range = || Failure::new(ErrorKind::RangeError, format!("{atom} {} {operand} does not fit", mutator.word()));
    let zero = matches!(operand, Atom::Integer(0)) || matches!(operand, Atom::Real(real) if *real == 0.0);
    if zero && matches!(mutator, Mutator::Divide | Mutator::Remainder) {
        return Err(Failure::new(ErrorKind::DomainError, "division by zero"));
    }
    match (atom, operand) {
        (Atom::Integer(a), Atom::Integer(b)) => match mutator {
            Mutator::Add => a.checked_add(*b),
            Mutator::Subtract => a.checked_sub(*b),
            Mutator::Multiply => a.checked_mul(*b),
            Mutator::Divide => a.checked_div(*b),
            _ => a.checked_rem(*b),
        }
        .map(Atom::Integer)
        .ok_or_else(range),
        (Atom::Real(a), Atom::Real(b)) => {
            let result = match mutator {
                Mutator::Add => a + b,
                Mutator::Subtract => a - b,
                Mutator::Multiply => a * b,
                Mutator::Divide => a / b,
                _ => return Err(Failure::new(ErrorKind::SyntaxError, "the remainder of reals is not defined")),
            };
            if result.is_finite() { Ok(Atom::Real(result)) } else { Err(range()) }
        }
        _ => Err(Failure::new(ErrorKind::SyntaxError, format!("{operand} is not of the column's type"))),
    }
}
