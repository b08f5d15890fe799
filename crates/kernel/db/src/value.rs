//! What goes into and comes out of a column.

use ferrostack_base::{Fence, Generation, Secret, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// Any integer, also booleans and times.
    Int(i64),
    /// A floating point number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes; MariaDB also reports texts of a binary collation as such.
    Bytes(Vec<u8>),
}

/// A column that holds JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

/// What can be bound to a placeholder.
pub trait ToValue {
    /// The value for the database.
    fn to_value(&self) -> Value;
}

/// What can be read from a column.
pub trait FromValue: Sized {
    /// What the code wants, for errors.
    const WANTED: &'static str;
    /// Reads the value; `None` when it is of another kind.
    fn from_value(value: &Value) -> Option<Self>;
}

/// Binds values to placeholders: `args![id, name, size]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::ToValue::to_value(&$value)),*] };
}

impl ToValue for Value {
    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const WANTED: &'static str = T::WANTED;
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

macro_rules! integers {
    ($($ty:ty),*) => {$(
        impl ToValue for $ty {
            fn to_value(&self) -> Value {
                // Larger numbers than the column's are clamped: no API accepts them.
                Value::Int(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }
        impl FromValue for $ty {
            const WANTED: &'static str = "an integer";
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Int(number) => <$ty>::try_from(*number).ok(),
                    _ => None,
                }
            }
        }
    )*};
}
integers!(i16, i32, i64, u8, u16, u32, u64, usize);

impl ToValue for bool {
    fn to_value(&self) -> Value {
        Value::Int(i64::from(*self))
    }
}
impl FromValue for bool {
    const WANTED: &'static str = "a boolean";
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Int(number) = value { Some(*number != 0) } else { None }
    }
}

impl ToValue for f64 {
    fn to_value(&self) -> Value {
        Value::Real(*self)
    }
}
impl FromValue for f64 {
    const WANTED: &'static str = "a number";
    #[allow(clippy::cast_precision_loss, reason = "SQLite hands whole numbers of a REAL column out as integers")]
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Real(number) => Some(*number),
            Value::Int(number) => Some(*number as f64),
            _ => None,
        }
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}
impl ToValue for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
}
impl FromValue for String {
    const WANTED: &'static str = "text";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
            _ => None,
        }
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}
impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value {
        Value::Bytes(self.clone())
    }
}
impl FromValue for Vec<u8> {
    const WANTED: &'static str = "bytes";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.clone()),
            Value::Text(text) => Some(text.clone().into_bytes()),
            _ => None,
        }
    }
}

impl ToValue for Timestamp {
    fn to_value(&self) -> Value {
        Value::Int(self.micros())
    }
}
impl FromValue for Timestamp {
    const WANTED: &'static str = "a time";
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(Timestamp::from_micros)
    }
}

macro_rules! counters {
    ($($ty:ident),*) => {$(
        impl ToValue for $ty {
            fn to_value(&self) -> Value {
                Value::Int(self.0)
            }
        }
        impl FromValue for $ty {
            const WANTED: &'static str = "a counter";
            fn from_value(value: &Value) -> Option<Self> {
                i64::from_value(value).map($ty)
            }
        }
    )*};
}
counters!(Fence, Generation);

impl<T: ToValue> ToValue for Secret<T> {
    fn to_value(&self) -> Value {
        self.expose().to_value()
    }
}
impl<T: FromValue> FromValue for Secret<T> {
    const WANTED: &'static str = T::WANTED;
    fn from_value(value: &Value) -> Option<Self> {
        T::from_value(value).map(Secret::new)
    }
}

impl<T: Serialize> ToValue for Json<T> {
    fn to_value(&self) -> Value {
        // Types that are stored as JSON have string keys only, so this cannot fail; NULL would be refused by the column.
        serde_json::to_string(&self.0).map_or(Value::Null, Value::Text)
    }
}
impl<T: DeserializeOwned> FromValue for Json<T> {
    const WANTED: &'static str = "JSON of the expected shape";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => serde_json::from_str(text).ok().map(Json),
            Value::Bytes(bytes) => serde_json::from_slice(bytes).ok().map(Json),
            _ => None,
        }
    }
}

impl ToValue for uuid::Uuid {
    fn to_value(&self) -> Value {
        Value::Text(self.hyphenated().to_string())
    }
}
impl FromValue for uuid::Uuid {
    const WANTED: &'static str = "a UUID";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => uuid::Uuid::try_parse(text).ok(),
            Value::Bytes(bytes) => uuid::Uuid::try_parse_ascii(bytes).ok(),
            _ => None,
        }
    }
}

/// Makes an id type of `ferrostack_base` storable: `column_id!(PortId, NetworkId);`.
#[macro_export]
macro_rules! column_id {
    ($($ty:ty),* $(,)?) => {$(
        impl $crate::ToValue for $ty {
            fn to_value(&self) -> $crate::Value {
                $crate::Value::Text(self.to_string())
            }
        }
        impl $crate::FromValue for $ty {
            const WANTED: &'static str = stringify!($ty);
            fn from_value(value: &$crate::Value) -> Option<Self> {
                <String as $crate::FromValue>::from_value(value)?.parse().ok()
            }
        }
    )*};
}
