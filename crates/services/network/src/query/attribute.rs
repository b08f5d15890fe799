//! Attributes that can be filtered and sorted by.

use ferrostack_db::{ToValue, Value};

use crate::error::NetworkError;

/// How a filter's text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// As it is.
    Text,
    /// As it is; an empty text finds what has no value.
    Nullable,
    /// `true`, `False`, `1` ...
    Bool,
    /// A whole number.
    Int,
    /// An IP address, in whatever spelling; an empty text finds what has no value.
    Address,
    /// A prefix, in whatever spelling.
    Prefix,
}

/// An attribute of the API and its column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attribute {
    /// The API's name.
    pub name: &'static str,
    /// The column.
    pub column: &'static str,
    /// How its filter is read.
    pub kind: ValueKind,
}

impl Attribute {
    /// An attribute of that kind.
    pub(crate) const fn new(name: &'static str, column: &'static str, kind: ValueKind) -> Self {
        Self { name, column, kind }
    }

    /// A text whose column has the attribute's name.
    pub(crate) const fn text(name: &'static str) -> Self {
        Self::new(name, name, ValueKind::Text)
    }

    /// Whether lists can be sorted by it: not by what may have no value, for pages then could not be cut.
    pub(crate) const fn is_sortable(&self) -> bool {
        matches!(self.kind, ValueKind::Text | ValueKind::Bool | ValueKind::Int | ValueKind::Prefix)
    }

    /// The column's value for a filter's text; `None` = without value.
    pub(crate) fn read(&self, text: &str) -> Result<Option<Value>, NetworkError> {
        let unfit = |what: &str| {
            NetworkError::invalid(format!("Invalid input for filter {}: {text:?} is not {what}.", self.name))
        };
        Ok(Some(match self.kind {
            ValueKind::Text => text.to_value(),
            ValueKind::Nullable | ValueKind::Address if matches!(text, "" | "null" | "None") => return Ok(None),
            ValueKind::Nullable => text.to_value(),
            ValueKind::Bool => match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "t" | "yes" | "y" | "on" => true.to_value(),
                "0" | "false" | "f" | "no" | "n" | "off" => false.to_value(),
                _ => return Err(unfit("a boolean")),
            },
            ValueKind::Int => text.parse::<i64>().map_err(|_| unfit("a number"))?.to_value(),
            // What is no address finds nothing, as in other implementations.
            ValueKind::Address => {
                text.parse::<std::net::IpAddr>().map_or_else(|_| text.to_value(), |ip| ip.to_string().to_value())
            }
            ValueKind::Prefix => {
                text.parse::<ipnet::IpNet>().map_or_else(|_| text.to_value(), |net| net.trunc().to_string().to_value())
            }
        }))
    }
}
