//! Values that clients send in several forms.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// A whole number, or a text that is one.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Number(number) => {
            number.as_i64().map(Some).ok_or_else(|| D::Error::custom(format!("{number} is out of range")))
        }
        Value::String(text) => {
            text.parse().map(Some).map_err(|_| D::Error::custom(format!("{text:?} is no whole number")))
        }
        other => Err(D::Error::custom(format!("{other} is no whole number"))),
    }
}

/// A boolean, or one of the texts for it.
pub(crate) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Bool(value) => Ok(Some(value)),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" | "t" | "y" => Ok(Some(true)),
            "false" | "0" | "off" | "no" | "f" | "n" | "" => Ok(Some(false)),
            _ => Err(D::Error::custom(format!("{text:?} is no boolean"))),
        },
        other => Err(D::Error::custom(format!("{other} is no boolean"))),
    }
}

/// A text, or a number as text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(D::Error::custom(format!("{other} is no text"))),
    }
}

/// `Some(None)` for null, `None` for nothing.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
