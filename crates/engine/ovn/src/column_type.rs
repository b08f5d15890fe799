//! The type of a column (RFC 7047 section 3.2, `<type>` and `<base-type>`), and whether a value fits it.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{Atom, ErrorKind, OvnError, Value};

/// The kinds of atoms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtomKind {
    /// 64 bits, signed.
    Integer,
    /// Double precision.
    Real,
    /// True or false.
    Boolean,
    /// UTF-8 text.
    String,
    /// A row.
    Uuid,
}

impl AtomKind {
    /// The word in a schema.
    pub fn word(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Uuid => "uuid",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Integer, Self::Real, Self::Boolean, Self::String, Self::Uuid]
            .into_iter()
            .find(|kind| kind.word() == word)
    }

    /// What a column of this kind holds when an insert does not name it (section 5.2.1).
    pub fn default_atom(self) -> Atom {
        match self {
            Self::Integer => Atom::Integer(0),
            Self::Real => Atom::Real(0.0),
            Self::Boolean => Atom::Boolean(false),
            Self::String => Atom::string(""),
            Self::Uuid => Atom::Uuid(Uuid::nil()),
        }
    }
}

/// To which table a UUID points, and whether it keeps the row there alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The table pointed to.
    pub table: Arc<str>,
    /// A strong reference must point to a row and keeps rows of non-root tables; a weak one vanishes with its row.
    pub strong: bool,
}

/// The type of a key or of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct BaseType {
    /// The kind of atom.
    pub kind: AtomKind,
    /// The only atoms allowed; empty: all.
    pub allowed: BTreeSet<Atom>,
    /// Smallest and largest integer, or shortest and longest text in characters.
    pub range: Option<(i64, i64)>,
    /// For a UUID: where it points.
    pub reference: Option<Reference>,
}

/// The type of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnType {
    /// The type of atoms, or of a map's keys.
    pub key: BaseType,
    /// The type of a map's values; `None` when the column is no map.
    pub value: Option<BaseType>,
    /// Fewest elements: 0 or 1.
    pub min: usize,
    /// Most elements; `usize::MAX` is `unlimited`.
    pub max: usize,
}

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// `syntax error` for the wrong kind or size, `constraint violation` for an atom outside of the rules.
    pub kind: ErrorKind,
    /// What was expected and found.
    pub detail: String,
}

impl BaseType {
    /// Any atom of a kind.
    pub fn of(kind: AtomKind) -> Self {
        Self { kind, allowed: BTreeSet::new(), range: None, reference: None }
    }

    fn conform(&self, atom: &Atom) -> Result<Atom, Misfit> {
        let atom = match (self.kind, atom) {
            #[allow(clippy::cast_precision_loss, reason = "the protocol writes whole reals as integers")]
            (AtomKind::Real, Atom::Integer(number)) => Atom::Real(*number as f64),
            (AtomKind::Integer, Atom::Integer(_))
            | (AtomKind::Real, Atom::Real(_))
            | (AtomKind::Boolean, Atom::Boolean(_))
            | (AtomKind::String, Atom::String(_))
            | (AtomKind::Uuid, Atom::Uuid(_) | Atom::NamedUuid(_)) => atom.clone(),
            _ => {
                let detail = format!("expected {}, found {atom}", self.kind.word());
                return Err(Misfit { kind: ErrorKind::SyntaxError, detail });
            }
        };
        let violation = |detail| Err(Misfit { kind: ErrorKind::ConstraintViolation, detail });
        if !self.allowed.is_empty() && !self.allowed.contains(&atom) {
            let words: Vec<String> = self.allowed.iter().map(ToString::to_string).collect();
            return violation(format!("{atom} is not one of {}", words.join(", ")));
        }
        if let Some((low, high)) = self.range {
            let measured = match &atom {
                Atom::Integer(number) => *number,
                Atom::String(text) => i64::try_from(text.chars().count()).unwrap_or(i64::MAX),
                _ => low,
            };
            if measured < low || measured > high {
                let what = if self.kind == AtomKind::String { "the length of " } else { "" };
                return violation(format!("{what}{atom} is not within {low} to {high}"));
            }
        }
        Ok(atom)
    }

    fn to_json(&self) -> Json {
        let mut json = Map::new();
        json.insert("type".into(), self.kind.word().into());
        if !self.allowed.is_empty() {
            json.insert("enum".into(), json!(["set", self.allowed.iter().map(Atom::to_json).collect::<Vec<_>>()]));
        }
        if let Some((low, high)) = self.range {
            let (min, max) =
                if self.kind == AtomKind::String { ("minLength", "maxLength") } else { ("minInteger", "maxInteger") };
            if low != if self.kind == AtomKind::String { 0 } else { i64::MIN } {
                json.insert(min.into(), low.into());
            }
            if high != i64::MAX {
                json.insert(max.into(), high.into());
            }
        }
        if let Some(reference) = &self.reference {
            json.insert("refTable".into(), reference.table.as_ref().into());
            json.insert("refType".into(), if reference.strong { "strong" } else { "weak" }.into());
        }
        if json.len() == 1 { self.kind.word().into() } else { Json::Object(json) }
    }

    fn from_json(json: &Json, field: &str) -> Result<Self, OvnError> {
        let wrong = || OvnError::protocol(field, format!("no base type: {json}"));
        if let Some(word) = json.as_str() {
            return AtomKind::from_word(word).map(Self::of).ok_or_else(wrong);
        }
        let kind = json["type"].as_str().and_then(AtomKind::from_word).ok_or_else(wrong)?;
        let allowed = match &json["enum"] {
            Json::Null => BTreeSet::new(),
            listed => {
                Value::from_json(listed).map_err(|e| e.in_field(format!("{field}.enum")))?.atoms().cloned().collect()
            }
        };
        let bound = |names: [&str; 2]| names.iter().find_map(|name| json[*name].as_i64());
        let (low, high) = (bound(["minInteger", "minLength"]), bound(["maxInteger", "maxLength"]));
        let lowest = if kind == AtomKind::String { 0 } else { i64::MIN };
        let range = (low.is_some() || high.is_some()).then(|| (low.unwrap_or(lowest), high.unwrap_or(i64::MAX)));
        let reference = json["refTable"]
            .as_str()
            .map(|table| Reference { table: Arc::from(table), strong: json["refType"].as_str() != Some("weak") });
        Ok(Self { kind, allowed, range, reference })
    }
}

impl ColumnType {
    /// Exactly one atom of a type.
    pub fn one(key: BaseType) -> Self {
        Self { key, value: None, min: 1, max: 1 }
    }

    /// None or one.
    pub fn optional(key: BaseType) -> Self {
        Self { min: 0, ..Self::one(key) }
    }

    /// Any number.
    pub fn set(key: BaseType) -> Self {
        Self { key, value: None, min: 0, max: usize::MAX }
    }

    /// Any number of pairs.
    pub fn map(key: BaseType, value: BaseType) -> Self {
        Self { value: Some(value), ..Self::set(key) }
    }

    /// Whether notifications carry differences of this column instead of values.
    pub fn is_composite(&self) -> bool {
        self.max > 1
    }

    /// Whether atoms of it point to rows.
    pub fn has_references(&self) -> bool {
        self.key.reference.is_some() || self.value.as_ref().is_some_and(|value| value.reference.is_some())
    }

    /// What the column holds when an insert does not name it.
    pub fn default_value(&self) -> Value {
        match (&self.value, self.min) {
            (Some(_), 0) => Value::map([]),
            (Some(value), _) => Value::map([(self.key.kind.default_atom(), value.kind.default_atom())]),
            (None, 0) => Value::empty_set(),
            (None, _) => Value::atom(self.key.kind.default_atom()),
        }
    }

    /// The value in the form in which the column holds it (reals as reals, an empty map as a map), if it fits.
    ///
    /// # Errors
    /// Why it does not fit.
    pub fn conform(&self, value: &Value) -> Result<Value, Misfit> {
        let fitting = self.conform_elements(value)?;
        // A value that is given with the wrong size is not one of the column; one that a mutation brings to it is.
        self.check_size(fitting.len()).map_err(|misfit| Misfit { kind: ErrorKind::SyntaxError, ..misfit })?;
        Ok(fitting)
    }

    /// As [`Self::conform`], but any number of elements will do: for conditions and mutations.
    ///
    /// # Errors
    /// Why it does not fit.
    pub fn conform_elements(&self, value: &Value) -> Result<Value, Misfit> {
        match &self.value {
            Some(of_value) if value.is_map() => {
                let pairs = value.pairs().map(|(k, v)| Ok((self.key.conform(k)?, of_value.conform(v)?)));
                pairs.collect::<Result<Vec<_>, Misfit>>().map(Value::map)
            }
            Some(_) if value.is_empty() => Ok(Value::map([])),
            None if !value.is_map() => {
                let atoms = value.atoms().map(|atom| self.key.conform(atom));
                atoms.collect::<Result<Vec<_>, Misfit>>().map(Value::set)
            }
            expected => {
                let expected = if expected.is_some() { "a map" } else { "no map" };
                let detail = format!("expected {expected}, found {}", value.to_json());
                Err(Misfit { kind: ErrorKind::SyntaxError, detail })
            }
        }
    }

    /// Whether a column of this type may hold so many elements.
    ///
    /// # Errors
    /// A constraint violation.
    pub fn check_size(&self, elements: usize) -> Result<(), Misfit> {
        if elements >= self.min && elements <= self.max {
            return Ok(());
        }
        let most = if self.max == usize::MAX { "any number".to_owned() } else { self.max.to_string() };
        let detail = format!("{elements} elements where {} to {most} are allowed", self.min);
        Err(Misfit { kind: ErrorKind::ConstraintViolation, detail })
    }

    /// Writes the type as a schema does.
    pub fn to_json(&self) -> Json {
        if self.value.is_none() && self.min == 1 && self.max == 1 {
            let key = self.key.to_json();
            return if key.is_string() { key } else { json!({ "key": key }) };
        }
        let mut json = Map::new();
        json.insert("key".into(), self.key.to_json());
        if let Some(value) = &self.value {
            json.insert("value".into(), value.to_json());
        }
        json.insert("min".into(), self.min.into());
        json.insert("max".into(), if self.max == usize::MAX { "unlimited".into() } else { self.max.into() });
        Json::Object(json)
    }

    /// Reads a type.
    ///
    /// # Errors
    /// When it is none; `field` is named in the error.
    pub fn from_json(json: &Json, field: &str) -> Result<Self, OvnError> {
        if json.is_string() {
            return BaseType::from_json(json, field).map(Self::one);
        }
        let number = |member: &str| match &json[member] {
            Json::Null => Ok(1),
            Json::String(word) if word == "unlimited" => Ok(usize::MAX),
            other => other.as_u64().and_then(|n| usize::try_from(n).ok()).ok_or_else(|| {
                OvnError::protocol(format!("{field}.{member}"), format!("expected a number, found {other}"))
            }),
        };
        let value = match &json["value"] {
            Json::Null => None,
            value => Some(BaseType::from_json(value, &format!("{field}.value"))?),
        };
        Ok(Self {
            key: BaseType::from_json(&json["key"], &format!("{field}.key"))?,
            value,
            min: number("min")?,
            max: number("max")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: Json) -> ColumnType {
        ColumnType::from_json(&json, "T.c").unwrap()
    }

    #[test]
    fn kinds_ranges_enums_and_sizes_are_checked() {
        let direction = parse(json!({"key": {"type": "string", "enum": ["set", ["from-lport", "to-lport"]]}}));
        assert!(direction.conform(&"to-lport".into()).is_ok());
        assert_eq!(direction.conform(&"sideways".into()).unwrap_err().kind, ErrorKind::ConstraintViolation);
        assert_eq!(direction.conform(&1.into()).unwrap_err().kind, ErrorKind::SyntaxError);

        let tag = parse(json!({"key": {"type": "integer", "minInteger": 1, "maxInteger": 4095}, "min": 0, "max": 1}));
        assert!(tag.conform(&Value::empty_set()).is_ok());
        assert_eq!(tag.conform(&4096.into()).unwrap_err().kind, ErrorKind::ConstraintViolation);
        assert_eq!(tag.conform(&Value::set([1.into(), 2.into()])).unwrap_err().kind, ErrorKind::SyntaxError);
        assert_eq!(tag.check_size(2).unwrap_err().kind, ErrorKind::ConstraintViolation);

        let name = parse(json!({"key": {"type": "string", "maxLength": 3}, "min": 0, "max": 1}));
        assert!(name.conform(&"äöü".into()).is_ok(), "a length counts characters");
        assert!(name.conform(&"four".into()).is_err());

        let map = parse(json!({"key": "string", "value": "string", "min": 0, "max": "unlimited"}));
        assert_eq!(map.conform(&Value::empty_set()).unwrap(), Value::map([]));
        assert_eq!(map.conform(&"x".into()).unwrap_err().kind, ErrorKind::SyntaxError);
        assert_eq!(parse(json!("real")).conform(&2.into()).unwrap(), Value::atom(Atom::Real(2.0)));
    }

    #[test]
    fn types_survive_json() {
        for json in [
            json!("string"),
            json!({"key": "string", "value": "string", "min": 0, "max": "unlimited"}),
            json!({"key": {"type": "uuid", "refTable": "ACL", "refType": "strong"}, "min": 0, "max": "unlimited"}),
            json!({"key": {"type": "integer", "minInteger": 0, "maxInteger": 32767}}),
            json!({"key": {"type": "string", "maxLength": 63}, "min": 0, "max": 1}),
        ] {
            assert_eq!(parse(json.clone()).to_json(), json);
        }
        assert!(ColumnType::from_json(&json!({"key": "text"}), "T.c").is_err());
    }
}
