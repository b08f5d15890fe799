//! How a column changed. One form serves four purposes: to undo a failed transaction, to tell monitors, to write the
//! journal, and to follow references. Its size is that of the change, not of the column: a port that joins a switch of a
//! thousand is one atom.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_ovn::{Atom, ColumnType, Value};

/// A column's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A column of at most one element.
    Whole { old: Value, new: Value },
    /// Members of a set that came or went.
    Members(BTreeSet<Atom>),
    /// Keys of a map, with the values before and after.
    Pairs(BTreeMap<Atom, (Option<Atom>, Option<Atom>)>),
}

impl Change {
    /// From one value to another; `None` when they are equal.
    pub(crate) fn between(column_type: &ColumnType, old: &Value, new: &Value) -> Option<Self> {
        if old == new {
            return None;
        }
        let change = if !column_type.is_composite() {
            Self::Whole { old: old.clone(), new: new.clone() }
        } else if column_type.value.is_some() {
            let keys = old.pairs().chain(new.pairs()).map(|(key, _)| key);
            let pair = |key: &Atom| (key.clone(), (old.get(key).cloned(), new.get(key).cloned()));
            Self::Pairs(keys.map(pair).filter(|(_, (old, new))| old != new).collect())
        } else {
            let went = old.atoms().filter(|atom| !new.contains(atom));
            Self::Members(went.chain(new.atoms().filter(|atom| !old.contains(atom))).cloned().collect())
        };
        Some(change)
    }

    /// From a value by the difference that a journal or an `update2` has.
    pub(crate) fn from_difference(column_type: &ColumnType, old: &Value, difference: Value) -> Self {
        if !column_type.is_composite() {
            return Self::Whole { old: old.clone(), new: difference };
        }
        if column_type.value.is_some() {
            let pair = |(key, value): (&Atom, &Atom)| {
                let before = old.get(key).cloned();
                let after = (before.as_ref() != Some(value)).then(|| value.clone());
                (key.clone(), (before, after))
            };
            return Self::Pairs(difference.pairs().map(pair).collect());
        }
        Self::Members(difference.atoms().cloned().collect())
    }

    /// Applies the change.
    pub(crate) fn apply(&self, value: &mut Value) {
        match self {
            Self::Whole { new, .. } => *value = new.clone(),
            Self::Members(atoms) => {
                for atom in atoms {
                    value.toggle(atom.clone());
                }
            }
            Self::Pairs(pairs) => pairs.iter().for_each(|(key, (_, new))| drop(value.put(key.clone(), new.clone()))),
        }
    }

    /// The change that undoes this one.
    pub(crate) fn inverse(&self) -> Self {
        match self {
            Self::Whole { old, new } => Self::Whole { old: new.clone(), new: old.clone() },
            Self::Members(atoms) => Self::Members(atoms.clone()),
            Self::Pairs(pairs) => {
                Self::Pairs(pairs.iter().map(|(key, (old, new))| (key.clone(), (new.clone(), old.clone()))).collect())
            }
        }
    }

    /// This change and then another of the same column; `None` when they cancel each other.
    pub(crate) fn then(self, later: Self) -> Option<Self> {
        let both = match (self, later) {
            (Self::Whole { old, .. }, Self::Whole { new, .. }) => Self::Whole { old, new },
            (Self::Members(first), Self::Members(second)) => Self::Members(&first ^ &second),
            (Self::Pairs(mut first), Self::Pairs(second)) => {
                for (key, (before, after)) in second {
                    first.entry(key).or_insert((before, None)).1 = after;
                }
                first.retain(|_, (old, new)| old != new);
                Self::Pairs(first)
            }
            // A column does not change its type.
            (first, _) => first,
        };
        (!both.is_nothing()).then_some(both)
    }

    fn is_nothing(&self) -> bool {
        match self {
            Self::Whole { old, new } => old == new,
            Self::Members(atoms) => atoms.is_empty(),
            Self::Pairs(pairs) => pairs.is_empty(),
        }
    }

    /// As an `update2` has it.
    pub(crate) fn difference(&self) -> Value {
        match self {
            Self::Whole { new, .. } => new.clone(),
            Self::Members(atoms) => Value::set(atoms.iter().cloned()),
            Self::Pairs(pairs) => Value::map(pairs.iter().filter_map(|(key, (old, new))| {
                let shown = new.as_ref().or(old.as_ref())?;
                Some((key.clone(), shown.clone()))
            })),
        }
    }

    /// The atoms that came (`true`) or went (`false`), keys and values of maps alike. `after` is the value now.
    pub(crate) fn moved<'a>(&'a self, after: &'a Value) -> Vec<(&'a Atom, bool)> {
        match self {
            Self::Whole { old, new } => {
                let went = atoms_of(old).map(|atom| (atom, false));
                went.chain(atoms_of(new).map(|atom| (atom, true))).collect()
            }
            Self::Members(atoms) => atoms.iter().map(|atom| (atom, after.contains(atom))).collect(),
            Self::Pairs(pairs) => pairs
                .iter()
                .flat_map(|(key, (old, new))| {
                    let went = old.iter().flat_map(move |value| [(key, false), (value, false)]);
                    went.chain(new.iter().flat_map(move |value| [(key, true), (value, true)]))
                })
                .collect(),
        }
    }
}

/// All atoms of a value, keys and values of maps alike.
pub(crate) fn atoms_of(value: &Value) -> impl Iterator<Item = &Atom> {
    value.atoms().chain(value.pairs().flat_map(|(key, value)| [key, value]))
}

#[cfg(test)]
mod tests {
    use ferrostack_ovn::{AtomKind, BaseType};

    use super::*;

    fn set_type() -> ColumnType {
        ColumnType::set(BaseType::of(AtomKind::String))
    }
    fn map_type() -> ColumnType {
        ColumnType::map(BaseType::of(AtomKind::String), BaseType::of(AtomKind::String))
    }
    fn set(texts: &[&str]) -> Value {
        Value::set(texts.iter().map(|text| (*text).into()))
    }
    fn map(pairs: &[(&str, &str)]) -> Value {
        Value::map(pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())))
    }

    #[test]
    fn a_change_is_undone_by_its_inverse_and_repeated_from_its_difference() {
        let cases = [
            (set_type(), set(&["a", "b"]), set(&["b", "c"])),
            (set_type(), set(&[]), set(&["c"])),
            (
                map_type(),
                map(&[("gone", "1"), ("kept", "2"), ("changed", "3")]),
                map(&[("kept", "2"), ("changed", "4"), ("new", "5")]),
            ),
            (ColumnType::optional(BaseType::of(AtomKind::String)), set(&["a"]), set(&[])),
        ];
        for (column_type, old, new) in cases {
            let change = Change::between(&column_type, &old, &new).unwrap();
            let mut value = old.clone();
            change.apply(&mut value);
            assert_eq!(value, new);
            change.inverse().apply(&mut value);
            assert_eq!(value, old);
            assert_eq!(Change::from_difference(&column_type, &old, change.difference()), change);
            value.apply_difference(&change.difference(), column_type.is_composite());
            assert_eq!(value, new, "the client's rule agrees");
            assert_eq!(change.clone().then(change.inverse()), None);
        }
    }

    #[test]
    fn changes_after_each_other_become_one() {
        let (first, second, third) = (map(&[("k", "1")]), map(&[("k", "2"), ("l", "1")]), map(&[("l", "1")]));
        let one = Change::between(&map_type(), &first, &second).unwrap();
        let two = Change::between(&map_type(), &second, &third).unwrap();
        assert_eq!(one.then(two), Change::between(&map_type(), &first, &third));
    }
}
