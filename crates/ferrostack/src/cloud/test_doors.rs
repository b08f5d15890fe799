//! Doors to placement for test suites that bring no identity service.
//!
//! Each line of `FERROSTACK_TEST_PLACEMENT`, `127.0.0.1:PORT DATABASE`, opens one: placement alone, at the root of that
//! address, on a database of its own, and every token is believed as it stands. Only a simulated cloud has such doors, and
//! only on loopback addresses; what the cloud itself offers knows nothing of them.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, bail, ensure};
use ferrostack_auth::Policy;
use ferrostack_config::Settings;
use ferrostack_http::{Believer, Dialect, Gate, Service, axum::middleware::map_request, serve};
use ferrostack_placement::{MIGRATIONS, Placement, PlacementOptions, VERSIONS, routes};

use crate::{
    database,
    process::{Process, Role},
};

const VARIABLE: &str = "FERROSTACK_TEST_PLACEMENT";

/// Opens the doors that the environment asks for; none, usually.
pub(super) async fn open(settings: &Settings, process: &Process, policy: &Arc<Policy>) -> anyhow::Result<()> {
    let Ok(doors) = std::env::var(VARIABLE) else { return Ok(()) };
    ensure!(process.role() == Role::Simulated, "{VARIABLE} is for simulated clouds only");
    for door in doors.lines() {
        let Some((address, database)) = door.split_once(' ') else {
            bail!("{VARIABLE}: {door:?} is not of the form ADDRESS DATABASE");
        };
        let address: SocketAddr = address.parse().with_context(|| format!("{VARIABLE}: {address:?}"))?;
        let authenticator = Arc::new(Believer::at(address)?);
        let mut own = settings.clone();
        own.set("database.url", database)?;
        let db = database::open(&own).await?;
        db.migrate(&[MIGRATIONS]).await?;
        let gate = Gate { authenticator, policy: policy.clone() };
        let service =
            Service { name: "placement", dialect: Dialect::Placement, versions: Some(VERSIONS), gate, observer: None };
        let router = service.mount(routes(), Placement::new(db, PlacementOptions::default()));
        let router = router.layer(map_request(Believer::told));
        let (_, serving) = serve(address, router, process.stopping()).await?;
        tokio::spawn(serving);
    }
    Ok(())
}
