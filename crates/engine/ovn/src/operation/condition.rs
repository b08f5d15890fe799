//! Which rows an operation is about (RFC 7047 section 5.1, `<condition>`).

use super::{Arc, Json, OvnError, Uuid, Value, ValueError, json};
use crate::Atom;

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `<`, numbers only.
    Less,
    /// `<=`, numbers only.
    LessOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>=`, numbers only.
    GreaterOrEqual,
    /// `>`, numbers only.
    Greater,
    /// All elements of the value are in the column.
    Includes,
    /// None of the elements of the value is in the column.
    Excludes,
}

impl Function {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Less, "<"),
        (Self::LessOrEqual, "<="),
        (Self::Equal, "=="),
        (Self::NotEqual, "!="),
        (Self::GreaterOrEqual, ">="),
        (Self::Greater, ">"),
        (Self::Includes, "includes"),
        (Self::Excludes, "excludes"),
    ];

    /// The word in the protocol.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(function, _)| *function == self).map_or("", |(_, word)| word)
    }

    /// Whether it holds for what a column has.
    pub fn holds(self, column: &Value, value: &Value) -> bool {
        let included = |atom: &Atom| column.contains(atom);
        let paired = |(key, of_key): (&Atom, &Atom)| column.get(key) == Some(of_key);
        let ordered = |test: fn(&Atom, &Atom) -> bool| {
            column.as_atom().zip(value.as_atom()).is_some_and(|(own, other)| test(own, other))
        };
        match self {
            Self::Equal => column == value,
            Self::NotEqual => column != value,
            Self::Less => ordered(|a, b| a < b),
            Self::LessOrEqual => ordered(|a, b| a <= b),
            Self::GreaterOrEqual => ordered(|a, b| a >= b),
            Self::Greater => ordered(|a, b| a > b),
            Self::Includes => value.atoms().all(included) && value.pairs().all(paired),
            Self::Excludes => !value.atoms().any(included) && !value.pairs().any(paired),
        }
    }
}

/// A comparison of a column with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column; `_uuid` is one too.
    pub column: Arc<str>,
    /// How.
    pub function: Function,
    /// With what.
    pub value: Value,
}

impl Condition {
    /// Any comparison.
    pub fn new(column: impl Into<Arc<str>>, function: Function, value: impl Into<Value>) -> Self {
        Self { column: column.into(), function, value: value.into() }
    }

    /// The row of that identifier.
    pub fn uuid(uuid: Uuid) -> Self {
        Self::new("_uuid", Function::Equal, uuid)
    }

    /// Rows whose column has exactly that value.
    pub fn equal(column: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        Self::new(column, Function::Equal, value)
    }

    /// Rows whose map has that pair.
    pub fn includes(column: impl Into<Arc<str>>, key: &str, value: &str) -> Self {
        Self::new(column, Function::Includes, Value::map([(key.into(), value.into())]))
    }

    /// Writes the condition.
    pub fn to_json(&self) -> Json {
        json!([self.column.as_ref(), self.function.word(), self.value.to_json()])
    }

    /// Reads a condition.
    ///
    /// # Errors
    /// [`OvnError::Value`] when it is none.
    pub fn from_json(json: &Json) -> Result<Self, OvnError> {
        let wrong = || ValueError::new("a column, a function and a value", json).in_field("condition");
        let Some([Json::String(column), Json::String(word), value]) = json.as_array().map(Vec::as_slice) else {
            return Err(wrong());
        };
        let function = Function::ALL.iter().find(|(_, known)| known == word).ok_or_else(wrong)?.0;
        let value = Value::from_json(value).map_err(|error| error.in_field(column.as_str()))?;
        Ok(Self::new(column.as_str(), function, value))
    }
}
