//! What is asked for: the target's side of a check.

/// The attributes of the thing that an action is about.
///
/// Keys are those of the service's rules, dots and colons included (`project_id`, `target.user.domain_id`,
/// `network:tenant_id`). Booleans are given as `True` and `False`.
pub trait Target {
    /// The attribute's value; `None` when the target has no such attribute or the attribute has no value.
    fn get(&self, key: &str) -> Option<&str>;

    /// Whether the target has the attribute, but without a value; `None:%(key)s` asks for this.
    fn is_null(&self, _key: &str) -> bool {
        false
    }
}

/// Nothing: for actions that are about no particular thing.
impl Target for () {
    fn get(&self, _key: &str) -> Option<&str> {
        None
    }
}

/// Key and value.
impl Target for [(&str, &str)] {
    fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }
}

/// Key and value, where a value may be missing.
impl Target for [(&str, Option<&str>)] {
    fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(name, _)| *name == key).and_then(|(_, value)| *value)
    }

    fn is_null(&self, key: &str) -> bool {
        self.iter().any(|(name, value)| *name == key && value.is_none())
    }
}

impl<T, const N: usize> Target for [T; N]
where
    [T]: Target,
{
    fn get(&self, key: &str) -> Option<&str> {
        Target::get(self.as_slice(), key)
    }

    fn is_null(&self, key: &str) -> bool {
        Target::is_null(self.as_slice(), key)
    }
}

impl<T: Target + ?Sized> Target for &T {
    fn get(&self, key: &str) -> Option<&str> {
        Target::get(*self, key)
    }

    fn is_null(&self, key: &str) -> bool {
        Target::is_null(*self, key)
    }
}
