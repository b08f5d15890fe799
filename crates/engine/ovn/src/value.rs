//! The value of a column: one atom, a set of atoms, or a map (RFC 7047 section 5.1, `<value>`).
//!
//! A set of exactly one atom and that atom are the same value, in the protocol as here. Sets and maps are ordered trees:
//! adding one port to a switch of a thousand costs a look-up, not a copy.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map, btree_set},
    fmt, iter, slice,
};

use serde_json::{Value as Json, json};
use thiserror::Error;
use uuid::Uuid;

use crate::{Atom, OvnError};

static NO_ATOMS: BTreeSet<Atom> = BTreeSet::new();
static NO_PAIRS: BTreeMap<Atom, Atom> = BTreeMap::new();

/// A column's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(Repr);

// Invariant: a `Set` never holds exactly one atom; that is `Atom`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Repr {
    Atom(Atom),
    Set(BTreeSet<Atom>),
    Map(BTreeMap<Atom, Atom>),
}

/// As the engines' own commands show it: `[a, b]`, `{a=b, c=d}`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Atom(atom) => atom.fmt(f),
            Repr::Set(atoms) => {
                let atoms: Vec<String> = atoms.iter().map(Atom::to_string).collect();
                write!(f, "[{}]", atoms.join(", "))
            }
            Repr::Map(pairs) => {
                let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
                write!(f, "{{{}}}", pairs.join(", "))
            }
        }
    }
}

/// A value of the wrong form, not yet knowing in which field it stood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {expected}, found {found}")]
pub struct ValueError {
    /// What should stand there.
    pub expected: String,
    /// What stands there, shortened.
    pub found: String,
}

impl ValueError {
    /// Longest part of a wrong value that is shown.
    const SHOWN: usize = 120;

    /// Names what was expected and what was found.
    pub fn new(expected: impl Into<String>, found: impl ToString) -> Self {
        let mut found = found.to_string();
        if let Some((end, _)) = found.char_indices().nth(Self::SHOWN) {
            found.truncate(end);
            found.push('…');
        }
        Self { expected: expected.into(), found }
    }

    /// The same as an error of the crate, with the field's name.
    pub fn in_field(self, field: impl Into<String>) -> OvnError {
        OvnError::Value { field: field.into(), expected: self.expected, found: self.found }
    }
}

impl Value {
    /// One atom.
    pub fn atom(atom: impl Into<Atom>) -> Self {
        Self(Repr::Atom(atom.into()))
    }

    /// A set.
    pub fn set(atoms: impl IntoIterator<Item = Atom>) -> Self {
        Self::from_tree(atoms.into_iter().collect())
    }

    /// The set without members.
    pub fn empty_set() -> Self {
        Self(Repr::Set(BTreeSet::new()))
    }

    /// A map.
    pub fn map(pairs: impl IntoIterator<Item = (Atom, Atom)>) -> Self {
        Self(Repr::Map(pairs.into_iter().collect()))
    }

    fn from_tree(mut tree: BTreeSet<Atom>) -> Self {
        if tree.len() == 1
            && let Some(atom) = tree.pop_first()
        {
            return Self(Repr::Atom(atom));
        }
        Self(Repr::Set(tree))
    }

    /// Number of atoms or pairs.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Atom(_) => 1,
            Repr::Set(set) => set.len(),
            Repr::Map(map) => map.len(),
        }
    }

    /// Whether it is an empty set or map.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.0, Repr::Map(_))
    }

    /// The only atom, if it is one atom.
    pub fn as_atom(&self) -> Option<&Atom> {
        match &self.0 {
            Repr::Atom(atom) => Some(atom),
            _ => None,
        }
    }

    /// The text, if it is one text.
    pub fn as_str(&self) -> Option<&str> {
        self.as_atom().and_then(Atom::as_str)
    }

    /// The atoms in order; nothing for a map.
    pub fn atoms(&self) -> iter::Chain<slice::Iter<'_, Atom>, btree_set::Iter<'_, Atom>> {
        let (one, many): (&[Atom], _) = match &self.0 {
            Repr::Atom(atom) => (slice::from_ref(atom), &NO_ATOMS),
            Repr::Set(set) => (&[], set),
            Repr::Map(_) => (&[], &NO_ATOMS),
        };
        one.iter().chain(many.iter())
    }

    /// The pairs in order; nothing for an atom or a set.
    pub fn pairs(&self) -> btree_map::Iter<'_, Atom, Atom> {
        match &self.0 {
            Repr::Map(map) => map.iter(),
            _ => NO_PAIRS.iter(),
        }
    }

    /// Whether the atom is a member of the set (or a key of the map).
    pub fn contains(&self, atom: &Atom) -> bool {
        match &self.0 {
            Repr::Atom(own) => own == atom,
            Repr::Set(set) => set.contains(atom),
            Repr::Map(map) => map.contains_key(atom),
        }
    }

    /// The map's value under a key.
    pub fn get(&self, key: &Atom) -> Option<&Atom> {
        match &self.0 {
            Repr::Map(map) => map.get(key),
            _ => None,
        }
    }

    /// The map's text under a text key, as in `external_ids`.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(&Atom::string(key)).and_then(Atom::as_str)
    }

    /// Puts the atom into the set if it is not there, takes it out if it is; says whether it is a member now. A map is
    /// left alone.
    pub fn toggle(&mut self, atom: Atom) -> bool {
        match &mut self.0 {
            Repr::Atom(own) if *own == atom => {
                self.0 = Repr::Set(BTreeSet::new());
                false
            }
            Repr::Atom(own) => {
                self.0 = Repr::Set(BTreeSet::from([own.clone(), atom]));
                true
            }
            Repr::Set(set) => {
                let member = !set.remove(&atom);
                if member {
                    set.insert(atom);
                }
                if set.len() == 1
                    && let Some(last) = set.pop_first()
                {
                    self.0 = Repr::Atom(last);
                }
                member
            }
            Repr::Map(_) => false,
        }
    }

    /// Sets (`Some`) or removes (`None`) a key of the map and gives the value before. An empty set becomes a map.
    pub fn put(&mut self, key: Atom, value: Option<Atom>) -> Option<Atom> {
        if !self.is_map() && self.is_empty() {
            self.0 = Repr::Map(BTreeMap::new());
        }
        match (&mut self.0, value) {
            (Repr::Map(map), Some(value)) => map.insert(key, value),
            (Repr::Map(map), None) => map.remove(&key),
            _ => None,
        }
    }

    /// Applies what an `update2` notification says of a changed column (ovsdb-server(7), 4.1.14): for a column that
    /// holds at most one value (`composite` is false) the new value; for a set the members to toggle; for a map the
    /// pairs to remove where they are equal and to set where they are not.
    pub fn apply_difference(&mut self, difference: &Value, composite: bool) {
        if !composite {
            *self = difference.clone();
        } else if difference.is_map() {
            for (key, value) in difference.pairs() {
                let gone = self.get(key) == Some(value);
                self.put(key.clone(), (!gone).then(|| value.clone()));
            }
        } else {
            for atom in difference.atoms() {
                self.toggle(atom.clone());
            }
        }
    }

    /// Writes the value as the protocol does.
    pub fn to_json(&self) -> Json {
        match &self.0 {
            Repr::Atom(atom) => atom.to_json(),
            Repr::Set(set) => json!(["set", set.iter().map(Atom::to_json).collect::<Vec<_>>()]),
            Repr::Map(map) => {
                json!(["map", map.iter().map(|(k, v)| json!([k.to_json(), v.to_json()])).collect::<Vec<_>>()])
            }
        }
    }

    /// Reads a value.
    ///
    /// # Errors
    /// When the JSON is no value, or a set or map has an element twice.
    pub fn from_json(json: &Json) -> Result<Self, ValueError> {
        let Json::Array(array) = json else { return Atom::from_json(json).map(Self::atom) };
        match array.as_slice() {
            [Json::String(tag), Json::Array(atoms)] if tag == "set" => {
                let tree = atoms.iter().map(Atom::from_json).collect::<Result<BTreeSet<_>, _>>()?;
                if tree.len() != atoms.len() {
                    return Err(ValueError::new("a set without duplicates", json));
                }
                Ok(Self::from_tree(tree))
            }
            [Json::String(tag), Json::Array(pairs)] if tag == "map" => {
                let map = pairs.iter().map(pair_from_json).collect::<Result<BTreeMap<_, _>, _>>()?;
                if map.len() != pairs.len() {
                    return Err(ValueError::new("a map without duplicate keys", json));
                }
                Ok(Self(Repr::Map(map)))
            }
            _ => Atom::from_json(json).map(Self::atom),
        }
    }
}

fn pair_from_json(json: &Json) -> Result<(Atom, Atom), ValueError> {
    match json.as_array().map(Vec::as_slice) {
        Some([key, value]) => Ok((Atom::from_json(key)?, Atom::from_json(value)?)),
        _ => Err(ValueError::new("a pair of a key and a value", json)),
    }
}

impl From<Atom> for Value {
    fn from(atom: Atom) -> Self {
        Self(Repr::Atom(atom))
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::atom(text)
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::atom(text)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::atom(number)
    }
}
impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::atom(truth)
    }
}
impl From<Uuid> for Value {
    fn from(uuid: Uuid) -> Self {
        Self::atom(uuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<const N: usize>(texts: [&str; N]) -> Value {
        Value::set(texts.map(Atom::from))
    }
    fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Value {
        Value::map(pairs.map(|(k, v)| (k.into(), v.into())))
    }

    #[test]
    fn a_set_of_one_is_the_atom() {
        assert_eq!(Value::from_json(&json!(["set", ["a"]])).unwrap(), Value::from("a"));
        assert_eq!(texts(["a"]).to_json(), json!("a"));
        let mut value = texts(["a", "b"]);
        assert!(!value.toggle("b".into()));
        assert_eq!(value, Value::from("a"));
        assert!(!value.toggle("a".into()));
        assert_eq!(value, Value::empty_set());
        assert!(value.toggle("c".into()));
        assert!(value.toggle("d".into()));
        assert_eq!(value, texts(["c", "d"]));
    }

    #[test]
    fn json_forms_of_the_rfc() {
        for json in
            [json!(["set", []]), json!(["set", [1, 2]]), json!(["map", [["k", "v"]]]), json!(["map", []]), json!(true)]
        {
            assert_eq!(Value::from_json(&json).unwrap().to_json(), json);
        }
        for bad in
            [json!(["set", [1, 1]]), json!(["map", [["k", 1], ["k", 2]]]), json!(["map", ["k"]]), json!(["bag", []])]
        {
            assert!(Value::from_json(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn differences_of_sets_maps_and_single_values() {
        let mut set = texts(["a", "b"]);
        set.apply_difference(&texts(["b", "c"]), true);
        assert_eq!(set, texts(["a", "c"]));

        let mut map = pairs([("same", "1"), ("gone", "2"), ("changed", "3")]);
        map.apply_difference(&pairs([("gone", "2"), ("changed", "4"), ("new", "5")]), true);
        assert_eq!(map, pairs([("same", "1"), ("changed", "4"), ("new", "5")]));

        // An optional value is replaced, not toggled, even when it stays a set on the wire.
        let mut optional = Value::from(true);
        optional.apply_difference(&Value::empty_set(), false);
        assert_eq!(optional, Value::empty_set());
    }

    #[test]
    fn long_wrong_values_are_shortened_in_errors() {
        let error = ValueError::new("a UUID", "é".repeat(500));
        assert_eq!(error.found.chars().count(), ValueError::SHOWN + 1);
    }
}
