//! What media types a client accepts (RFC 9110, 12.5.1).

/// Whether an `Accept` header admits that media type; an empty one admits everything.
pub fn accepts(accept: &str, media_type: &str) -> bool {
    let (kind, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    accept.trim().is_empty()
        || accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let wanted = parts.next().unwrap_or_default();
            let refused = parts.any(|part| part.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()) == Some(0.0));
            let whole_kind = wanted.strip_suffix("/*").is_some_and(|wanted| wanted.eq_ignore_ascii_case(kind));
            !refused && (wanted.eq_ignore_ascii_case(media_type) || whole_kind || wanted == "*/*")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_among_what_is_accepted() {
        for accept in [
            "application/json",
            "text/html, */*;q=0.8",
            "application/*",
            "",
            "text/plain,Application/JSON;charset=utf-8",
        ] {
            assert!(accepts(accept, "application/json"), "{accept}");
        }
        for accept in ["text/plain", "text/html,application/xml;q=0.9", "application/json;q=0", "text/*"] {
            assert!(!accepts(accept, "application/json"), "{accept}");
        }
    }
}
