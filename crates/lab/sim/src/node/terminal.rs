//! Connections to the consoles of simulated guests.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ferrostack_agent_api::{ByteStream, ConsoleKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::watch,
};
use uuid::Uuid;

use super::{console, domain::Domain, screen};

/// As much is under way in each direction at most.
const BUFFER: usize = 1 << 16;

/// Who is connected to which domain. A domain that goes off takes its connections with it, as a hypervisor that ends does.
#[derive(Default)]
pub(super) struct Terminals(Mutex<HashMap<Uuid, watch::Sender<()>>>);

impl Terminals {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects to the domain, which runs.
    pub(super) fn open(&self, domain: &Domain, kind: ConsoleKind) -> Box<dyn ByteStream> {
        let mut off = self.lock().entry(domain.spec.server).or_default().subscribe();
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        let (name, log) = (domain.spec.name.clone(), console::log(domain, None));
        tokio::spawn(async move {
            let served = async {
                match kind {
                    ConsoleKind::Vnc => screen::serve(ours, &name).await,
                    ConsoleKind::Serial => serial(ours, &log).await,
                }
            };
            // Its sender is dropped when the domain goes off.
            tokio::select! {
                _ = served => {}
                _ = off.changed() => {}
            }
        });
        Box::new(theirs)
    }

    /// The domain is off, or gone.
    pub(super) fn close(&self, server: Uuid) {
        self.lock().remove(&server);
    }
}

/// The console's text so far, then an echo of what is typed.
async fn serial(mut client: DuplexStream, log: &str) -> io::Result<()> {
    client.write_all(log.replace('\n', "\r\n").as_bytes()).await?;
    let mut typed = [0; 1024];
    loop {
        match client.read(&mut typed).await? {
            0 => return Ok(()),
            length => {
                // As a terminal does: the return key begins a new line.
                let echo = String::from_utf8_lossy(&typed[..length]).replace('\r', "\r\n");
                client.write_all(echo.as_bytes()).await?;
            }
        }
    }
}
