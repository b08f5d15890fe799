//! Actions on servers.

use ferrostack_agent_api::ConsoleKind;
use ferrostack_http::{
    Cx, Fault, Id, Reply, Routes, Valid,
    axum::{extract::State, http::StatusCode},
};
use serde_json::json;

use crate::{
    Compute, ServerId,
    api::console,
    model::Server,
    wire::{
        links::Links,
        server_action::{ACTION, Action},
    },
};

pub(super) fn routes() -> Routes<Compute> {
    // Each action has a policy of its own, which the handler asks together with the look-up.
    Routes::new().post("/servers/{id}/action", act).schema(&ACTION)
}

async fn act(
    Cx(cx): Cx,
    State(compute): State<Compute>,
    links: Links,
    Id(id): Id<ServerId>,
    Valid(action): Valid<Action>,
) -> Result<Reply, Fault> {
    match action {
        Action::Start(_) => {
            let server = compute.find_server(&cx, id, "os_compute_api:servers:start").await?;
            compute.start_server(&cx, &server).await?;
        }
        Action::Stop(_) => {
            let server = compute.find_server(&cx, id, "os_compute_api:servers:stop").await?;
            compute.stop_server(&cx, &server).await?;
        }
        Action::Reboot(reboot) => {
            let server = compute.find_server(&cx, id, "os_compute_api:servers:reboot").await?;
            compute.reboot_server(&cx, &server, reboot.kind()).await?;
        }
        Action::ForceDelete(_) => {
            compute.find_server(&cx, id, "os_compute_api:os-deferred-delete:force").await?;
            compute.delete_server(&cx, id).await?;
        }
        Action::ConsoleOutput(output) => {
            let server = compute.find_server(&cx, id, "os_compute_api:os-console-output").await?;
            let text = compute.console_log(&server, output.lines()).await?;
            return Ok(Reply::ok(&json!({"output": text})));
        }
        Action::VncConsole(wanted) => {
            let server = compute.find_server(&cx, id, "os_compute_api:os-remote-consoles").await?;
            if wanted.r#type != "novnc" {
                return Err(Fault::bad_request(format!("Consoles of the type {:?} are not available.", wanted.r#type)));
            }
            return open(&compute, &links, &server, ConsoleKind::Vnc, &wanted.r#type).await;
        }
        Action::SerialConsole(wanted) => {
            let server = compute.find_server(&cx, id, "os_compute_api:os-remote-consoles").await?;
            return open(&compute, &links, &server, ConsoleKind::Serial, &wanted.r#type).await;
        }
    }
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

async fn open(
    compute: &Compute,
    links: &Links,
    server: &Server,
    kind: ConsoleKind,
    viewer: &str,
) -> Result<Reply, Fault> {
    let token = compute.console_token(server, kind).await?;
    Ok(Reply::ok(&json!({"console": {"type": viewer, "url": console::address(compute, links, kind, &token)}})))
}
