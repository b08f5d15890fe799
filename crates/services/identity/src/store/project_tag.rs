//! Tags of projects.

use ferrostack_db::{DbError, Sql, ToValue, Tx, args};

use crate::ProjectId;

/// By which tags a list of projects is narrowed.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// All of these.
    pub(crate) all: Vec<String>,
    /// One of these.
    pub(crate) any: Vec<String>,
    /// Not all of these.
    pub(crate) not_all: Vec<String>,
    /// None of these.
    pub(crate) not_any: Vec<String>,
}

const HAS: &str = "(SELECT t.project_id FROM identity_project_tag t WHERE t.name";

impl Filter {
    /// Adds the conditions on `id`.
    pub(crate) fn apply(&self, sql: &mut Sql) {
        for tag in &self.all {
            sql.and(&format!("id IN {HAS} = ?)"), tag);
        }
        for (tags, negated) in [(&self.any, ""), (&self.not_any, "NOT ")] {
            if !tags.is_empty() {
                sql.push(&format!(" AND id {negated}IN {HAS} IN (")).list(tags).push("))");
            }
        }
        if !self.not_all.is_empty() {
            sql.push(" AND NOT (1 = 1");
            for tag in &self.not_all {
                sql.and(&format!("id IN {HAS} = ?)"), tag);
            }
            sql.push(")");
        }
    }
}

/// The tags of a project from one column, in alphabetical order.
pub(crate) fn split(column: Option<String>) -> Vec<String> {
    let mut tags: Vec<String> = column.iter().flat_map(|tags| tags.split(',')).map(str::to_owned).collect();
    tags.sort_unstable();
    tags
}

/// Gives a project these tags and no others.
pub(crate) async fn replace(tx: &Tx, id: &ProjectId, tags: &[String]) -> Result<(), DbError> {
    tx.exec("DELETE FROM identity_project_tag WHERE project_id = ?", args![id]).await?;
    let rows = tags.iter().map(|tag| vec![id.to_value(), tag.to_value()]).collect();
    tx.insert_many("INSERT INTO identity_project_tag (project_id, name) VALUES", rows).await
}
