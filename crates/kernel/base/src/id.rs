//! Typed ids. Each resource's id is a type of its own, parsed once at the edge, so that no one passes a port's id where
//! a network's is wanted.

/// A text cannot be an id of that type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {what} id")]
pub struct IdError {
    /// Which id was wanted, such as `server`.
    pub what: &'static str,
    /// What was given, cut to 80 characters.
    pub value: String,
}

impl IdError {
    /// For `what`, given `value`.
    pub fn new(what: &'static str, value: &str) -> Self {
        Self { what, value: value.chars().take(80).collect() }
    }
}

/// A new random id in identity's form: 32 hexadecimal digits without dashes.
pub fn new_hex_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Declares id types that are UUIDs, written with dashes: `uuid_id!(/** A port. */ PortId, "port");`.
#[macro_export]
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, $crate::__serde::Serialize, $crate::__serde::Deserialize)]
        #[serde(crate = "::ferrostack_base::__serde", transparent)]
        pub struct $name(pub $crate::__uuid::Uuid);

        impl $name {
            /// A new random id.
            #[allow(clippy::new_without_default, reason = "a default id would be a constant")]
            pub fn new() -> Self {
                Self($crate::__uuid::Uuid::new_v4())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0.hyphenated(), f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::IdError;
            fn from_str(text: &str) -> Result<Self, $crate::IdError> {
                $crate::__uuid::Uuid::try_parse(text).map(Self).map_err(|_| $crate::IdError::new($what, text))
            }
        }
    };
}

/// Declares id types that are free text of bounded length: `text_id!(/** A region. */ RegionId, "region", 255);`.
#[macro_export]
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, $crate::__serde::Serialize, $crate::__serde::Deserialize)]
        #[serde(crate = "::ferrostack_base::__serde", transparent)]
        pub struct $name(String);

        impl $name {
            /// A new random id: 32 hexadecimal digits.
            #[allow(clippy::new_without_default, reason = "a default id would be a constant")]
            pub fn new() -> Self {
                Self($crate::new_hex_id())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Wraps a text that is known to be an id, such as one read from the database.
            pub fn from_trusted(text: impl Into<String>) -> Self {
                Self(text.into())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::IdError;
            fn from_str(text: &str) -> Result<Self, $crate::IdError> {
                let fits = !text.is_empty() && text.chars().count() <= $max && !text.chars().any(char::is_control);
                if fits { Ok(Self(text.to_owned())) } else { Err($crate::IdError::new($what, text)) }
            }
        }
    };
}
