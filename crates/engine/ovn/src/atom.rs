//! The smallest OVSDB value (RFC 7047 section 5.1, `<atom>`).

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::ValueError;

/// One number, truth value, text or row identifier.
#[derive(Clone, Debug)]
pub enum Atom {
    /// A signed integer.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// A truth value.
    Boolean(bool),
    /// A text.
    String(Arc<str>),
    /// A row.
    Uuid(Uuid),
    /// A row that the same transaction inserts under this name.
    NamedUuid(Arc<str>),
}

impl Atom {
    /// A text.
    pub fn string(text: impl AsRef<str>) -> Self {
        Self::String(Arc::from(text.as_ref()))
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The row, if it is one.
    pub fn as_uuid(&self) -> Option<Uuid> {
        match self {
            Self::Uuid(uuid) => Some(*uuid),
            _ => None,
        }
    }

    /// Writes the atom as the protocol does.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Integer(number) => json!(number),
            Self::Real(number) => json!(number),
            Self::Boolean(truth) => json!(truth),
            Self::String(text) => Json::String(text.as_ref().to_owned()),
            Self::Uuid(uuid) => json!(["uuid", uuid.to_string()]),
            Self::NamedUuid(name) => json!(["named-uuid", name.as_ref()]),
        }
    }

    /// Reads an atom. A number without a fraction is an integer; a column of reals converts it.
    ///
    /// # Errors
    /// When the JSON is no atom.
    pub fn from_json(json: &Json) -> Result<Self, ValueError> {
        match json {
            Json::String(text) => Ok(Self::string(text)),
            Json::Bool(truth) => Ok(Self::Boolean(*truth)),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Ok(Self::Integer(integer)),
                (None, Some(real)) if number.is_f64() => Ok(Self::Real(real)),
                _ => Err(ValueError::new("a number of at most 64 bits", json)),
            },
            Json::Array(pair) => match pair.as_slice() {
                [Json::String(tag), Json::String(text)] if tag == "uuid" => {
                    Uuid::parse_str(text).map(Self::Uuid).map_err(|_| ValueError::new("a UUID", json))
                }
                [Json::String(tag), Json::String(name)] if tag == "named-uuid" => {
                    Ok(Self::NamedUuid(Arc::from(name.as_str())))
                }
                _ => Err(ValueError::new("a number, text, truth value or UUID", json)),
            },
            _ => Err(ValueError::new("a number, text, truth value or UUID", json)),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Integer(_) => 0,
            Self::Real(_) => 1,
            Self::Boolean(_) => 2,
            Self::String(_) => 3,
            Self::Uuid(_) => 4,
            Self::NamedUuid(_) => 5,
        }
    }
}

impl Ord for Atom {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Real(a), Self::Real(b)) => a.total_cmp(b),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::String(a), Self::String(b)) | (Self::NamedUuid(a), Self::NamedUuid(b)) => a.cmp(b),
            (Self::Uuid(a), Self::Uuid(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Atom {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Atom {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Atom {}

impl Hash for Atom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::Integer(number) => number.hash(state),
            Self::Real(number) => number.to_bits().hash(state),
            Self::Boolean(truth) => truth.hash(state),
            Self::String(text) | Self::NamedUuid(text) => text.hash(state),
            Self::Uuid(uuid) => uuid.hash(state),
        }
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
            Self::Boolean(truth) => truth.fmt(f),
            Self::String(text) => fmt::Debug::fmt(text, f),
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::NamedUuid(name) => write!(f, "@{name}"),
        }
    }
}

impl From<&str> for Atom {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}
impl From<String> for Atom {
    fn from(text: String) -> Self {
        Self::String(Arc::from(text))
    }
}
impl From<i64> for Atom {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}
impl From<bool> for Atom {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}
impl From<Uuid> for Atom {
    fn from(uuid: Uuid) -> Self {
        Self::Uuid(uuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_atom_survives_json() {
        let uuid = Uuid::from_u128(7);
        for atom in [
            Atom::Integer(-3),
            Atom::Real(1.5),
            Atom::Boolean(true),
            Atom::string("net"),
            Atom::Uuid(uuid),
            Atom::NamedUuid(Arc::from("row1")),
        ] {
            assert_eq!(Atom::from_json(&atom.to_json()).unwrap(), atom);
        }
        assert_eq!(Atom::Uuid(uuid).to_json(), json!(["uuid", "00000000-0000-0000-0000-000000000007"]));
    }

    #[test]
    fn what_is_no_atom_is_refused_with_what_was_found() {
        for bad in [json!(null), json!({}), json!(["uuid", "x"]), json!(["uuid"]), json!(["set", []]), json!(u64::MAX)]
        {
            assert!(Atom::from_json(&bad).is_err(), "{bad}");
        }
        assert_eq!(Atom::from_json(&json!(["uuid", "x"])).unwrap_err().found, r#"["uuid","x"]"#);
    }
}
