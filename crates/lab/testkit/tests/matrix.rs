//! The failure matrix (R14) of every operation that the services have, on both databases: each step twice, failing,
//! undone twice, crashed before and after each log write, carried on by a zombie; the database gone, agents restarted.
#![allow(clippy::unwrap_used, missing_docs)]

use ferrostack_base::Clock;
use ferrostack_db::testing::TestDb;
use ferrostack_saga::{Bug, matrix, matrix::Setup};
use ferrostack_testkit::{Database, TestCloud, scenarios};

async fn holds(kind: &'static str, database: Database) {
    if database == Database::MariaDb {
        if std::env::var_os("FERROSTACK_TEST_ALL").is_none() {
            eprintln!("skipped on MariaDB: it takes minutes; script/test --all runs it");
            return;
        }
        if TestDb::mariadb(Clock::system(), &[]).await.unwrap().is_none() {
            return; // TestDb says why
        }
    }
    let findings = matrix::run(&scenarios::OnServer { kind, database }, None, 1).await;
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

macro_rules! matrix {
    ($($name:ident $on_mariadb:ident $kind:literal;)*) => {
        /// What has tests here.
        const TESTED: &[&str] = &[$($kind),*];

        $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            holds($kind, Database::Sqlite).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn $on_mariadb() {
            holds($kind, Database::MariaDb).await;
        }
        )*
    };
}

matrix! {
    create_server create_server_on_mariadb "create_server";
    delete_server delete_server_on_mariadb "delete_server";
    reboot_server reboot_server_on_mariadb "reboot_server";
    start_server start_server_on_mariadb "start_server";
    stop_server stop_server_on_mariadb "stop_server";
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_in_the_matrix() {
    let cloud = TestCloud::start(Database::Sqlite, Setup::default()).await.unwrap();
    assert_eq!(cloud.controllers[0].saga.kinds(), scenarios::KINDS);
    assert_eq!(TESTED, scenarios::KINDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_bugs_are_found_in_the_services_too() {
    for bug in [Bug::FenceRemoved, Bug::UndoSkipped, Bug::EpochUnchecked, Bug::DoubleClaim, Bug::LostWakeUp] {
        let scenario = scenarios::OnServer { kind: "create_server", database: Database::Sqlite };
        let findings = matrix::run(&scenario, Some(bug), 1).await;
        assert!(!findings.is_empty(), "the matrix does not find {bug:?}");
        println!("{bug:?}: {}", findings[0]);
    }
}
