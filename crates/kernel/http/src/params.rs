//! Query parameters: repeated keys, in order.

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::Fault;

/// All parameters of a request's query, in order; a key may stand several times.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Parses `a=1&b=2`.
    pub fn parse(query: &str) -> Self {
        // Undecodable text becomes replacement characters, as in other servers: it then matches nothing.
        Self(serde_urlencoded::from_str(query).unwrap_or_default())
    }

    /// The first value of that key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// All values of that key.
    pub fn all(&self, key: &str) -> Vec<&str> {
        self.0.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A boolean as the services read it.
    ///
    /// # Errors
    /// 400 that names key and value.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, Fault> {
        let Some(text) = self.get(key) else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "t" | "yes" | "y" | "on" => Ok(Some(true)),
            "0" | "false" | "f" | "no" | "n" | "off" => Ok(Some(false)),
            _ => {
                Err(Fault::bad_request(format!("Invalid input for query parameter {key}: {text:?} is not a boolean.")))
            }
        }
    }

    /// The query with `key` replaced by `value`, for links to the next page.
    pub fn with(&self, key: &str, value: &str) -> String {
        let kept = self.iter().filter(|(name, _)| *name != key);
        let all: Vec<(&str, &str)> = kept.chain(std::iter::once((key, value))).collect();
        serde_urlencoded::to_string(all).unwrap_or_default()
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_may_repeat() {
        let params = Params::parse("id=a&id=b&name=x%20y&limit=2");
        assert_eq!(params.all("id"), ["a", "b"]);
        assert_eq!(params.get("name"), Some("x y"));
        assert_eq!(params.with("marker", "z"), "id=a&id=b&name=x+y&limit=2&marker=z");
        assert_eq!(params.with("limit", "3"), "id=a&id=b&name=x+y&limit=3");
    }

    #[test]
    fn booleans_are_checked() {
        assert_eq!(Params::parse("a=True").flag("a").unwrap(), Some(true));
        assert_eq!(Params::parse("").flag("a").unwrap(), None);
        assert!(Params::parse("a=maybe").flag("a").unwrap_err().message.contains("maybe"));
    }
}
