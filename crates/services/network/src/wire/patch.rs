//! Small shapes that the API reads more freely than JSON types do.

use serde::{Deserialize, Deserializer, de::Error};

/// An attribute of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Patch<T> {
    /// It was left out.
    #[default]
    Absent,
    /// It is `null`.
    Null,
    /// It has a value.
    Value(T),
}

impl<T> Patch<T> {
    /// The value, if there is one.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The value by reference.
    pub(crate) fn as_value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it was left out.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Replaces `current`, unless it was left out; `null` sets the type's default.
    pub(crate) fn apply_to(self, current: &mut T)
    where
        T: Default,
    {
        match self {
            Self::Absent => {}
            Self::Null => *current = T::default(),
            Self::Value(value) => *current = value,
        }
    }

    /// The same with a changed value.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(change(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// A boolean; `"true"`, `"False"`, `1` and the like are read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = value.to_string();
        match text.trim_matches('"').to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Self(true)),
            "false" | "0" => Ok(Self(false)),
            _ => Err(D::Error::custom(format!("{text} is not a boolean"))),
        }
    }
}

/// A whole number; its decimal text is read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Integer(pub i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = value.to_string();
        text.trim_matches('"').parse().map(Self).map_err(|_| D::Error::custom(format!("{text} is not a whole number")))
    }
}

/// A text; a number is taken as its decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            other => Err(D::Error::custom(format!("{other} is not a text"))),
        }
    }
}

/// Declares the body of a creation that makes one resource or several, all or none.
macro_rules! one_or_many {
    ($(#[$doc:meta])* $name:ident of $item:ty as $one:literal or $many:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, serde::Deserialize)]
        pub(crate) enum $name {
            /// One; it is answered as one.
            #[serde(rename = $one)]
            One(Box<$item>),
            /// Several.
            #[serde(rename = $many)]
            Many(Vec<$item>),
        }

        impl $name {
            /// All of them, and whether they are answered as a list.
            pub(crate) fn into_vec(self) -> (Vec<$item>, bool) {
                match self {
                    Self::One(item) => (vec![*item], false),
                    Self::Many(items) => (items, true),
                }
            }
        }
    };
}
pub(crate) use one_or_many;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        a: Patch<Flag>,
        #[serde(default)]
        b: Patch<Integer>,
        #[serde(default)]
        c: Patch<Text>,
    }

    #[test]
    fn absent_null_and_value_differ_and_texts_are_converted() {
        let body: Body = serde_json::from_str(r#"{"a": "True", "b": null}"#).unwrap();
        assert_eq!((body.a, body.b, body.c), (Patch::Value(Flag(true)), Patch::Null, Patch::Absent));
        let body: Body = serde_json::from_str(r#"{"a": 0, "b": "17", "c": 17}"#).unwrap();
        assert_eq!(body.a, Patch::Value(Flag(false)));
        assert_eq!(body.b, Patch::Value(Integer(17)));
        assert_eq!(body.c, Patch::Value(Text("17".into())));
        assert!(serde_json::from_str::<Body>(r#"{"a": "maybe"}"#).is_err());
    }
}
