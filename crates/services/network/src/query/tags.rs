//! The filters over tags (extension `standard-attr-tag`): `tags` all of them, `tags-any` one of them, and both negated.

use ferrostack_db::Sql;

/// The names of the filters.
pub(crate) const TAG_FILTERS: [&str; 4] = ["tags", "tags-any", "not-tags", "not-tags-any"];

const WITH: &str = "id IN (SELECT resource_id FROM network_tag WHERE tag ";

/// Appends a filter; each value is a list separated by commas.
pub(crate) fn push_tag_filter(sql: &mut Sql, filter: &str, values: &[String]) {
    let tags: Vec<&str> = values.iter().flat_map(|value| value.split(',')).filter(|tag| !tag.is_empty()).collect();
    if tags.is_empty() {
        return;
    }
    if filter.ends_with("-any") {
        sql.push(if filter.starts_with("not-") { " AND NOT (" } else { " AND (" });
        sql.push(WITH).push("IN (").list(&tags).push(")))");
        return;
    }
    sql.push(if filter.starts_with("not-") { " AND NOT (" } else { " AND (" });
    for (index, tag) in tags.iter().enumerate() {
        sql.push(if index == 0 { "" } else { " AND " }).push(WITH).push("= ?)").bind(*tag);
    }
    sql.push(")");
}
