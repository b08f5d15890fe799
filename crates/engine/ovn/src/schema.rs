//! A database's schema (RFC 7047 section 3.2): tables, columns, indexes. The client reads it to learn which columns are
//! sent as differences and whether the server has what we need.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json};

use crate::{ColumnType, OvnError};

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSchema {
    /// What it holds.
    pub column_type: ColumnType,
    /// Whether it may change after the insert.
    pub mutable: bool,
    /// Whether it is forgotten when the server stops.
    pub ephemeral: bool,
}

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSchema {
    /// Columns by name, without `_uuid` and `_version`.
    pub columns: BTreeMap<Arc<str>, ColumnSchema>,
    /// Most rows at a commit.
    pub max_rows: Option<usize>,
    /// Whether rows live without being referenced.
    pub is_root: bool,
    /// Sets of columns whose values together are unique.
    pub indexes: Vec<Vec<Arc<str>>>,
}

/// One database.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseSchema {
    /// The database's name, such as `OVN_Northbound`.
    pub name: Arc<str>,
    /// Its version, three numbers.
    pub version: Arc<str>,
    /// Tables by name.
    pub tables: BTreeMap<Arc<str>, TableSchema>,
}

impl DatabaseSchema {
    /// The table of that name.
    ///
    /// # Errors
    /// [`OvnError::Missing`].
    pub fn table(&self, table: &str) -> Result<&TableSchema, OvnError> {
        self.tables.get(table).ok_or_else(|| self.missing(format!("table {table}")))
    }

    /// The column of that name.
    ///
    /// # Errors
    /// [`OvnError::Missing`].
    pub fn column(&self, table: &str, column: &str) -> Result<&ColumnSchema, OvnError> {
        self.table(table)?.columns.get(column).ok_or_else(|| self.missing(format!("column {table}.{column}")))
    }

    fn missing(&self, what: String) -> OvnError {
        OvnError::Missing { database: self.name.as_ref().to_owned(), what }
    }

    /// Writes the schema.
    pub fn to_json(&self) -> Json {
        let mut tables = Map::new();
        // A schema that marks no table as root means that all are; so does ours when it marks all.
        for (name, table) in &self.tables {
            tables.insert(name.as_ref().to_owned(), table.to_json());
        }
        serde_json::json!({ "name": self.name.as_ref(), "version": self.version.as_ref(), "tables": tables })
    }

    /// Reads a schema.
    ///
    /// # Errors
    /// [`OvnError::Protocol`] naming the member that is wrong.
    pub fn from_json(json: &Json) -> Result<Self, OvnError> {
        let text = |member: &str| {
            json[member]
                .as_str()
                .map(Arc::from)
                .ok_or_else(|| OvnError::protocol(format!("schema.{member}"), "expected a text"))
        };
        let listed =
            json["tables"].as_object().ok_or_else(|| OvnError::protocol("schema.tables", "expected an object"))?;
        let mut tables = BTreeMap::new();
        for (name, table) in listed {
            tables.insert(Arc::from(name.as_str()), TableSchema::from_json(table, name)?);
        }
        if !tables.values().any(|table: &TableSchema| table.is_root) {
            tables.values_mut().for_each(|table| table.is_root = true);
        }
        Ok(Self { name: text("name")?, version: text("version").unwrap_or_else(|_| Arc::from("0.0.0")), tables })
    }
}

impl TableSchema {
    fn to_json(&self) -> Json {
        let mut columns = Map::new();
        for (name, column) in &self.columns {
            let mut json = Map::new();
            json.insert("type".into(), column.column_type.to_json());
            if !column.mutable {
                json.insert("mutable".into(), false.into());
            }
            if column.ephemeral {
                json.insert("ephemeral".into(), true.into());
            }
            columns.insert(name.as_ref().to_owned(), Json::Object(json));
        }
        let mut json = Map::new();
        json.insert("columns".into(), Json::Object(columns));
        if let Some(most) = self.max_rows {
            json.insert("maxRows".into(), most.into());
        }
        if self.is_root {
            json.insert("isRoot".into(), true.into());
        }
        if !self.indexes.is_empty() {
            let lists =
                self.indexes.iter().map(|index| index.iter().map(|c| Json::from(c.as_ref())).collect::<Vec<_>>());
            json.insert("indexes".into(), lists.collect::<Vec<_>>().into());
        }
        Json::Object(json)
    }

    fn from_json(json: &Json, name: &str) -> Result<Self, OvnError> {
        let wrong =
            |member: &str| OvnError::protocol(format!("schema.tables.{name}.{member}"), "not of the expected form");
        let mut columns = BTreeMap::new();
        for (column, described) in json["columns"].as_object().ok_or_else(|| wrong("columns"))? {
            let column_type = ColumnType::from_json(&described["type"], &format!("{name}.{column}"))?;
            let mutable = described["mutable"].as_bool().unwrap_or(true);
            let ephemeral = described["ephemeral"].as_bool().unwrap_or(false);
            columns.insert(Arc::from(column.as_str()), ColumnSchema { column_type, mutable, ephemeral });
        }
        let mut indexes = Vec::new();
        for index in json["indexes"].as_array().into_iter().flatten() {
            let listed = index.as_array().ok_or_else(|| wrong("indexes"))?;
            let names = listed.iter().map(|c| c.as_str().map(Arc::from).ok_or_else(|| wrong("indexes")));
            indexes.push(names.collect::<Result<Vec<_>, _>>()?);
        }
        let max_rows = json["maxRows"].as_u64().and_then(|n| usize::try_from(n).ok());
        Ok(Self { columns, max_rows, is_root: json["isRoot"].as_bool().unwrap_or(false), indexes })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_survives_json() {
        let json = json!({"name": "D", "version": "1.2.3", "tables": {
            "Root": {"columns": {
                "children": {"type": {"key": {"type": "uuid", "refTable": "Child", "refType": "strong"}, "min": 0, "max": "unlimited"}},
                "name": {"type": "string", "mutable": false}}, "isRoot": true, "indexes": [["name"]]},
            "Child": {"columns": {"seen": {"type": "boolean", "ephemeral": true}}, "maxRows": 4}}});
        let schema = DatabaseSchema::from_json(&json).unwrap();
        assert!(schema.tables["Root"].is_root && !schema.tables["Child"].is_root);
        assert_eq!(DatabaseSchema::from_json(&schema.to_json()).unwrap(), schema);
        assert_eq!(schema.column("Root", "nam").unwrap_err().to_string(), "the database D has no column Root.nam");
    }

    #[test]
    fn without_any_root_every_table_is_one() {
        let json = json!({"name": "D", "version": "1.2.3", "tables": {"A": {"columns": {}}, "B": {"columns": {}}}});
        assert!(DatabaseSchema::from_json(&json).unwrap().tables.values().all(|table| table.is_root));
    }

    #[test]
    fn a_broken_schema_names_the_member() {
        let json = json!({"name": "D", "tables": {"A": {"columns": {"c": {"type": {"key": "text"}}}}}});
        assert!(DatabaseSchema::from_json(&json).unwrap_err().to_string().contains("A.c"));
    }
}
