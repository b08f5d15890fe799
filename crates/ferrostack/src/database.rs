//! The database that the settings name.

use std::{collections::BTreeMap, time::Duration};

use ferrostack_base::Clock;
use ferrostack_config::{DatabaseUrl, Settings};
use ferrostack_db::{Db, DbError, DbOptions, Engine, Migrations, Read};

use crate::error::CommandError;

/// How long a command that only looks waits for a database server. Services wait longer: both may just be starting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the database; makes the file of SQLite where it is missing.
///
/// # Errors
/// [`CommandError::DatabaseFile`] or [`CommandError::DatabaseServer`].
pub async fn open(settings: &Settings) -> Result<Db, CommandError> {
    let options = match &settings.database.url {
        DatabaseUrl::Sqlite(path) => DbOptions::Sqlite { path: path.clone() },
        DatabaseUrl::Mysql(url) => DbOptions::MariaDb { url: url.expose().clone(), pool: settings.database.pool_size },
    };
    Db::open(options, Clock::system()).await.map_err(|error| refused(settings, error))
}

/// Opens the database of a command that only looks: nothing is made, and its tables must be of this version.
///
/// # Errors
/// As [`open`]; [`CommandError::NoDatabase`]; [`CommandError::OlderSchema`], or the database's
/// [`DbError::NewerSchema`].
pub async fn open_existing(settings: &Settings, known: &[Migrations]) -> Result<Db, CommandError> {
    let db = open_soon(settings).await?;
    let found = versions(&db).await.map_err(|error| refused(settings, error))?;
    for migrations in known {
        let (component, known) = (migrations.component.to_owned(), newest(migrations));
        let found = found.get(&component).copied().unwrap_or(0);
        if found < known {
            return Err(CommandError::OlderSchema { component, found, known });
        }
        if found > known {
            return Err(refused(settings, DbError::NewerSchema { component, found, known }));
        }
    }
    Ok(db)
}

/// Opens a database that must be there, without waiting long.
async fn open_soon(settings: &Settings) -> Result<Db, CommandError> {
    if let Some(path) = settings.database.url.sqlite_path()
        && !path.exists()
    {
        return Err(CommandError::NoDatabase { path: path.to_owned() });
    }
    match Clock::system().timeout(PATIENCE, open(settings)).await {
        Ok(opened) => opened,
        Err(_) => Err(CommandError::DatabaseServer { url: settings.database.url.to_string(), source: None }),
    }
}

/// What the database says, together with which one it is.
pub fn refused(settings: &Settings, source: DbError) -> CommandError {
    match &settings.database.url {
        DatabaseUrl::Sqlite(path) => CommandError::DatabaseFile { path: path.clone(), source },
        url @ DatabaseUrl::Mysql(_) => CommandError::DatabaseServer { url: url.to_string(), source: Some(source) },
    }
}

/// The version of each component's tables; none in a database that is new.
///
/// # Errors
/// What the database says.
pub async fn versions(db: &Db) -> Result<BTreeMap<String, i64>, DbError> {
    let tables = match db.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'",
        Engine::MariaDb => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'schema_version'"
        }
    };
    if db.one(tables, vec![]).await?.is_none() {
        return Ok(BTreeMap::new());
    }
    let rows = db.all("SELECT component, version FROM schema_version ORDER BY component", vec![]).await?;
    rows.iter().map(|row| Ok((row.get("component")?, row.get("version")?))).collect()
}

/// The newest version of a component that this program knows.
pub fn newest(migrations: &Migrations) -> i64 {
    migrations.steps.last().map_or(0, |step| step.version)
}
