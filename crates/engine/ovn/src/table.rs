//! Typed rows: one Rust type per table, with the columns that we use.
//!
//! Each column has a role. *Managed* columns are ours: what we want is compared with what is stored. *Members* are sets
//! of references that other rows join and leave by mutation, so they are written at the insert and compared by their
//! owner. *Observed* columns are written by others (northd, ovn-controller) and only read.

use uuid::Uuid;

use crate::{Condition, Operation, OvnError, Row};

/// Who writes a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// We do, and compare.
    Managed,
    /// We add and remove references one by one.
    Members,
    /// Somebody else; we read.
    Observed,
}

/// A row type.
pub trait Table: Sized {
    /// The database.
    const DATABASE: &'static str;
    /// The table.
    const TABLE: &'static str;
    /// The columns of this type and their roles.
    const COLUMNS: &'static [(&'static str, Role)];

    /// Managed columns and members.
    fn to_row(&self) -> Row;

    /// Reads a row; absent columns have their defaults.
    ///
    /// # Errors
    /// [`OvnError::Value`] naming the column.
    fn from_row(row: &Row) -> Result<Self, OvnError>;

    /// The managed columns in which `self` differs from what is stored, with the values wanted.
    fn changes(&self, stored: &Self) -> Row;

    /// The columns' names.
    fn columns() -> impl Iterator<Item = &'static str> {
        Self::COLUMNS.iter().map(|(name, _)| *name)
    }

    /// Adds this row under an identifier.
    fn insert(&self, uuid: Uuid) -> Operation {
        Operation::insert_as(Self::TABLE, uuid, self.to_row())
    }

    /// Brings a stored row to this one; `None` when nothing differs.
    fn update(&self, uuid: Uuid, stored: &Self) -> Option<Operation> {
        let changes = self.changes(stored);
        (!changes.is_empty()).then(|| Operation::update(Self::TABLE, [Condition::uuid(uuid)], changes))
    }
}

/// Declares a row type: `managed|members|observed name: Type = "column"`.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident in $database:ident $table:literal {
        $($(#[$field_doc:meta])* $role:ident $field:ident: $type:ty = $column:literal),* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $crate::Table for $name {
            const DATABASE: &'static str = $database;
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [(&'static str, $crate::Role)] =
                &[$(($column, $crate::table::role!($role))),*];

            fn to_row(&self) -> $crate::Row {
                let mut row = $crate::Row::new();
                $(if $crate::table::role!($role) != $crate::Role::Observed {
                    row.set($column, $crate::ColumnValue::to_value(&self.$field));
                })*
                row
            }

            fn from_row(row: &$crate::Row) -> Result<Self, $crate::OvnError> {
                Ok(Self { $($field: row.read($table, $column)?,)* })
            }

            fn changes(&self, stored: &Self) -> $crate::Row {
                let mut row = $crate::Row::new();
                $(if $crate::table::role!($role) == $crate::Role::Managed && self.$field != stored.$field {
                    row.set($column, $crate::ColumnValue::to_value(&self.$field));
                })*
                row
            }
        }
    };
}

macro_rules! role {
    (managed) => {
        $crate::Role::Managed
    };
    (members) => {
        $crate::Role::Members
    };
    (observed) => {
        $crate::Role::Observed
    };
}

/// Declares the words that a column may hold as an enum.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            #[default]
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// The word in the database.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl $crate::AtomValue for $name {
            fn to_atom(&self) -> $crate::Atom {
                self.word().into()
            }
            fn from_atom(atom: &$crate::Atom) -> Result<Self, $crate::ValueError> {
                match atom.as_str() {
                    $(Some($word) => Ok(Self::$variant),)*
                    _ => Err($crate::ValueError::new(concat!("one of" $(, " ", $word)*), atom)),
                }
            }
        }

        $crate::row::column_of_one_atom!($name);
    };
}

pub(crate) use {role, table, words};

#[cfg(test)]
mod tests {
    #![allow(unreachable_pub, reason = "the macros make public types")]

    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{RowRef, Value};

    const DB: &str = "D";
    words! {
        /// Colours.
        Colour { /// Red.
            Red = "red", /// Blue.
            Blue = "blue" }
    }
    table! {
        /// A thing.
        Thing in DB "Thing" {
            /// Ours.
            managed name: String = "name",
            /// Ours.
            managed colour: Colour = "colour",
            /// Ours.
            managed options: BTreeMap<String, String> = "options",
            /// Joined by others.
            members parts: BTreeSet<RowRef> = "parts",
            /// Theirs.
            observed up: Option<bool> = "up",
        }
    }

    #[test]
    fn only_managed_columns_are_compared_and_observed_ones_are_never_written() {
        let wanted = Thing { name: "n".into(), colour: Colour::Blue, ..Thing::default() };
        let mut stored = Thing::from_row(&wanted.to_row()).unwrap();
        assert_eq!(stored, wanted);
        stored.up = Some(true);
        stored.parts.insert(Uuid::nil().into());
        assert!(wanted.update(Uuid::nil(), &stored).is_none());
        assert!(stored.to_row().get("up").is_none());
        stored.name = "old".into();
        assert_eq!(wanted.changes(&stored), Row::new().with("name", "n"));
    }

    #[test]
    fn an_unknown_word_is_refused_with_the_known_ones() {
        let row = Row::new().with("colour", Value::from("green"));
        let error = Thing::from_row(&row).unwrap_err().to_string();
        assert_eq!(error, r#"Thing.colour: expected one of red blue, found "green""#);
    }
}
