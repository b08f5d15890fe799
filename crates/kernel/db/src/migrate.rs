//! Numbered migrations, one idempotent statement each: expand first, contract a release later.

use crate::{Db, DbError, Read, args};

/// One step: a statement that may run twice without harm.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// 1, 2, 3 ... without gaps within a component.
    pub version: i64,
    /// The statement, in the common part of both dialects.
    pub sql: &'static str,
}

/// All migrations of a component (a service or a kernel crate that has tables).
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    /// Whose tables these are.
    pub component: &'static str,
    /// In order.
    pub steps: &'static [Migration],
}

/// `migrations!("placement"; "CREATE TABLE IF NOT EXISTS ...", "CREATE INDEX IF NOT EXISTS ...")` numbers its statements
/// from 1. Append only; never edit a released statement.
#[macro_export]
macro_rules! migrations {
    ($component:literal; $($sql:expr),+ $(,)?) => {{
        const TEXTS: &[&str] = &[$($sql),+];
        const STEPS: [$crate::Migration; TEXTS.len()] = {
            let mut steps = [$crate::Migration { version: 0, sql: "" }; TEXTS.len()];
            let mut index = 0;
            while index < TEXTS.len() {
                steps[index] = $crate::Migration { version: index as i64 + 1, sql: TEXTS[index] };
                index += 1;
            }
            steps
        };
        $crate::Migrations { component: $component, steps: &STEPS }
    }};
}

impl Db {
    /// Brings the tables of all components to the newest version that this program knows. May run again at any time, also
    /// after it was interrupted, and on several controllers at once: each statement is idempotent, and the version is
    /// written by compare-and-set.
    ///
    /// # Errors
    /// [`DbError::NewerSchema`] when a newer program wrote the tables; else what the database says.
    pub async fn migrate(&self, all: &[Migrations]) -> Result<(), DbError> {
        self.ddl("CREATE TABLE IF NOT EXISTS schema_version (component VARCHAR(64) NOT NULL PRIMARY KEY, version BIGINT NOT NULL)")
            .await?;
        self.ddl("CREATE TABLE IF NOT EXISTS tx_outcome (id VARCHAR(36) NOT NULL PRIMARY KEY, at_us BIGINT NOT NULL)")
            .await?;
        let rows = self.all("SELECT component, version FROM schema_version", vec![]).await?;
        let mut versions = std::collections::HashMap::new();
        for row in rows {
            versions.insert(row.get::<String>("component")?, row.get::<i64>("version")?);
        }
        for migrations in all {
            let known = i64::try_from(migrations.steps.len()).unwrap_or(i64::MAX);
            let found = versions.get(migrations.component).copied().unwrap_or(0);
            if found > known {
                return Err(DbError::NewerSchema { component: migrations.component.to_owned(), found, known });
            }
            self.migrate_component(migrations, found).await?;
        }
        Ok(())
    }

    async fn migrate_component(&self, migrations: &Migrations, found: i64) -> Result<(), DbError> {
        let missing: Vec<&Migration> = migrations.steps.iter().filter(|step| step.version > found).collect();
        let Some(last) = missing.last() else { return Ok(()) };
        tracing::info!(component = migrations.component, from = found, to = last.version, "migrating tables");
        self.ddl_batch(&missing.iter().map(|step| step.sql).collect::<Vec<_>>()).await?;
        let (component, version) = (migrations.component, last.version);
        self.tx(|tx| async move {
            let changed = tx
                .exec(
                    "UPDATE schema_version SET version = ? WHERE component = ? AND version < ?",
                    args![version, component, version],
                )
                .await?;
            if changed == 0
                && tx.one("SELECT version FROM schema_version WHERE component = ?", args![component]).await?.is_none()
            {
                tx.exec("INSERT INTO schema_version (component, version) VALUES (?, ?)", args![component, version])
                    .await?;
            }
            Ok::<_, DbError>(())
        })
        .await
    }
}
