//! Placement alone, without an identity service, for conformance suites and measurements on a loopback address:
//! `cargo run --example serve -- 127.0.0.1:8778 /tmp/placement.sqlite` (or a `mysql://` address).
//!
//! A token `USER:PROJECT` is believed as it stands. The user `admin` has the roles admin and service; others have the
//! roles after a second colon: `USER:PROJECT:reader,member`.

use std::{error::Error, net::SocketAddr, sync::Arc};

use ferrostack_auth::{Authenticated, Policy, Scope};
use ferrostack_base::Clock;
use ferrostack_db::{Db, DbOptions};
use ferrostack_http::{AuthFuture, Authenticator, Dialect, Gate, Service, axum::Router, serve};
use ferrostack_placement::{ACTIONS, MIGRATIONS, Placement, PlacementOptions, VERSIONS, routes};

struct Believer;

impl Authenticator for Believer {
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a> {
        Box::pin(async move {
            let mut parts = token.splitn(3, ':');
            let user = parts.next().unwrap_or_default();
            let project = parts.next().unwrap_or(user);
            let roles = if user == "admin" { "admin,service" } else { parts.next().unwrap_or_default() };
            let role = |name: &str| (name.to_owned(), name.to_owned()).into();
            Ok(Arc::new(Authenticated {
                user_id: user.to_owned(),
                user_name: user.to_owned(),
                user_domain_id: "default".to_owned(),
                user_domain_name: "Default".to_owned(),
                scope: Scope::Project {
                    id: project.to_owned(),
                    name: project.to_owned(),
                    domain_id: "default".to_owned(),
                    domain_name: "Default".to_owned(),
                    is_domain: false,
                },
                roles: roles.split(',').filter(|name| !name.is_empty()).map(role).collect(),
                expires_at_us: i64::MAX,
                audit_ids: Vec::new(),
                methods: vec!["token".to_owned()],
            }))
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: serve ADDRESS DATABASE";
    let address: SocketAddr = args.next().ok_or(usage)?.parse()?;
    let place = args.next().ok_or(usage)?;
    if !address.ip().is_loopback() {
        return Err("everybody would be admitted there: a loopback address, please".into());
    }
    let options = if place.starts_with("mysql://") {
        DbOptions::MariaDb { url: place, pool: 16 }
    } else {
        DbOptions::Sqlite { path: place.into() }
    };
    let db = Db::open(options, Clock::system()).await?;
    db.migrate(&[MIGRATIONS]).await?;
    let gate = Gate { authenticator: Arc::new(Believer), policy: Arc::new(Policy::new([ACTIONS])?) };
    let service =
        Service { name: "placement", dialect: Dialect::Placement, versions: Some(VERSIONS), gate, observer: None };
    let router: Router = service.mount(routes(), Placement::new(db, PlacementOptions::default()));
    let (bound, running) = serve(address, router, std::future::pending()).await?;
    println!("placement answers at http://{bound}/");
    running.await?;
    Ok(())
}
