//! Versions of programs.

use std::fmt;

/// A version such as `3.1.0`; what follows the numbers (`+dfsg`, `-rc1`) is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(Vec<u32>);

impl Version {
    /// From its numbers.
    pub fn new(numbers: impl Into<Vec<u32>>) -> Self {
        Self(numbers.into())
    }

    /// The first version in what a program says of itself: the first word of the first line that begins with a digit
    /// and has a dot. `ovs-vswitchd (Open vSwitch) 3.1.0`, `ovn-northd 23.03.1`, `libvirtd (libvirt) 9.0.0`.
    pub fn find(text: &str) -> Option<Self> {
        text.lines().next()?.split_whitespace().find_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let word = word.trim_start_matches('v');
        let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
        let numbers: Vec<u32> =
            word[..end].trim_end_matches('.').split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
        (numbers.len() > 1).then_some(Self(numbers))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.iter().enumerate() {
            // OVN writes its month with two digits: 23.03.
            match index {
                0 => write!(f, "{number}")?,
                1 if self.0[0] >= 20 => write!(f, ".{number:02}")?,
                _ => write!(f, ".{number}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (text, expected) in [
            ("ovs-vswitchd (Open vSwitch) 3.1.0\n", "3.1.0"),
            ("ovn-northd 23.03.1\nOpen vSwitch Library 3.1.0", "23.03.1"),
            ("libvirtd (libvirt) 9.0.0", "9.0.0"),
            ("ovn-controller 25.03.0-rc2", "25.03.0"),
            ("virtlogd (libvirt) 11.3.0+ds", "11.3.0"),
        ] {
            assert_eq!(Version::find(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "no version", "usage: 3", "ovn-northd: cannot execute\n1.2.3"] {
            assert_eq!(Version::find(text), None, "{text}");
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text: &str| Version::find(text).unwrap();
        assert!(version("23.03.1") < version("23.10.0"));
        assert!(version("9.0.0") < version("11.3.0"));
        assert!(version("3.1") < version("3.1.0"));
        assert!(version("3.1.0") >= Version::new([3, 1]));
    }
}
