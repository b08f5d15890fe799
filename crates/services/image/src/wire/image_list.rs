//! The query of `GET /v2/images`: filters, order and page.

use ferrostack_base::Timestamp;
use ferrostack_db::{ToValue, Value};
use ferrostack_http::{Fault, Params};

use crate::{
    model::{MemberStatus, Visibility},
    store::image_list::{Filter, Order, Query, WantedVisibility},
};

/// Images of a page when the caller names no limit.
const USUAL_LIMIT: usize = 25;
/// Images of a page at most.
const LARGEST_LIMIT: usize = 1000;
/// Microseconds of a second: the API shows times in seconds, so filters compare these.
const SECOND: i64 = 1_000_000;

/// What lists can be sorted by, and the columns.
const SORT_KEYS: [(&str, &str); 8] = [
    ("name", "name"),
    ("status", "status"),
    ("container_format", "container_format"),
    ("disk_format", "disk_format"),
    ("size", "size"),
    ("id", "id"),
    ("created_at", "created_us"),
    ("updated_at", "updated_us"),
];

fn wrong(parameter: &str, why: impl std::fmt::Display) -> Fault {
    Fault::bad_request(format!("Invalid input for query parameter {parameter}: {why}."))
}

/// Reads the query.
pub(crate) fn parse(params: &Params) -> Result<Query, Fault> {
    let mut query = Query {
        visibility: WantedVisibility::Usual,
        member_status: Some(MemberStatus::Accepted),
        os_hidden: false,
        filters: Vec::new(),
        order: order(params)?,
        limit: USUAL_LIMIT,
        marker: None,
    };
    for (key, value) in params.iter() {
        match key {
            "sort" | "sort_key" | "sort_dir" | "deleted" => {}
            "limit" => {
                let limit: usize =
                    value.parse().map_err(|_| wrong(key, format_args!("{value:?} is not a number of 0 or more")))?;
                query.limit = limit.min(LARGEST_LIMIT);
            }
            "marker" => {
                query.marker = Some(value.parse().map_err(|_| wrong(key, format_args!("{value:?} is no image")))?)
            }
            "visibility" => {
                query.visibility = match value {
                    "all" => WantedVisibility::All,
                    _ => WantedVisibility::Only(word::<Visibility>(key, value)?),
                }
            }
            "member_status" => query.member_status = if value == "all" { None } else { Some(word(key, value)?) },
            "os_hidden" => query.os_hidden = flag(key, value)?,
            "changes-since" => return Err(wrong(key, "it does not exist in version 2; use updated_at=gte:TIME")),
            _ => query.filters.push(filter(key, value)?),
        }
    }
    Ok(query)
}

fn word<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, Fault> {
    value.parse().map_err(|_| wrong(key, format_args!("{value:?} is none of its values")))
}

fn flag(key: &str, value: &str) -> Result<bool, Fault> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong(key, format_args!("{value:?} is neither true nor false"))),
    }
}

fn number(key: &str, value: &str) -> Result<i64, Fault> {
    value.parse().map_err(|_| wrong(key, format_args!("{value:?} is not a whole number")))
}

fn filter(key: &str, value: &str) -> Result<Filter, Fault> {
    let text = |column| Ok(Filter::Equals(column, value.to_value()));
    match key {
        "id" => listed("id", key, value),
        "name" => listed("name", key, value),
        "status" => listed("status", key, value),
        "disk_format" => listed("disk_format", key, value),
        "container_format" => listed("container_format", key, value),
        "owner" => text("owner"),
        "checksum" => text("checksum"),
        "os_hash_algo" => text("os_hash_algo"),
        "os_hash_value" => text("os_hash_value"),
        "protected" => Ok(Filter::Equals("protected", flag(key, value)?.to_value())),
        "size" => exactly("size", key, value),
        "virtual_size" => exactly("virtual_size", key, value),
        "min_disk" => exactly("min_disk", key, value),
        "min_ram" => exactly("min_ram", key, value),
        "size_min" => Ok(Filter::AtLeast("size", number(key, value)?)),
        "size_max" => Ok(Filter::AtMost("size", number(key, value)?)),
        "min_disk_min" => Ok(Filter::AtLeast("min_disk", number(key, value)?)),
        "min_disk_max" => Ok(Filter::AtMost("min_disk", number(key, value)?)),
        "min_ram_min" => Ok(Filter::AtLeast("min_ram", number(key, value)?)),
        "min_ram_max" => Ok(Filter::AtMost("min_ram", number(key, value)?)),
        "created_at" => time("created_us", key, value),
        "updated_at" => time("updated_us", key, value),
        "tag" => Ok(Filter::Tag(value.trim().to_owned())),
        _ => Ok(Filter::Property(key.to_owned(), value.to_owned())),
    }
}

fn exactly(column: &'static str, key: &str, value: &str) -> Result<Filter, Fault> {
    Ok(Filter::Equals(column, Value::Int(number(key, value)?)))
}

/// `operator:rest`; a text without a known operator is compared as it is.
fn split_operator(value: &str) -> (&str, &str) {
    match value.split_once(':') {
        Some((operator @ ("gt" | "gte" | "lt" | "lte" | "eq" | "neq" | "in"), rest)) => (operator, rest),
        _ => ("eq", value),
    }
}

fn listed(column: &'static str, key: &str, value: &str) -> Result<Filter, Fault> {
    match split_operator(value) {
        ("eq", text) => Ok(Filter::Equals(column, text.to_value())),
        ("in", list) => Ok(Filter::In(column, split_quoted(key, list)?)),
        (operator, _) => {
            Err(wrong(key, format_args!("the operator {operator:?} does not apply; use in:A,B or a plain value")))
        }
    }
}

/// `a,"b, c",d`: commas within quotation marks are part of a value.
fn split_quoted(key: &str, list: &str) -> Result<Vec<String>, Fault> {
    let mut values = Vec::new();
    let mut rest = list;
    loop {
        let value = if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after) = quoted
                .split_once('"')
                .ok_or_else(|| wrong(key, format_args!("{list:?} lacks a closing quotation mark")))?;
            rest = after;
            value
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let (value, after) = rest.split_at(end);
            rest = after;
            value
        };
        values.push(value.to_owned());
        if rest.is_empty() {
            return Ok(values);
        }
        rest = rest
            .strip_prefix(',')
            .ok_or_else(|| wrong(key, format_args!("{list:?} lacks a comma behind a quotation mark")))?;
    }
}

fn time(column: &'static str, key: &str, value: &str) -> Result<Filter, Fault> {
    let (operator, text) = split_operator(value);
    let time = Timestamp::parse(text)
        .ok_or_else(|| wrong(key, format_args!("{text:?} is not a time as 2026-11-20T19:03:50Z")))?;
    let from = Timestamp::from_secs(time.secs()).micros();
    let until = from + SECOND;
    match operator {
        "gt" => Ok(Filter::AtLeast(column, until)),
        "gte" => Ok(Filter::AtLeast(column, from)),
        "lt" => Ok(Filter::AtMost(column, from - 1)),
        "lte" => Ok(Filter::AtMost(column, until - 1)),
        "eq" => Ok(Filter::Within(column, from, until)),
        "neq" => Ok(Filter::NotWithin(column, from, until)),
        _ => Err(wrong(key, "the operator in: does not apply to times")),
    }
}

/// `sort=name:asc,size`, or `sort_key=name&sort_dir=asc` with one direction for all keys or one for each. Descending
/// unless said otherwise; ends with the creation time and the id, so that every order is total.
fn order(params: &Params) -> Result<Vec<Order>, Fault> {
    let (keys, directions) = (params.all("sort_key"), params.all("sort_dir"));
    let mut order = Vec::new();
    if let Some(sort) = params.get("sort") {
        if !keys.is_empty() || !directions.is_empty() {
            return Err(wrong("sort", "it can't be combined with sort_key and sort_dir"));
        }
        for part in sort.split(',') {
            let (key, direction) = part.split_once(':').unwrap_or((part, "desc"));
            order.push(Order { column: column("sort", key)?, descending: descending("sort", direction)? });
        }
    } else {
        let keys = if keys.is_empty() { vec!["created_at"] } else { keys };
        if directions.len() > 1 && directions.len() != keys.len() {
            return Err(wrong("sort_dir", "there must be one direction, or as many as there are sort_key parameters"));
        }
        for (index, key) in keys.iter().enumerate() {
            let direction = if directions.len() > 1 { directions.get(index) } else { directions.first() };
            let descending = descending("sort_dir", direction.unwrap_or(&"desc"))?;
            order.push(Order { column: column("sort_key", key)?, descending });
        }
    }
    for column in ["created_us", "id"] {
        if !order.iter().any(|key| key.column == column) {
            order.push(Order { column, descending: true });
        }
    }
    Ok(order)
}

fn column(parameter: &str, key: &str) -> Result<&'static str, Fault> {
    let found = SORT_KEYS.iter().find(|(name, _)| *name == key.trim()).map(|(_, column)| *column);
    found.ok_or_else(|| wrong(parameter, format_args!("{key:?} can't be sorted by")))
}

fn descending(parameter: &str, direction: &str) -> Result<bool, Fault> {
    match direction.trim() {
        "asc" => Ok(false),
        "desc" => Ok(true),
        _ => Err(wrong(parameter, format_args!("{direction:?} is neither asc nor desc"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(query: &str) -> Vec<Filter> {
        parse(&Params::parse(query)).unwrap().filters
    }

    #[test]
    fn lists_may_be_quoted() {
        let names = |text: &str| vec![Filter::In("name", text.split('|').map(str::to_owned).collect())];
        assert_eq!(filters("name=in:a,b"), names("a|b"));
        assert_eq!(filters("name=in:%22glass,%20darkly%22,share%20me"), names("glass, darkly|share me"));
        assert!(parse(&Params::parse("name=in:%22a")).is_err());
        assert!(parse(&Params::parse("name=in:%22a%22b")).is_err());
        assert!(parse(&Params::parse("name=gt:a")).is_err());
        assert_eq!(filters("name=12:30"), vec![Filter::Equals("name", "12:30".to_value())]);
    }

    #[test]
    fn times_are_compared_by_the_second() {
        let second = 1_795_201_430 * SECOND;
        let filter = |operator: &str| filters(&format!("created_at={operator}2026-11-20T19:03:50Z")).remove(0);
        assert_eq!(filter(""), Filter::Within("created_us", second, second + SECOND));
        assert_eq!(filter("gt:"), Filter::AtLeast("created_us", second + SECOND));
        assert_eq!(filter("lte:"), Filter::AtMost("created_us", second + SECOND - 1));
        assert!(parse(&Params::parse("created_at=gt:yesterday")).is_err());
        assert!(parse(&Params::parse("created_at=in:2026-11-20T19:03:50Z")).is_err());
    }

    #[test]
    fn every_order_is_total() {
        let order = |query: &str| {
            let order = parse(&Params::parse(query)).unwrap().order;
            order
                .iter()
                .map(|key| format!("{}{}", if key.descending { "-" } else { "+" }, key.column))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(order(""), "-created_us -id");
        assert_eq!(order("sort=name:asc,size"), "+name -size -created_us -id");
        assert_eq!(order("sort_key=name&sort_key=size&sort_dir=asc"), "+name +size -created_us -id");
        assert_eq!(order("sort_key=name&sort_key=id&sort_dir=asc&sort_dir=desc"), "+name -id -created_us");
        for wrong in [
            "sort=owner",
            "sort=name:up",
            "sort=name&sort_dir=asc",
            "sort_key=name&sort_dir=asc&sort_dir=desc",
            "limit=-1",
            "limit=x",
        ] {
            assert!(parse(&Params::parse(wrong)).is_err(), "{wrong}");
        }
    }
}
