//! Databases for tests: one in a temporary file, one on a MariaDB server when the test run offers one.

use ferrostack_base::Clock;

use crate::{Db, DbError, DbOptions, Migrations};

/// Names the server that tests may use: `mysql://root@127.0.0.1:3306`; `script/test` starts one.
pub const MARIADB_VARIABLE: &str = "FERROSTACK_TEST_MARIADB";

/// A database that vanishes with the test.
pub struct TestDb {
    /// The handle.
    pub db: Db,
    /// How to open it a second time, as another controller would.
    pub options: DbOptions,
    _dir: Option<tempfile::TempDir>,
    /// The server and the database's name there.
    on_server: Option<(String, String)>,
}

impl Drop for TestDb {
    /// The handle answers nothing any more, whoever still holds it, and its connections are closed; a database on a server
    /// is removed.
    fn drop(&mut self) {
        self.db.pretend_gone(true);
        let (db, on_server) = (self.db.clone(), self.on_server.take());
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            db.close().await;
            let Some((server, name)) = on_server else { return };
            let options = DbOptions::MariaDb { url: format!("{server}/mysql"), pool: 1 };
            if let Ok(admin) = Db::open(options, Clock::system()).await {
                // Should it fail, the server itself goes with the test run.
                let _ = admin.ddl(Box::leak(format!("DROP DATABASE IF EXISTS {name}").into_boxed_str())).await;
                admin.close().await;
            }
        });
    }
}

impl TestDb {
    /// A SQLite file.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn sqlite(clock: Clock, migrations: &[Migrations]) -> Result<Self, DbError> {
        let dir = tempfile::tempdir().map_err(|error| DbError::from(sqlx::Error::Io(error)))?;
        let options = DbOptions::Sqlite { path: dir.path().join("test.sqlite") };
        let db = Db::open(options.clone(), clock).await?;
        db.migrate(migrations).await?;
        Ok(Self { db, options, _dir: Some(dir), on_server: None })
    }

    /// A new database on the MariaDB server of this test run; `None`, with a word on standard error, where there is none.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn mariadb(clock: Clock, migrations: &[Migrations]) -> Result<Option<Self>, DbError> {
        let Ok(server) = std::env::var(MARIADB_VARIABLE) else {
            eprintln!("skipped on MariaDB: {MARIADB_VARIABLE} is not set (script/test sets it)");
            return Ok(None);
        };
        let server = server.trim_end_matches('/');
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let admin = Db::open(DbOptions::MariaDb { url: format!("{server}/mysql"), pool: 1 }, clock.clone()).await?;
        let create: &'static str =
            Box::leak(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin").into_boxed_str());
        admin.ddl(create).await?;
        admin.close().await;
        let options = DbOptions::MariaDb { url: format!("{server}/{name}"), pool: 16 };
        let db = Db::open(options.clone(), clock).await?;
        db.migrate(migrations).await?;
        Ok(Some(Self { db, options, _dir: None, on_server: Some((server.to_owned(), name)) }))
    }

    /// Both databases, as far as this test run has them: every store test runs on each.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn each(clock: Clock, migrations: &[Migrations]) -> Result<Vec<Self>, DbError> {
        let mut all = vec![Self::sqlite(clock.clone(), migrations).await?];
        all.extend(Self::mariadb(clock, migrations).await?);
        Ok(all)
    }
}
