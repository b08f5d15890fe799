//! Lists: from the query's parameters to one statement.

use ferrostack_auth::Ctx;
use ferrostack_db::{Db, FromRow, Read, Sql, Value};
use ferrostack_http::{Page, Params, SortKey, parse_sort_keys};

use crate::{
    error::NetworkError,
    query::{Attribute, Fields, TAG_FILTERS, tags::push_tag_filter},
};

/// Largest page.
const MAX_PAGE: usize = 100_000;

/// Parameters that are no filters.
const CONTROLS: [&str; 7] = ["fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir", "sort"];

/// Whose resources a caller may list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everybody's.
    All,
    /// Those of this project, and what is shared with it.
    Project(String),
}

impl Scope {
    /// The caller's scope: everybody's if `action` is allowed for a project that cannot be the caller's.
    pub(crate) fn of(cx: &Ctx, action: &str) -> Self {
        let nobody = [("project_id", "-"), ("tenant_id", "-")];
        if cx.allow(action, &nobody).is_ok() {
            Self::All
        } else {
            Self::Project(cx.project_id().unwrap_or_default().to_owned())
        }
    }

    /// Leaves the project's own rows, and those that it may see by `also`: a condition without values, or nothing.
    pub(crate) fn narrow(&self, sql: &mut Sql, also: &'static str) {
        let Self::Project(project) = self else { return };
        sql.push(" AND (project_id = ?").bind(project);
        if !also.is_empty() {
            sql.push(" OR ").push(also);
        }
        sql.push(")");
    }
}

/// What a list was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    /// Attributes to show.
    pub fields: Fields,
    /// Filters that the resource itself turns into SQL.
    pub special: Vec<(&'static str, Vec<String>)>,
    filters: Vec<(Attribute, Vec<Option<Value>>)>,
    tags: Vec<(&'static str, Vec<String>)>,
    sort: Vec<SortKey>,
    page: Page,
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Found<T> {
    /// Its rows in the wanted order.
    pub rows: Vec<T>,
    /// The page as it was asked for.
    pub page: Page,
    /// Whether more follow in the direction of the request.
    pub more: bool,
}

impl Listing {
    /// Reads the parameters. `attributes` can be filtered by; `special` are the names of further filters that the caller
    /// turns into SQL.
    ///
    /// # Errors
    /// 400 for a filter, an order or a page that does not exist.
    pub(crate) fn parse(
        params: &Params,
        attributes: &'static [Attribute],
        special: &[&'static str],
    ) -> Result<Self, NetworkError> {
        let sortable: Vec<(&str, &'static str)> = attributes
            .iter()
            .filter(|attribute| attribute.is_sortable())
            .map(|attribute| (attribute.name, attribute.column))
            .collect();
        let refused = |fault: ferrostack_http::Fault| NetworkError::bad("HTTPBadRequest", fault.message);
        let mut listing = Self {
            fields: Fields::from_params(params),
            special: Vec::new(),
            filters: Vec::new(),
            tags: Vec::new(),
            sort: parse_sort_keys(params, &sortable).map_err(refused)?,
            page: Page::from_params(params, MAX_PAGE).map_err(refused)?,
        };
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in params.iter() {
            if seen.contains(&name) || CONTROLS.contains(&name) {
                continue;
            }
            seen.push(name);
            let owned = || params.all(name).into_iter().map(str::to_owned).collect::<Vec<_>>();
            if let Some(name) = special.iter().find(|known| **known == name) {
                listing.special.push((name, owned()));
            } else if let Some(name) = TAG_FILTERS.iter().find(|known| **known == name) {
                listing.tags.push((name, owned()));
            } else if let Some(attribute) = attributes.iter().find(|attribute| attribute.name == name) {
                let values = params.all(name).into_iter().map(|text| attribute.read(text)).collect::<Result<_, _>>()?;
                listing.filters.push((*attribute, values));
            } else {
                return Err(NetworkError::bad(
                    "HTTPBadRequest",
                    format!("[{name:?}] is invalid attribute for filtering"),
                ));
            }
        }
        if listing.page.limit == Some(0) {
            listing.page.limit = None;
        }
        Ok(listing)
    }

    /// Runs the list: `select` is `SELECT ... FROM table WHERE 1 = 1`, `table` the table again, `narrow` appends the scope
    /// and special filters.
    ///
    /// # Errors
    /// 400 when the marker does not exist; else what the database says.
    pub(crate) async fn run<T: FromRow + Send>(
        &self,
        db: &Db,
        select: &'static str,
        table: &'static str,
        narrow: impl FnOnce(&mut Sql) + Send,
    ) -> Result<Found<T>, NetworkError> {
        let marker = match &self.page.marker {
            Some(marker) => Some((marker.clone(), self.marker_values(db, table, marker).await?)),
            None => None,
        };
        let mut sql = Sql::new(select);
        narrow(&mut sql);
        self.push_filters(&mut sql);
        if let Some((id, values)) = &marker {
            self.push_after(&mut sql, id, values);
        }
        self.push_order(&mut sql);
        if let Some(limit) = self.page.limit {
            sql.push(" LIMIT ?").bind(limit + 1);
        }
        let mut rows: Vec<T> = db.list(sql).await?;
        let more = self.page.limit.is_some_and(|limit| rows.len() > limit);
        if let Some(limit) = self.page.limit {
            rows.truncate(limit);
        }
        if self.page.reverse {
            rows.reverse();
        }
        Ok(Found { rows, page: self.page.clone(), more })
    }

    fn push_filters(&self, sql: &mut Sql) {
        for (attribute, values) in &self.filters {
            let present: Vec<&Value> = values.iter().flatten().collect();
            if present.len() == values.len() {
                sql.and_in(attribute.column, &present);
                continue;
            }
            sql.push(" AND (").push(attribute.column).push(" IS NULL OR ").push(attribute.column).push(" = ''");
            if !present.is_empty() {
                sql.push(" OR ").push(attribute.column).push(" IN (").list(&present).push(")");
            }
            sql.push(")");
        }
        for (filter, values) in &self.tags {
            push_tag_filter(sql, filter, values);
        }
    }

    async fn marker_values(&self, db: &Db, table: &str, marker: &str) -> Result<Vec<Value>, NetworkError> {
        let columns = self.sort.iter().map(|key| key.column).chain(["id"]).collect::<Vec<_>>().join(", ");
        let mut sql = Sql::new("SELECT ");
        sql.push(&columns).push(" FROM ").push(table).push(" WHERE id = ?").bind(marker);
        let found: Vec<Values> = db.list(sql).await?;
        let row = found.into_iter().next();
        row.map(|Values(values)| values).ok_or_else(|| {
            NetworkError::bad(
                "HTTPBadRequest",
                format!("Invalid input for query parameter marker: {marker:?} does not exist."),
            )
        })
    }

    /// `(a > ?) OR (a = ? AND b > ?) OR (a = ? AND b = ? AND id > ?)`, each key in its own direction.
    fn push_after(&self, sql: &mut Sql, id: &str, values: &[Value]) {
        let keys = self.keys();
        sql.push(" AND (");
        for last in 0..keys.len() {
            sql.push(if last == 0 { "(" } else { " OR (" });
            for (index, key) in keys.iter().enumerate().take(last + 1) {
                let before = if key.descending { " < ?" } else { " > ?" };
                sql.push(if index == 0 { "" } else { " AND " }).push(key.column).push(if index == last {
                    before
                } else {
                    " = ?"
                });
                match values.get(index) {
                    Some(value) if key.column != "id" => sql.bind(value),
                    _ => sql.bind(id),
                };
            }
            sql.push(")");
        }
        sql.push(")");
    }

    fn push_order(&self, sql: &mut Sql) {
        for (index, key) in self.keys().iter().enumerate() {
            sql.push(if index == 0 { " ORDER BY " } else { ", " }).push(key.column).push(if key.descending {
                " DESC"
            } else {
                ""
            });
        }
    }

    /// The sort keys with the id as the last one, turned round for a page towards the beginning.
    fn keys(&self) -> Vec<SortKey> {
        let mut keys = self.sort.clone();
        if !keys.iter().any(|key| key.column == "id") {
            keys.push(SortKey { column: "id", descending: false });
        }
        if self.page.reverse {
            keys.iter_mut().for_each(|key| key.descending = !key.descending);
        }
        keys
    }
}

/// The filter `status` of what is always `ACTIVE`.
pub(crate) fn push_always_active(sql: &mut Sql, values: &[String]) {
    if values.iter().all(|value| value != "ACTIVE") {
        sql.and_literal("1 = 0");
    }
}

/// A row as bare values.
struct Values(Vec<Value>);

impl FromRow for Values {
    fn from_row(row: &ferrostack_db::Row) -> Result<Self, ferrostack_db::DbError> {
        Ok(Self(row.iter().map(|(_, value)| value.clone()).collect()))
    }
}
