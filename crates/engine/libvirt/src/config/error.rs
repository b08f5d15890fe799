//! Why a description can't be written.

/// A value of a domain's description that XML or libvirt can't express.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// XML 1.0 has no way to write this character, not even escaped.
    #[error("{field} holds the character {character:?}, which XML can't express")]
    Character {
        /// Which value.
        field: &'static str,
        /// The character.
        character: char,
    },
    /// libvirt refuses such a value.
    #[error("{field} is {value:?}: {rule}")]
    Value {
        /// Which value.
        field: &'static str,
        /// What it is.
        value: String,
        /// What it must be.
        rule: &'static str,
    },
    /// The XML writer failed.
    #[error("the XML could not be written: {0}")]
    Write(String),
}
