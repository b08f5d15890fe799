//! Rows by column name, and the conversions between columns and Rust types.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    fmt,
    sync::Arc,
};

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{Atom, OvnError, Value, ValueError};

/// Some columns of a row. A column that is not there has its default value, or was not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row(BTreeMap<Arc<str>, Value>);

impl Row {
    /// A row without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a column; for building rows in one expression.
    #[must_use]
    pub fn with(mut self, column: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.set(column, value);
        self
    }

    /// Sets a column.
    pub fn set(&mut self, column: impl Into<Arc<str>>, value: impl Into<Value>) {
        self.0.insert(column.into(), value.into());
    }

    /// A column's value.
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.0.get(column)
    }

    /// Takes a column out.
    pub fn take(&mut self, column: &str) -> Option<Value> {
        self.0.remove(column)
    }

    /// The row's identifier, where it was selected (`_uuid`).
    pub fn uuid(&self) -> Option<Uuid> {
        self.get("_uuid").and_then(Value::as_atom).and_then(Atom::as_uuid)
    }

    /// One of the `external_ids`.
    pub fn external_id(&self, key: &str) -> Option<&str> {
        self.get("external_ids").and_then(|ids| ids.get_str(key))
    }

    /// The column as a Rust value; the type's default when the column is absent.
    ///
    /// # Errors
    /// [`OvnError::Value`] naming `table.column`.
    pub fn read<T: ColumnValue>(&self, table: &str, column: &str) -> Result<T, OvnError> {
        match self.get(column) {
            Some(value) => T::from_value(value).map_err(|error| error.in_field(format!("{table}.{column}"))),
            None => Ok(T::default()),
        }
    }

    /// All columns that are there.
    pub fn iter(&self) -> btree_map::Iter<'_, Arc<str>, Value> {
        self.0.iter()
    }

    /// Number of columns that are there.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no column is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the row as the protocol does.
    pub fn to_json(&self) -> Json {
        Json::Object(
            self.0.iter().map(|(column, value)| (column.as_ref().to_owned(), value.to_json())).collect::<Map<_, _>>(),
        )
    }

    /// Reads a row; `field` is named in errors.
    ///
    /// # Errors
    /// When it is no object of values.
    pub fn from_json(json: &Json, field: &str) -> Result<Self, OvnError> {
        let columns = json.as_object().ok_or_else(|| ValueError::new("an object of columns", json).in_field(field))?;
        let mut row = Self::new();
        for (column, value) in columns {
            let value = Value::from_json(value).map_err(|error| error.in_field(format!("{field}.{column}")))?;
            row.set(column.as_str(), value);
        }
        Ok(row)
    }
}

/// A reference to a row: one that exists, or one that the same transaction inserts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowRef {
    /// A row that exists, or is inserted under this identifier.
    Uuid(Uuid),
    /// The row that the transaction inserts under this name.
    Named(Arc<str>),
}

impl RowRef {
    /// The identifier, unless it is a name.
    pub fn uuid(&self) -> Option<Uuid> {
        match self {
            Self::Uuid(uuid) => Some(*uuid),
            Self::Named(_) => None,
        }
    }
}

impl Default for RowRef {
    fn default() -> Self {
        Self::Uuid(Uuid::nil())
    }
}

impl From<Uuid> for RowRef {
    fn from(uuid: Uuid) -> Self {
        Self::Uuid(uuid)
    }
}

impl From<&RowRef> for Atom {
    fn from(reference: &RowRef) -> Self {
        match reference {
            RowRef::Uuid(uuid) => Self::Uuid(*uuid),
            RowRef::Named(name) => Self::NamedUuid(name.clone()),
        }
    }
}

impl From<RowRef> for Value {
    fn from(reference: RowRef) -> Self {
        Self::atom(&reference)
    }
}

/// A Rust type that is one atom.
pub trait AtomValue: Sized + Ord {
    /// Writes it.
    fn to_atom(&self) -> Atom;

    /// Reads it.
    ///
    /// # Errors
    /// When the atom is of another kind.
    fn from_atom(atom: &Atom) -> Result<Self, ValueError>;
}

/// A Rust type that a column holds. The default is what a column holds when an insert does not name it.
pub trait ColumnValue: Sized + Default {
    /// Writes it.
    fn to_value(&self) -> Value;

    /// Reads it.
    ///
    /// # Errors
    /// When the value is of another kind or has too many elements.
    fn from_value(value: &Value) -> Result<Self, ValueError>;
}

/// `ColumnValue` for types that are exactly one atom.
macro_rules! column_of_one_atom {
    ($($type:ty),*) => {$(
        impl $crate::ColumnValue for $type {
            fn to_value(&self) -> $crate::Value {
                $crate::AtomValue::to_atom(self).into()
            }
            fn from_value(value: &$crate::Value) -> Result<Self, $crate::ValueError> {
                let atom = value.as_atom().ok_or_else(|| $crate::ValueError::new("exactly one element", value.to_json()))?;
                <$type as $crate::AtomValue>::from_atom(atom)
            }
        }
    )*};
}
pub(crate) use column_of_one_atom;

column_of_one_atom!(String, i64, bool, RowRef);

impl AtomValue for String {
    fn to_atom(&self) -> Atom {
        Atom::string(self)
    }
    fn from_atom(atom: &Atom) -> Result<Self, ValueError> {
        atom.as_str().map(str::to_owned).ok_or_else(|| ValueError::new("a text", atom))
    }
}

impl AtomValue for i64 {
    fn to_atom(&self) -> Atom {
        Atom::Integer(*self)
    }
    fn from_atom(atom: &Atom) -> Result<Self, ValueError> {
        match atom {
            Atom::Integer(number) => Ok(*number),
            other => Err(ValueError::new("an integer", other)),
        }
    }
}

impl AtomValue for bool {
    fn to_atom(&self) -> Atom {
        Atom::Boolean(*self)
    }
    fn from_atom(atom: &Atom) -> Result<Self, ValueError> {
        match atom {
            Atom::Boolean(truth) => Ok(*truth),
            other => Err(ValueError::new("true or false", other)),
        }
    }
}

impl AtomValue for RowRef {
    fn to_atom(&self) -> Atom {
        self.into()
    }
    fn from_atom(atom: &Atom) -> Result<Self, ValueError> {
        match atom {
            Atom::Uuid(uuid) => Ok(Self::Uuid(*uuid)),
            Atom::NamedUuid(name) => Ok(Self::Named(name.clone())),
            other => Err(ValueError::new("a UUID", other)),
        }
    }
}

impl<T: AtomValue> ColumnValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or_else(Value::empty_set, |one| one.to_atom().into())
    }
    fn from_value(value: &Value) -> Result<Self, ValueError> {
        match value.as_atom() {
            Some(atom) => T::from_atom(atom).map(Some),
            None if value.is_empty() => Ok(None),
            None => Err(ValueError::new("at most one element", value.to_json())),
        }
    }
}

impl<T: AtomValue> ColumnValue for BTreeSet<T> {
    fn to_value(&self) -> Value {
        Value::set(self.iter().map(T::to_atom))
    }
    fn from_value(value: &Value) -> Result<Self, ValueError> {
        if value.is_map() {
            return Err(ValueError::new("a set", value.to_json()));
        }
        value.atoms().map(T::from_atom).collect()
    }
}

impl<K: AtomValue, V: AtomValue> ColumnValue for BTreeMap<K, V> {
    fn to_value(&self) -> Value {
        Value::map(self.iter().map(|(key, value)| (key.to_atom(), value.to_atom())))
    }
    fn from_value(value: &Value) -> Result<Self, ValueError> {
        if !value.is_map() && !value.is_empty() {
            return Err(ValueError::new("a map", value.to_json()));
        }
        value.pairs().map(|(key, value)| Ok((K::from_atom(key)?, V::from_atom(value)?))).collect()
    }
}

/// One column in each line, as the engines' own commands show it.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(column, value)| writeln!(f, "{column:<20}: {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rust_values_and_errors_name_the_column() {
        let row = Row::new()
            .with("name", "net")
            .with("tag", Value::empty_set())
            .with("ports", Value::set([Uuid::nil().into()]));
        assert_eq!(row.read::<String>("T", "name").unwrap(), "net");
        assert_eq!(row.read::<Option<i64>>("T", "tag").unwrap(), None);
        assert_eq!(row.read::<BTreeSet<RowRef>>("T", "ports").unwrap().len(), 1);
        assert!(!row.read::<bool>("T", "absent").unwrap());
        assert_eq!(
            row.read::<i64>("T", "name").unwrap_err().to_string(),
            r#"T.name: expected an integer, found "net""#
        );
        assert!(row.read::<String>("T", "tag").is_err());
    }

    #[test]
    fn a_row_is_shown_as_the_engines_commands_do() {
        let ids = Value::map([("a".into(), "b".into()), ("c".into(), 4.into())]);
        let row = Row::new().with("name", "net").with("ids", ids).with("ports", Value::set([1.into(), 2.into()]));
        let text = "ids                 : {\"a\"=\"b\", \"c\"=4}\nname                : \"net\"\nports               : [1, 2]\n";
        assert_eq!(row.to_string(), text);
    }

    #[test]
    fn a_row_survives_json() {
        let row = Row::new().with("name", "net").with("up", true);
        assert_eq!(Row::from_json(&row.to_json(), "row").unwrap(), row);
        assert!(Row::from_json(&serde_json::json!([1]), "row").is_err());
    }
}
