//! What all lists share: name filters and paging.

use ferrostack_db::{DbError, FromRow, Read, Sql};

use crate::store::fold;

/// How a name is compared; always without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NameMatch {
    /// The whole name.
    Equals(String),
    /// A part of it.
    Contains(String),
    /// Its beginning.
    StartsWith(String),
    /// Its end.
    EndsWith(String),
}

impl NameMatch {
    /// Adds the condition on the folded column.
    pub(crate) fn apply(&self, sql: &mut Sql, column: &str) {
        let pattern = match self {
            Self::Equals(text) => {
                sql.and(&format!("{column} = ?"), fold(text));
                return;
            }
            Self::Contains(text) => format!("%{}%", escape(text)),
            Self::StartsWith(text) => format!("{}%", escape(text)),
            Self::EndsWith(text) => format!("%{}", escape(text)),
        };
        sql.and(&format!("{column} LIKE ? ESCAPE '!'"), pattern);
    }
}

/// Makes LIKE take a text as it is.
fn escape(text: &str) -> String {
    fold(text).replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// Which part of a list is wanted; lists are ordered by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// At most so many.
    pub(crate) limit: Option<usize>,
    /// Only ids after this one.
    pub(crate) marker: Option<String>,
}

/// A part of a list.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    /// The elements.
    pub(crate) items: Vec<T>,
    /// Whether there are more after them.
    pub(crate) more: bool,
}

impl Window {
    /// Runs the statement for this part of its rows. `id` is the column to order by.
    pub(crate) async fn list<T: FromRow + Send>(
        &self,
        db: &impl Read,
        mut sql: Sql,
        id: &str,
    ) -> Result<Listing<T>, DbError> {
        if let Some(marker) = &self.marker {
            sql.and(&format!("{id} > ?"), marker);
        }
        sql.push(&format!(" ORDER BY {id}"));
        if let Some(limit) = self.limit {
            // One more than wanted tells whether there are more.
            sql.push(" LIMIT ?").bind(limit.saturating_add(1));
        }
        let mut items: Vec<T> = db.list(sql).await?;
        let more = self.limit.is_some_and(|limit| items.len() > limit);
        if let (true, Some(limit)) = (more, self.limit) {
            items.truncate(limit);
        }
        Ok(Listing { items, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_clients_are_no_patterns_of_sql() {
        let mut sql = Sql::new("SELECT 1 WHERE 1 = 1");
        NameMatch::Contains("50%_A!".to_owned()).apply(&mut sql, "folded_name");
        assert_eq!(sql.text(), "SELECT 1 WHERE 1 = 1 AND folded_name LIKE ? ESCAPE '!'");
        assert_eq!(escape("50%_A!"), "50!%!_a!!");
    }
}
