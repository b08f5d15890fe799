//! The names that every OpenStack cloud knows: standard resource classes (os-resource-classes 1.1) and traits
//! (os-traits 3.9), one a line, as public facts in `data/`.

const CLASSES: &str = include_str!("../data/resource_classes.txt");
const TRAITS: &str = include_str!("../data/traits.txt");

/// The prefix of everything that is not standard.
pub(crate) const CUSTOM: &str = "CUSTOM_";

/// The trait of a provider that shares its inventory with all members of its aggregates.
pub(crate) const SHARES: &str = "MISC_SHARES_VIA_AGGREGATE";

/// Standard resource classes in their usual order.
pub(crate) fn standard_classes() -> impl Iterator<Item = &'static str> {
    CLASSES.lines()
}

/// Standard traits, sorted.
pub(crate) fn standard_traits() -> impl Iterator<Item = &'static str> {
    TRAITS.lines()
}

/// Whether a name is of the form that custom classes and traits have: `CUSTOM_` and capitals, digits, underscores; at
/// most 255 characters.
pub(crate) fn is_custom(name: &str) -> bool {
    let rest = name.strip_prefix(CUSTOM).unwrap_or_default();
    !rest.is_empty() && name.len() <= 255 && rest.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_names_have_a_form() {
        assert!(is_custom("CUSTOM_A_1"));
        for name in ["CUSTOM_", "custom_A", "VCPU", "CUSTOM_a", "CUSTOM_Ä", ""] {
            assert!(!is_custom(name), "{name}");
        }
        assert!(!is_custom(&format!("CUSTOM_{}", "A".repeat(249))));
    }

    #[test]
    fn the_lists_are_whole() {
        assert_eq!(standard_classes().take(3).collect::<Vec<_>>(), ["VCPU", "MEMORY_MB", "DISK_GB"]);
        assert!(standard_traits().any(|name| name == SHARES));
        assert!(standard_traits().is_sorted());
    }
}
