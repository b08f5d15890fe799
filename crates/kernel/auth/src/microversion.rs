//! Microversions: `MAJOR.MINOR`, chosen by the client for each request.
//!
//! See <https://specs.openstack.org/openstack/api-sig/guidelines/microversion_specification.html>.

use std::fmt;
use std::str::FromStr;

use crate::AuthError;

/// A version of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Microversion {
    /// Changes hardly ever.
    pub major: u16,
    /// Counts up with each change of the API.
    pub minor: u16,
}

impl Microversion {
    /// For APIs without microversions: older than any.
    pub const UNVERSIONED: Self = Self::new(0, 0);

    /// `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for Microversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Microversion {
    type Err = AuthError;

    /// Strict: plain digits, no sign, no leading zero, a major version of at least 1.
    fn from_str(text: &str) -> Result<Self, AuthError> {
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let padded = digits.len() > 1 && digits.starts_with('0');
            if plain && !padded { digits.parse::<u16>().ok() } else { None }
        };
        text.split_once('.')
            .and_then(|(major, minor)| Some(Self::new(number(major).filter(|major| *major > 0)?, number(minor)?)))
            .ok_or_else(|| AuthError::Microversion { text: text.to_owned() })
    }
}

impl serde::Serialize for Microversion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// The newest version there is.
    Latest,
    /// This one.
    Exactly(Microversion),
}

impl Requested {
    /// The version to speak, if the range of `min` to `max` has it.
    pub fn within(self, min: Microversion, max: Microversion) -> Option<Microversion> {
        match self {
            Self::Latest => Some(max),
            Self::Exactly(version) => (min..=max).contains(&version).then_some(version),
        }
    }
}

impl FromStr for Requested {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        if text == "latest" { Ok(Self::Latest) } else { text.parse().map(Self::Exactly) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        assert_eq!("2.1".parse::<Microversion>().unwrap(), Microversion::new(2, 1));
        assert_eq!("2.100".parse::<Microversion>().unwrap().to_string(), "2.100");
        for text in ["", "2", "2.", ".1", "2.1.1", "02.1", "2.01", "+2.1", "2.-1", " 2.1", "0.1", "2.70000", "latest"] {
            assert!(text.parse::<Microversion>().is_err(), "{text}");
        }
    }

    #[test]
    fn orders_by_number_not_by_text() {
        assert!(Microversion::new(2, 9) < Microversion::new(2, 10));
        assert!(Microversion::new(2, 90) < Microversion::new(3, 0));
        assert!(Microversion::UNVERSIONED < Microversion::new(1, 0));
    }

    #[test]
    fn latest_is_the_newest_of_the_range() {
        let (min, max) = (Microversion::new(2, 1), Microversion::new(2, 90));
        assert_eq!("latest".parse::<Requested>().unwrap().within(min, max), Some(max));
        assert_eq!("2.1".parse::<Requested>().unwrap().within(min, max), Some(min));
        assert_eq!("2.91".parse::<Requested>().unwrap().within(min, max), None);
        assert!("Latest".parse::<Requested>().is_err());
    }
}
