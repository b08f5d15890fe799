//! Authentication methods as bits.

use crate::AuthError;

/// The methods in the order of the setting; a token names them by their bits. Changing the order changes what the
/// tokens in circulation say, so names are only ever added at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Methods(Vec<String>);

/// Keystone 30's order.
const KEYSTONE: [&str; 7] =
    ["external", "password", "token", "oauth1", "mapped", "application_credential", "ec2credential"];

impl Default for Methods {
    fn default() -> Self {
        Self(KEYSTONE.map(str::to_owned).to_vec())
    }
}

impl Methods {
    /// These methods, the first of 64 at most being the lowest bit.
    ///
    /// # Errors
    /// [`AuthError::Unencodable`] names the first that has no bit any more.
    pub fn new(names: Vec<String>) -> Result<Self, AuthError> {
        match names.get(64) {
            None => Ok(Self(names)),
            Some(name) => Err(AuthError::Unencodable { field: "a 65th authentication method", value: name.clone() }),
        }
    }

    pub(crate) fn bits_of(&self, methods: &[String]) -> Result<u64, AuthError> {
        methods.iter().try_fold(0, |bits, method| match self.0.iter().position(|name| name == method) {
            Some(index) => Ok(bits | 1 << index),
            None => Err(AuthError::Unencodable { field: "the authentication method", value: method.clone() }),
        })
    }

    /// The names of `bits`, the highest bit first as Keystone lists them.
    pub(crate) fn names_of(&self, bits: u64) -> Result<Vec<String>, AuthError> {
        if self.0.len() < 64 && bits >> self.0.len() != 0 {
            return Err(AuthError::InvalidToken { reason: "it names an authentication method that is not configured" });
        }
        let named = self.0.iter().enumerate().rev().filter(|(index, _)| bits & 1 << index != 0);
        Ok(named.map(|(_, name)| name.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_its_bit() {
        let methods = Methods::default();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(methods.bits_of(&names(&["password", "token", "token"])).unwrap(), 6);
        assert_eq!(methods.names_of(6).unwrap(), names(&["token", "password"]));
        assert_eq!(methods.names_of(0).unwrap(), names(&[]));
        assert!(methods.bits_of(&names(&["x"])).is_err());
        assert!(methods.names_of(128).is_err());
        let most = Methods::new((0..64).map(|n| n.to_string()).collect()).unwrap();
        assert_eq!(most.names_of(1 << 63).unwrap(), ["63"]);
        assert!(Methods::new((0..65).map(|n| n.to_string()).collect()).is_err());
    }
}
