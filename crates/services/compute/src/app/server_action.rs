//! Starting, stopping and rebooting servers.

use ferrostack_agent_api::{OneShotKind, Wanted};
use ferrostack_auth::Ctx;
use ferrostack_saga::Operation;

use crate::{
    Compute, ComputeError,
    app::settling::settle,
    model::{PowerState, Server, ServerId, Task, VmState},
    sagas::{RebootServer, StartServer, StopServer, power::PowerChange},
    store,
};

impl Compute {
    /// Powers the server off.
    pub(crate) async fn stop_server(&self, cx: &Ctx, server: &Server) -> Result<(), ComputeError> {
        self.accept(cx, server.id, "stop", &[VmState::Active, VmState::Error], Task::PoweringOff, StopServer).await
    }

    /// Powers it on.
    pub(crate) async fn start_server(&self, cx: &Ctx, server: &Server) -> Result<(), ComputeError> {
        self.accept(cx, server.id, "start", &[VmState::Stopped], Task::PoweringOn, StartServer).await
    }

    /// Restarts its guest; a hard reboot also starts a server that is off.
    pub(crate) async fn reboot_server(&self, cx: &Ctx, server: &Server, kind: OneShotKind) -> Result<(), ComputeError> {
        let (states, task): (&[VmState], _) = match kind {
            OneShotKind::SoftReboot => (&[VmState::Active], Task::Rebooting),
            OneShotKind::HardReboot => {
                (&[VmState::Active, VmState::Stopped, VmState::Paused, VmState::Error], Task::RebootingHard)
            }
        };
        self.accept(cx, server.id, "reboot", states, task, |change| RebootServer { change, kind: kind.clone() }).await
    }

    /// Accepts an operation on a server that is on a host, in one of those states and not busy.
    async fn accept<O: Operation>(
        &self,
        cx: &Ctx,
        id: ServerId,
        action: &'static str,
        states: &[VmState],
        task: Task,
        operation: impl Fn(PowerChange) -> O,
    ) -> Result<(), ComputeError> {
        let (origin, operation) = (&cx.origin(), &operation);
        self.db()
            .tx(|tx| async move {
                let found = store::server::lock(&tx, id).await?;
                let mut server = found.ok_or_else(|| ComputeError::not_found("Server", id))?;
                let change = check(&server, action, states)?;
                let accepted = self.saga().accept(&tx, origin, &Server::resource(id), &operation(change)).await?;
                server.operation = Some((accepted, task));
                settle(&tx, &mut server, self.now()).await?;
                Ok(())
            })
            .await
    }
}

/// Whether the server's state allows the action, and what of it the operation needs.
fn check(server: &Server, action: &'static str, states: &[VmState]) -> Result<PowerChange, ComputeError> {
    let wrong = |attribute, state: &str| ComputeError::WrongState {
        action,
        server: server.id.to_string(),
        attribute,
        state: state.to_owned(),
    };
    if let Some(task) = server.task() {
        return Err(wrong("task_state", task.as_str()));
    }
    // A server without a host, such as one whose build failed, has nothing that could be switched.
    let host = server.host.clone().filter(|_| states.contains(&server.state.vm_state));
    let host = host.ok_or_else(|| wrong("vm_state", server.state.vm_state.as_str()))?;
    let before = match server.state.power_state {
        PowerState::Running | PowerState::Paused => Wanted::On,
        PowerState::NoState | PowerState::Shutdown | PowerState::Crashed => Wanted::Off,
    };
    Ok(PowerChange { server: server.id, host, generation: server.generation, before })
}
