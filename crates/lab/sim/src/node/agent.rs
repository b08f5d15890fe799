//! What a simulated node answers.

use std::sync::{PoisonError, atomic::Ordering};

use ferrostack_agent_api::{
    Agent, AgentError, AgentErrorKind, ByteStream, ConsoleKind, DomainReport, DomainSpec, EngineFacts, EngineObject,
    GuestFile, NodeFacts, OneShot, OneShotKind, Power, Reply,
};
use ferrostack_base::Fence;
use uuid::Uuid;

use super::{LedgerError, Silence, SimNode, console, domain::Domain, ledger::Ledger};

impl From<LedgerError> for AgentError {
    fn from(error: LedgerError) -> Self {
        Self::new(AgentErrorKind::Refused, ferrostack_base::chain(&error).to_string())
    }
}

fn fenced(server: Uuid, fence: Fence, seen: Fence) -> AgentError {
    AgentError::new(AgentErrorKind::Fenced, format!("fence {fence} of server {server} is overtaken by {seen}"))
}

fn no_domain(server: Uuid) -> AgentError {
    AgentError::new(AgentErrorKind::NotFound, format!("no domain of server {server} is on this node"))
}

impl Agent for SimNode {
    fn facts(&self) -> Reply<'_, NodeFacts> {
        Box::pin(async { self.answer(false, async { Ok(self.facts_now()) }).await })
    }

    fn put_domain<'a>(&'a self, spec: &'a DomainSpec) -> Reply<'a, DomainReport> {
        Box::pin(async { self.answer(true, self.make(spec)).await })
    }

    fn drop_domain(&self, server: Uuid, fence: Fence) -> Reply<'_, ()> {
        Box::pin(async move { self.answer(false, async move { self.remove(server, fence) }).await })
    }

    fn one_shot<'a>(&'a self, shot: &'a OneShot) -> Reply<'a, DomainReport> {
        Box::pin(async { self.answer(true, async { self.shoot(shot) }).await })
    }

    fn console_log(&self, server: Uuid, lines: Option<usize>) -> Reply<'_, String> {
        let read = async move {
            let ledger = self.ledger();
            ledger.domain(server).map(|domain| console::log(domain, lines)).ok_or_else(|| no_domain(server))
        };
        Box::pin(async { self.answer(false, read).await })
    }

    fn domains(&self) -> Reply<'_, Vec<DomainReport>> {
        Box::pin(async {
            self.answer(false, async { Ok(self.ledger().domains().map(Domain::report).collect()) }).await
        })
    }

    fn open_console(&self, server: Uuid, kind: ConsoleKind) -> Reply<'_, Box<dyn ByteStream>> {
        Box::pin(async move { self.answer(false, async move { self.open_terminal(server, kind) }).await })
    }

    fn engines(&self) -> Reply<'_, Vec<EngineFacts>> {
        let simulated = EngineFacts {
            name: "simulated".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            healthy: true,
            reason: Some("servers of this node exist only in its ledger".to_owned()),
        };
        Box::pin(async { self.answer(false, async { Ok(vec![simulated]) }).await })
    }

    fn explain(&self, server: Uuid) -> Reply<'_, Vec<EngineObject>> {
        Box::pin(async move { self.answer(false, async move { self.describe(server) }).await })
    }
}

impl SimNode {
    /// Does it, or misbehaves as told. Only what makes something can be refused.
    async fn answer<T>(
        &self,
        refusable: bool,
        deed: impl Future<Output = Result<T, AgentError>>,
    ) -> Result<T, AgentError> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner).next(refusable);
        if !faults.delay.is_zero() {
            self.clock.sleep(faults.delay).await;
        }
        let silent = || AgentError::new(AgentErrorKind::Unreachable, format!("node {} does not answer", self.name()));
        match faults.silence {
            Silence::Before => return Err(silent()),
            Silence::After => {
                let _ = deed.await;
                return Err(silent());
            }
            Silence::No => {}
        }
        match faults.refusal {
            Some(reason) => Err(AgentError::new(AgentErrorKind::Refused, reason)),
            None => deed.await,
        }
    }

    fn open_terminal(&self, server: Uuid, kind: ConsoleKind) -> Result<Box<dyn ByteStream>, AgentError> {
        let ledger = self.ledger();
        let domain = ledger.domain(server).ok_or_else(|| no_domain(server))?;
        match domain.power {
            Power::Running | Power::Paused => Ok(self.terminals.open(domain, kind)),
            Power::Shutdown | Power::Crashed => {
                Err(AgentError::new(AgentErrorKind::Refused, format!("server {server} is off")))
            }
        }
    }

    /// The domain's record, without what its user keeps secret.
    fn describe(&self, server: Uuid) -> Result<Vec<EngineObject>, AgentError> {
        let mut domain = self.ledger().domain(server).cloned().ok_or_else(|| no_domain(server))?;
        let hide = |file: &mut GuestFile| file.content = String::from("***").into();
        domain.spec.config_drive.iter_mut().flatten().for_each(hide);
        let content = serde_json::to_string_pretty(&domain).map_err(LedgerError::Entry)?;
        let command = match &self.options.ledger {
            Some(path) => format!("grep {server} {} | tail -n 1", path.display()),
            // A ledger in memory is seen by nobody else.
            None => String::new(),
        };
        Ok(vec![EngineObject { kind: "domain".to_owned(), name: domain.spec.name, command, content }])
    }

    /// Writes down what is wanted, then acts, which takes its time when the guest boots.
    async fn make(&self, spec: &DomainSpec) -> Result<DomainReport, AgentError> {
        let incarnation = self.incarnation.load(Ordering::SeqCst);
        let boots = {
            let mut ledger = self.ledger();
            let domain = self.accept(&ledger, spec)?;
            let boots = domain.will_boot() && !self.options.boot_time.is_zero();
            ledger.put(domain)?;
            boots
        };
        if boots {
            self.clock.sleep(self.options.boot_time).await;
        }
        let mut ledger = self.ledger();
        if self.incarnation.load(Ordering::SeqCst) != incarnation {
            return Err(AgentError::new(AgentErrorKind::Unreachable, format!("node {} restarted", self.name())));
        }
        // Whatever happened while the guest booted prevails.
        check_fence(&ledger, spec.server, spec.fence)?;
        let mut domain = ledger.domain(spec.server).cloned().ok_or_else(|| no_domain(spec.server))?;
        domain.act(self.clock.now());
        self.connect(&domain);
        let report = domain.report();
        ledger.put(domain)?;
        Ok(report)
    }

    fn accept(&self, ledger: &Ledger, spec: &DomainSpec) -> Result<Domain, AgentError> {
        check_fence(ledger, spec.server, spec.fence)?;
        if let Some(gone) = ledger.tombstone(spec.server).filter(|gone| spec.fence <= *gone) {
            return Err(fenced(spec.server, spec.fence, gone));
        }
        let Some(known) = ledger.domain(spec.server) else {
            self.check_room(ledger, spec)?;
            return Ok(Domain::defined(spec.clone(), self.clock.now()));
        };
        if spec.generation < known.spec.generation {
            let message =
                format!("generation {} of server {} was acted on already", known.spec.generation, spec.server);
            return Err(AgentError::new(AgentErrorKind::Refused, message));
        }
        Ok(Domain { spec: spec.clone(), fence: spec.fence, ..known.clone() })
    }

    fn check_room(&self, ledger: &Ledger, spec: &DomainSpec) -> Result<(), AgentError> {
        let sum = |of: fn(&DomainSpec) -> i64| ledger.domains().map(|domain| of(&domain.spec)).sum::<i64>() + of(spec);
        let needs = [
            // Processors are shared, but one domain can't have more than there are.
            ("processors", spec.vcpus, self.options.vcpus),
            ("MiB of memory", sum(|spec| spec.memory_mb), self.options.memory_mb),
            ("GiB of disk", sum(|spec| spec.disk_gb), self.options.disk_gb),
        ];
        match needs.into_iter().find(|(_, needed, there)| needed > there) {
            None => Ok(()),
            Some((what, needed, there)) => {
                let message = format!("node {} has {there} {what}, {needed} would be needed", self.name());
                Err(AgentError::new(AgentErrorKind::Refused, message))
            }
        }
    }

    fn remove(&self, server: Uuid, fence: Fence) -> Result<(), AgentError> {
        let mut ledger = self.ledger();
        check_fence(&ledger, server, fence)?;
        if let Some(gone) = ledger.tombstone(server).filter(|gone| fence < *gone) {
            return Err(fenced(server, fence, gone));
        }
        if let Some(domain) = ledger.domain(server) {
            for interface in &domain.spec.interfaces {
                self.plug.unplug(&self.options.name, interface.port_id);
            }
        }
        self.terminals.close(server);
        ledger.bury(server, fence, self.clock.now())?;
        Ok(())
    }

    fn shoot(&self, shot: &OneShot) -> Result<DomainReport, AgentError> {
        let (mut ledger, now) = (self.ledger(), self.clock.now());
        check_fence(&ledger, shot.server, shot.fence)?;
        let mut domain = ledger.domain(shot.server).cloned().ok_or_else(|| no_domain(shot.server))?;
        domain.fence = shot.fence;
        if !domain.shots.contains(&shot.number) {
            match (&shot.kind, domain.power) {
                (OneShotKind::SoftReboot, Power::Shutdown | Power::Crashed) => {
                    return Err(AgentError::new(AgentErrorKind::Refused, format!("server {} is off", shot.server)));
                }
                (OneShotKind::SoftReboot | OneShotKind::HardReboot, Power::Running | Power::Paused) => {
                    domain.boot(now);
                    (domain.power, domain.since) = (Power::Running, now);
                }
                (OneShotKind::HardReboot, Power::Shutdown | Power::Crashed) => domain.set_power(Power::Running, now),
            }
            domain.done(shot.number);
        }
        self.connect(&domain);
        let report = domain.report();
        ledger.put(domain)?;
        Ok(report)
    }
}

/// A lower fence than was seen for a server that is here is refused.
fn check_fence(ledger: &Ledger, server: Uuid, fence: Fence) -> Result<(), AgentError> {
    match ledger.domain(server) {
        Some(domain) if fence < domain.fence => Err(fenced(server, fence, domain.fence)),
        _ => Ok(()),
    }
}
