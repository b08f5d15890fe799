//! Placement alone, without an identity service, for conformance suites and measurements on a loopback address:
//! `cargo run --example serve -- 127.0.0.1:8778 /tmp/placement.sqlite` (or a `mysql://` address).
//!
//! Tokens are believed as they stand: see `ferrostack_http::Believer`.

use std::{error::Error, net::SocketAddr, sync::Arc};

use ferrostack_auth::Policy;
use ferrostack_base::Clock;
use ferrostack_db::{Db, DbOptions};
use ferrostack_http::{Believer, Dialect, Gate, Service, axum::Router, serve};
use ferrostack_placement::{ACTIONS, MIGRATIONS, Placement, PlacementOptions, VERSIONS, routes};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: serve ADDRESS DATABASE";
    let address: SocketAddr = args.next().ok_or(usage)?.parse()?;
    let place = args.next().ok_or(usage)?;
    let authenticator = Arc::new(Believer::at(address)?);
    let options = if place.starts_with("mysql://") {
        DbOptions::MariaDb { url: place, pool: 16 }
    } else {
        DbOptions::Sqlite { path: place.into() }
    };
    let db = Db::open(options, Clock::system()).await?;
    db.migrate(&[MIGRATIONS]).await?;
    let gate = Gate { authenticator, policy: Arc::new(Policy::new([ACTIONS])?) };
    let service =
        Service { name: "placement", dialect: Dialect::Placement, versions: Some(VERSIONS), gate, observer: None };
    let router: Router = service.mount(routes(), Placement::new(db, PlacementOptions::default()));
    let (bound, running) = serve(address, router, std::future::pending()).await?;
    println!("placement answers at http://{bound}/");
    running.await?;
    Ok(())
}
