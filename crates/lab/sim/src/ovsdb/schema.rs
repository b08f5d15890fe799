//! The schemas of the simulated databases, in a notation of one line per column.

use std::{collections::BTreeMap, sync::Arc};

use ferrostack_ovn::{Atom, AtomKind, BaseType, ColumnSchema, ColumnType, DatabaseSchema, Reference, TableSchema};

mod northbound;
mod northbound_router;
mod southbound;

/// OVN 23.03's Northbound database, all tables.
pub(crate) fn northbound() -> DatabaseSchema {
    database("OVN_Northbound", "7.0.0", northbound::tables().into_iter().chain(northbound_router::tables()))
}

/// OVN 23.03's Southbound database, the tables about chassis and bindings.
pub(crate) fn southbound() -> DatabaseSchema {
    database("OVN_Southbound", "20.27.0", southbound::tables())
}

fn database(name: &str, version: &str, tables: impl IntoIterator<Item = TableBuilder>) -> DatabaseSchema {
    let tables = tables.into_iter().map(|table| (Arc::from(table.name), table.schema)).collect();
    DatabaseSchema { name: name.into(), version: version.into(), tables }
}

struct TableBuilder {
    name: &'static str,
    schema: TableSchema,
}

/// A table whose rows live without references.
fn root(name: &'static str) -> TableBuilder {
    let mut table = child(name);
    table.schema.is_root = true;
    table
}

/// A table whose rows go when nothing refers to them.
fn child(name: &'static str) -> TableBuilder {
    TableBuilder {
        name,
        schema: TableSchema { columns: BTreeMap::new(), max_rows: None, is_root: false, indexes: Vec::new() },
    }
}

impl TableBuilder {
    fn column(self, name: &str, column_type: ColumnType) -> Self {
        self.put(name, ColumnSchema { column_type, mutable: true, ephemeral: false })
    }

    fn ephemeral(self, name: &str, column_type: ColumnType) -> Self {
        self.put(name, ColumnSchema { column_type, mutable: true, ephemeral: true })
    }

    fn put(mut self, name: &str, column: ColumnSchema) -> Self {
        self.schema.columns.insert(name.into(), column);
        self
    }

    /// A column of one text.
    fn text(self, name: &str) -> Self {
        self.column(name, one(AtomKind::String))
    }

    /// A column that maps texts to texts.
    fn map(self, name: &str) -> Self {
        self.column(name, map())
    }

    fn external_ids(self) -> Self {
        self.map("external_ids")
    }

    fn unique(mut self, columns: &[&str]) -> Self {
        self.schema.indexes.push(columns.iter().map(|column| Arc::from(*column)).collect());
        self
    }

    fn only_row(mut self) -> Self {
        self.schema.max_rows = Some(1);
        self
    }
}

fn one(kind: AtomKind) -> ColumnType {
    ColumnType::one(BaseType::of(kind))
}

fn integer() -> ColumnType {
    one(AtomKind::Integer)
}

fn boolean() -> ColumnType {
    one(AtomKind::Boolean)
}

fn optional(kind: AtomKind) -> ColumnType {
    ColumnType::optional(BaseType::of(kind))
}

fn texts() -> ColumnType {
    ColumnType::set(BaseType::of(AtomKind::String))
}

fn map() -> ColumnType {
    ColumnType::map(BaseType::of(AtomKind::String), BaseType::of(AtomKind::String))
}

fn range(low: i64, high: i64) -> BaseType {
    BaseType { range: Some((low, high)), ..BaseType::of(AtomKind::Integer) }
}

/// 0 to 32767.
fn priority() -> ColumnType {
    ColumnType::one(range(0, 32_767))
}

/// 0 to 2^32 - 1.
fn unsigned_32() -> BaseType {
    range(0, 4_294_967_295)
}

fn words(words: &[&str]) -> BaseType {
    BaseType { allowed: words.iter().map(Atom::string).collect(), ..BaseType::of(AtomKind::String) }
}

fn direction() -> ColumnType {
    ColumnType::one(words(&["from-lport", "to-lport"]))
}

fn reference(table: &str, strong: bool) -> BaseType {
    BaseType { reference: Some(Reference { table: table.into(), strong }), ..BaseType::of(AtomKind::Uuid) }
}

/// A set of references that keep their rows.
fn strong(table: &str) -> ColumnType {
    ColumnType::set(reference(table, true))
}

/// A set of references that go with their rows.
fn weak(table: &str) -> ColumnType {
    ColumnType::set(reference(table, false))
}

fn optional_strong(table: &str) -> ColumnType {
    ColumnType::optional(reference(table, true))
}

fn optional_weak(table: &str) -> ColumnType {
    ColumnType::optional(reference(table, false))
}

/// At least one.
fn some(column_type: ColumnType) -> ColumnType {
    ColumnType { min: 1, ..column_type }
}

/// The tables by which a server is told where to listen; the same in both databases.
fn connection() -> TableBuilder {
    child("Connection")
        .text("target")
        .column("max_backoff", ColumnType::optional(range(1000, i64::MAX)))
        .column("inactivity_probe", optional(AtomKind::Integer))
        .map("other_config")
        .external_ids()
        .ephemeral("is_connected", boolean())
        .ephemeral("status", map())
        .unique(&["target"])
}

fn ssl() -> TableBuilder {
    child("SSL")
        .text("private_key")
        .text("certificate")
        .text("ca_cert")
        .column("bootstrap_ca_cert", boolean())
        .text("ssl_protocols")
        .text("ssl_ciphers")
        .external_ids()
        .only_row()
}

fn mirror() -> TableBuilder {
    root("Mirror")
        .text("name")
        .column("filter", direction())
        .text("sink")
        .column("type", ColumnType::one(words(&["gre", "erspan"])))
        .column("index", integer())
        .external_ids()
        .unique(&["name"])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where Debian's OVN packages put the schema, the facts here are held against it.
    fn same_as_installed(file: &str, ours: &DatabaseSchema) {
        let Ok(text) = std::fs::read_to_string(file) else {
            eprintln!("skipped: {file} is not installed");
            return;
        };
        let installed = DatabaseSchema::from_json(&serde_json::from_str(&text).unwrap()).unwrap();
        if installed.version != ours.version {
            eprintln!("skipped: {file} has version {}, not {}", installed.version, ours.version);
            return;
        }
        for (name, table) in &ours.tables {
            let theirs = &installed.tables[name];
            for (column, described) in &table.columns {
                assert_eq!(Some(described), theirs.columns.get(column), "{name}.{column}");
            }
            assert_eq!(table.indexes, theirs.indexes, "{name}");
            assert_eq!(table.max_rows, theirs.max_rows, "{name}");
            assert_eq!(table.is_root, theirs.is_root, "{name}");
            assert_eq!(table.columns.len(), theirs.columns.len(), "{name}: columns left out");
        }
    }

    #[test]
    fn northbound_is_as_in_ovn() {
        let ours = northbound();
        assert_eq!(ours.tables.len(), 30);
        same_as_installed("/usr/share/ovn/ovn-nb.ovsschema", &ours);
    }

    #[test]
    fn southbound_is_as_in_ovn() {
        same_as_installed("/usr/share/ovn/ovn-sb.ovsschema", &southbound());
    }

    #[test]
    fn every_reference_points_to_a_table() {
        for schema in [northbound(), southbound()] {
            for (name, column) in schema.tables.values().flat_map(|table| &table.columns) {
                if let Some(reference) = &column.column_type.key.reference {
                    assert!(schema.tables.contains_key(&reference.table), "{name} -> {}", reference.table);
                }
            }
        }
    }

    #[test]
    fn every_typed_row_fits_its_table() {
        let known = [
            (northbound(), ferrostack_ovn::northbound::watched()),
            (southbound(), ferrostack_ovn::southbound::watched()),
        ];
        for (schema, watched) in known {
            for table in watched {
                for column in table.columns.unwrap() {
                    schema.column(&table.table, &column).unwrap();
                }
            }
        }
    }
}
