//! What a guest calls itself.

/// A host name (RFC 1123 label) made of a server's name; `server-ID` when nothing of it can be used.
pub(crate) fn hostname(name: &str, id: impl std::fmt::Display) -> String {
    let mut label: String = name
        .chars()
        .filter_map(|c| match c {
            ' ' | '_' | '.' => Some('-'),
            c if c.is_ascii_alphanumeric() || c == '-' => Some(c.to_ascii_lowercase()),
            _ => None,
        })
        .take(63)
        .collect();
    label = label.trim_matches('-').to_owned();
    if label.is_empty() { format!("server-{id}") } else { label }
}

#[cfg(test)]
mod tests {
    use super::hostname;

    #[test]
    fn names_become_labels() {
        let table = [
            ("web", "web"),
            ("Web Server_1", "web-server-1"),
            ("guest.example.com", "guest-example-com"),
            ("-a-", "a"),
            ("привет", "server-7"),
            ("", "server-7"),
        ];
        for (name, expected) in table {
            assert_eq!(hostname(name, 7), expected, "{name:?}");
        }
        assert_eq!(hostname(&"x".repeat(80), 7).len(), 63);
    }
}
