//! Paging and sorting of lists.

use crate::{Fault, Params};

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most so many; none = as many as the service gives at once.
    pub limit: Option<usize>,
    /// The id of the last element of the page before.
    pub marker: Option<String>,
    /// Towards the beginning (network's `page_reverse`).
    pub reverse: bool,
}

impl Page {
    /// Reads `limit`, `marker` and `page_reverse`; a limit above `max` is taken as `max`.
    ///
    /// # Errors
    /// 400 when the limit is no number that is 0 or more.
    pub fn from_params(params: &Params, max: usize) -> Result<Self, Fault> {
        let limit = match params.get("limit") {
            None => None,
            Some(text) => {
                let number: usize = text.parse().map_err(|_| {
                    Fault::bad_request(format!(
                        "Invalid input for query parameter limit: {text:?} is not a number of 0 or more."
                    ))
                })?;
                Some(number.min(max))
            }
        };
        Ok(Self {
            limit,
            marker: params.get("marker").filter(|marker| !marker.is_empty()).map(str::to_owned),
            reverse: params.flag("page_reverse")?.unwrap_or(false),
        })
    }
}

/// One key to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// The column: one of those that the service allows.
    pub column: &'static str,
    /// From high to low.
    pub descending: bool,
}

/// The order of a list.
pub type Sorting = Vec<SortKey>;

/// Reads `sort_key`/`sort_dir` (repeated, matched by position) and `sort=key:dir,key:dir`. `allowed` maps the API's
/// names to columns.
///
/// # Errors
/// 400 for unknown keys and directions.
pub fn parse_sort_keys(params: &Params, allowed: &[(&str, &'static str)]) -> Result<Sorting, Fault> {
    let mut wanted: Vec<(String, Option<String>)> = Vec::new();
    for part in params.all("sort").iter().flat_map(|text| text.split(',')).filter(|part| !part.is_empty()) {
        let (key, direction) = part.split_once(':').map_or((part, None), |(key, direction)| (key, Some(direction)));
        wanted.push((key.to_owned(), direction.map(str::to_owned)));
    }
    let directions = params.all("sort_dir");
    for (index, key) in params.all("sort_key").into_iter().enumerate() {
        wanted.push((key.to_owned(), directions.get(index).map(|direction| (*direction).to_owned())));
    }
    wanted
        .into_iter()
        .map(|(key, direction)| {
            let column = allowed.iter().find(|(name, _)| *name == key).map(|(_, column)| *column);
            let column = column.ok_or_else(|| {
                Fault::bad_request(format!("Invalid input for query parameter sort_key: {key:?} can't be sorted by."))
            })?;
            match direction.as_deref() {
                None | Some("asc") => Ok(SortKey { column, descending: false }),
                Some("desc") => Ok(SortKey { column, descending: true }),
                Some(other) => Err(Fault::bad_request(format!(
                    "Invalid input for query parameter sort_dir: {other:?} is neither \"asc\" nor \"desc\"."
                ))),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_bounded_and_checked() {
        let page = |query| Page::from_params(&Params::parse(query), 1000);
        assert_eq!(page("limit=5000").unwrap().limit, Some(1000));
        assert_eq!(page("").unwrap().limit, None);
        assert!(page("limit=-1").is_err());
        assert!(page("limit=x").unwrap_err().message.contains("limit"));
    }

    #[test]
    fn both_styles_of_sorting_are_read() {
        let allowed = [("name", "name"), ("created_at", "created_us")];
        let sort = |query| parse_sort_keys(&Params::parse(query), &allowed);
        let expected =
            vec![SortKey { column: "name", descending: true }, SortKey { column: "created_us", descending: false }];
        assert_eq!(sort("sort=name:desc,created_at").unwrap(), expected);
        assert_eq!(sort("sort_key=name&sort_dir=desc&sort_key=created_at").unwrap(), expected);
        assert!(sort("sort_key=password").is_err());
        assert!(sort("sort=name:sideways").is_err());
    }
}
