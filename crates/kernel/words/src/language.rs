//! Which language a person reads.

use std::{fmt, str::FromStr};

/// A language that every text exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, also for every language that there are no texts in.
    #[default]
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Korean];

    /// The language of the environment by the rule of POSIX: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is
    /// set and not empty decides.
    pub fn from_env() -> Self {
        Self::from_locale(|name| std::env::var(name).ok())
    }

    /// As [`Language::from_env`], from any source of variables.
    pub fn from_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
        locale.and_then(|locale| locale.parse().ok()).unwrap_or_default()
    }

    /// Its two-letter code (ISO 639-1).
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A language that there are no texts in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there are no texts in the language {0:?}; there are en and ko")]
pub struct UnknownLanguage(pub String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Takes a code or a locale: `ko`, `ko-KR`, `ko_KR.UTF-8`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code = text.split(['_', '-', '.', '@']).next().unwrap_or_default();
        let known = Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(code));
        known.ok_or_else(|| UnknownLanguage(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Language {
        Language::from_locale(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(from(&[("LANG", "ko_KR.UTF-8")]), Language::Korean);
        assert_eq!(from(&[("LANG", "ko_KR.UTF-8"), ("LC_MESSAGES", "en_US.UTF-8")]), Language::English);
        assert_eq!(from(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "ko")]), Language::Korean);
        assert_eq!(from(&[("LANG", "ko_KR.UTF-8"), ("LC_ALL", "")]), Language::Korean);
        assert_eq!(from(&[("LANG", "C.UTF-8")]), Language::English);
        assert_eq!(from(&[("LANG", "kok_IN")]), Language::English);
        assert_eq!(from(&[]), Language::English);
    }

    #[test]
    fn an_option_names_a_language() {
        assert_eq!("ko-KR".parse(), Ok(Language::Korean));
        assert_eq!("EN".parse(), Ok(Language::English));
        assert!("fr".parse::<Language>().is_err());
    }
}
