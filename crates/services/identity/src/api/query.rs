//! What lists are narrowed to, as clients write it.

use ferrostack_http::{Fault, Page, Params};

use crate::{
    api::MAX_PAGE,
    store::{NameMatch, Window},
};

/// `name=`, `name__contains=` and so on; case never matters, so that the `i` forms are the same.
pub(super) fn names(params: &Params) -> Vec<NameMatch> {
    let matches = params.iter().filter_map(|(key, text)| {
        let text = text.to_owned();
        match key {
            "name" => Some(NameMatch::Equals(text)),
            "name__contains" | "name__icontains" => Some(NameMatch::Contains(text)),
            "name__startswith" | "name__istartswith" => Some(NameMatch::StartsWith(text)),
            "name__endswith" | "name__iendswith" => Some(NameMatch::EndsWith(text)),
            _ => None,
        }
    });
    matches.collect()
}

/// `enabled=`: anything that does not say no means yes, as in Keystone.
pub(super) fn enabled(params: &Params) -> Option<bool> {
    flag(params, "enabled")
}

/// A flag that is set by being there, unless it says no.
pub(super) fn flag(params: &Params, key: &str) -> Option<bool> {
    let text = params.get(key)?.to_ascii_lowercase();
    Some(!matches!(text.as_str(), "0" | "false" | "f" | "no" | "n" | "off"))
}

/// `limit=` and `marker=`
pub(super) fn window(params: &Params) -> Result<Window, Fault> {
    Ok(Page::from_params(params, MAX_PAGE)?.into())
}

/// An id; no value is no filter.
pub(super) fn id<T: std::str::FromStr>(params: &Params, key: &str) -> Option<T> {
    params.get(key).and_then(|text| text.parse().ok())
}

/// Comma-separated values.
pub(super) fn comma_separated(params: &Params, key: &str) -> Vec<String> {
    let values = params.all(key).into_iter().flat_map(|text| text.split(','));
    values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_clients_write_them() {
        for (query, expected) in [
            ("", None),
            ("enabled", Some(true)),
            ("enabled=True", Some(true)),
            ("enabled=0", Some(false)),
            ("enabled=False", Some(false)),
        ] {
            assert_eq!(enabled(&Params::parse(query)), expected, "{query}");
        }
    }

    #[test]
    fn names_are_matched_in_four_ways() {
        let params = Params::parse("name__icontains=a&name__startswith=b&name=c&colour=d&name__iendswith=e");
        let expected = [
            NameMatch::Contains("a".to_owned()),
            NameMatch::StartsWith("b".to_owned()),
            NameMatch::Equals("c".to_owned()),
            NameMatch::EndsWith("e".to_owned()),
        ];
        assert_eq!(names(&params), expected);
    }
}
