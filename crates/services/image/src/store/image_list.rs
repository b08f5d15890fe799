//! Lists of images: filters, order, and pages by position in that order.

use ferrostack_db::{DbError, Read, Sql, ToValue, Value};

use super::image::{COLUMNS, head};
use crate::model::{ImageId, ImageRecord, MemberStatus, Visibility};

/// Whose images are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Everybody's.
    Admin {
        /// The administrator's own project.
        project: Option<String>,
    },
    /// Those that a project may see.
    Project(Option<String>),
}

/// Which visibilities are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WantedVisibility {
    /// All but the community images of others.
    Usual,
    /// Really all that the caller may see.
    All,
    /// One.
    Only(Visibility),
}

/// A condition on the record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    /// The column has that value.
    Equals(&'static str, Value),
    /// The column has one of these values.
    In(&'static str, Vec<String>),
    /// The column is at least that.
    AtLeast(&'static str, i64),
    /// The column is at most that.
    AtMost(&'static str, i64),
    /// The column is at least the first and less than the second.
    Within(&'static str, i64, i64),
    /// The contrary.
    NotWithin(&'static str, i64, i64),
    /// The image has that custom property.
    Property(String, String),
    /// The image has that tag.
    Tag(String),
}

/// One key of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) column: &'static str,
    pub(crate) descending: bool,
}

/// A list as a caller wants it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) visibility: WantedVisibility,
    /// Of images shared with the caller; none = any.
    pub(crate) member_status: Option<MemberStatus>,
    pub(crate) os_hidden: bool,
    pub(crate) filters: Vec<Filter>,
    /// Ends with a unique column.
    pub(crate) order: Vec<Order>,
    pub(crate) limit: usize,
    pub(crate) marker: Option<ImageId>,
}

/// The images that fit, after the marker's image when there is one.
pub(crate) async fn list(
    db: &impl Read,
    query: &Query,
    viewer: &Viewer,
    marker: Option<&ImageRecord>,
) -> Result<Vec<ImageRecord>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM image WHERE os_hidden = ?").bind(query.os_hidden);
    scope(&mut sql, query, viewer);
    for filter in &query.filters {
        narrow(&mut sql, filter);
    }
    if let Some(marker) = marker {
        after(&mut sql, &query.order, marker);
    }
    for (index, key) in query.order.iter().enumerate() {
        sql.push(if index == 0 { " ORDER BY " } else { ", " }).push(key.column);
        sql.push(if key.descending { " DESC" } else { " ASC" });
    }
    sql.push(" LIMIT ?").bind(query.limit);
    db.list(sql).await
}

fn scope(sql: &mut Sql, query: &Query, viewer: &Viewer) {
    let project = match viewer {
        Viewer::Admin { project } => project,
        Viewer::Project(project) => {
            sql.push(" AND (visibility IN ('public', 'community')");
            if let Some(project) = project {
                sql.push(" OR owner = ?").bind(project);
                sql.push(" OR (visibility = 'shared' AND id IN (SELECT image_id FROM image_member WHERE member = ?")
                    .bind(project);
                if let Some(status) = query.member_status {
                    sql.push(" AND status = ?").bind(status);
                }
                sql.push("))");
            }
            sql.push(")");
            project
        }
    };
    match (query.visibility, project) {
        (WantedVisibility::All, _) => {}
        (WantedVisibility::Only(visibility), _) => {
            sql.and("visibility = ?", visibility);
        }
        (WantedVisibility::Usual, Some(project)) => {
            sql.and("(visibility <> 'community' OR owner = ?)", project);
        }
        (WantedVisibility::Usual, None) => {
            sql.and_literal("visibility <> 'community'");
        }
    }
}

fn narrow(sql: &mut Sql, filter: &Filter) {
    match filter {
        Filter::Equals(column, value) => sql.and(&format!("{column} = ?"), value),
        Filter::In(column, values) => sql.and_in(column, values),
        Filter::AtLeast(column, least) => sql.and(&format!("{column} >= ?"), least),
        Filter::AtMost(column, most) => sql.and(&format!("{column} <= ?"), most),
        Filter::Within(column, from, before) => {
            sql.and(&format!("{column} >= ?"), from).and(&format!("{column} < ?"), before)
        }
        Filter::NotWithin(column, from, before) => {
            sql.push(&format!(" AND ({column} < ? OR {column} >= ?)")).bind(from).bind(before)
        }
        Filter::Property(name, value) => sql
            .push(" AND id IN (SELECT image_id FROM image_property WHERE name = ? AND value_head = ? AND value = ?)")
            .bind(name)
            .bind(head(value))
            .bind(value),
        Filter::Tag(tag) => sql.and("id IN (SELECT image_id FROM image_tag WHERE value = ?)", tag),
    };
}

/// Only what stands behind `marker` in the order. NULL sorts before every value in both databases.
fn after(sql: &mut Sql, order: &[Order], marker: &ImageRecord) {
    sql.push(" AND (");
    for (index, last) in order.iter().enumerate() {
        sql.push(if index == 0 { "(" } else { " OR (" });
        for key in order.iter().take(index) {
            match sort_value(marker, key.column) {
                Value::Null => sql.push(key.column).push(" IS NULL AND "),
                value => sql.push(key.column).push(" = ? AND ").bind(value),
            };
        }
        let column = last.column;
        match (sort_value(marker, column), last.descending) {
            (Value::Null, false) => sql.push(column).push(" IS NOT NULL"),
            (Value::Null, true) => sql.push("1 = 0"),
            (value, false) => sql.push(column).push(" > ?").bind(value),
            (value, true) => sql.push(&format!("({column} < ? OR {column} IS NULL)")).bind(value),
        };
        sql.push(")");
    }
    sql.push(")");
}

fn sort_value(image: &ImageRecord, column: &str) -> Value {
    match column {
        "name" => image.name.to_value(),
        "status" => image.status.to_value(),
        "container_format" => image.container_format.to_value(),
        "disk_format" => image.disk_format.map(|format| format.as_str()).to_value(),
        "size" => image.size.to_value(),
        "created_us" => image.created_at.to_value(),
        "updated_us" => image.updated_at.to_value(),
        _ => image.id.to_value(),
    }
}
