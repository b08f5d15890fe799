//! Consoles in a browser: pages, the viewer's files, and the bytes, which flow over WebSockets.
//!
//! Screens are shown by noVNC (MPL-2.0), which is not part of this program: its modules are served from where the system
//! has it installed.

use std::path::{Component, Path as FilePath};

use ferrostack_agent_api::ConsoleKind;
use ferrostack_http::{
    Cx, Fault, Params, Reply, Routes, Upgrade,
    axum::{
        extract::{Path, State},
        http::{HeaderName, HeaderValue, StatusCode, header},
        response::{IntoResponse, Response},
    },
};

use crate::{Compute, ComputeError, wire::links::Links};

const VNC_PAGE: &str = include_str!("../../pages/vnc.html");
const VNC_SCRIPT: &str = include_str!("../../pages/vnc.js");
const SERIAL_PAGE: &str = include_str!("../../pages/serial.html");
const SERIAL_SCRIPT: &str = include_str!("../../pages/serial.js");
const STYLE: &str = include_str!("../../pages/console.css");
const MISSING_PAGE: &str = include_str!("../../pages/missing.html");

/// Nothing from elsewhere runs beside a console, and its address, which holds the token, is told to nobody.
const PAGE_HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::VARY, "Upgrade"),
];

/// The routes at `/console`. Pages hold nothing; WebSockets ask for a token in their address.
pub fn console_routes() -> Routes<Compute> {
    Routes::new()
        .get("/vnc_auto.html", vnc_page)
        .public()
        .get("/vnc.js", async || script(VNC_SCRIPT))
        .public()
        .get("/serial.html", async || page(StatusCode::OK, SERIAL_PAGE.to_owned()))
        .public()
        .get("/serial.js", async || script(SERIAL_SCRIPT))
        .public()
        .get("/console.css", async || with_type(StatusCode::OK, "text/css; charset=utf-8", STYLE.to_owned()))
        .public()
        .get("/novnc/{*path}", viewer_file)
        .public()
        .get("/vnc", vnc)
        .public()
        .get("/serial", serial)
        .public()
}

/// The API's own route about consoles; the addresses of consoles are given by actions of servers.
pub(super) fn routes() -> Routes<Compute> {
    Routes::new().get("/os-console-auth-tokens/{token}", show_token).policy("os_compute_api:os-console-auth-tokens")
}

/// The address at which the console of that token is found, in the form that Nova gives it.
pub(super) fn address(compute: &Compute, links: &Links, kind: ConsoleKind, token: &str) -> String {
    let prefix = &compute.options().console_prefix;
    let base = links.base();
    // The path of the WebSocket, as seen from the root of the host.
    let root = base.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    match kind {
        ConsoleKind::Vnc => {
            let path = format!("{root}{prefix}/vnc?token={token}");
            let path = path.trim_start_matches('/').replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");
            format!("{base}{prefix}/vnc_auto.html?path={path}")
        }
        ConsoleKind::Serial => {
            // "http" becomes "ws", "https" becomes "wss".
            let base = base.strip_prefix("http").unwrap_or(base);
            format!("ws{base}{prefix}/serial?token={token}")
        }
    }
}

/// Before microversion 2.31 this tells about RDP consoles only, of which there are none.
async fn show_token(Cx(_): Cx, State(compute): State<Compute>, Path(token): Path<String>) -> Result<Reply, Fault> {
    compute.find_console_token(&token).await?;
    Err(Fault::unauthorized("The details of this kind of console are not available at this microversion."))
}

async fn vnc_page(State(compute): State<Compute>) -> Response {
    let folder = &compute.options().novnc_dir;
    if tokio::fs::try_exists(folder.join("core/rfb.js")).await.unwrap_or(false) {
        return page(StatusCode::OK, VNC_PAGE.to_owned());
    }
    let folder = folder.display().to_string().replace('&', "&amp;").replace('<', "&lt;");
    page(StatusCode::SERVICE_UNAVAILABLE, MISSING_PAGE.replace("{folder}", &folder))
}

/// Modules of the viewer, and nothing else of its folder.
async fn viewer_file(State(compute): State<Compute>, Path(path): Path<String>) -> Result<Response, Fault> {
    let missing = || Fault::missing("There is no such file.");
    let file = FilePath::new(&path);
    let plain = file.components().all(|part| matches!(part, Component::Normal(_)));
    let module = file.starts_with("core") || file.starts_with("vendor");
    if !plain || !module || file.extension().is_none_or(|extension| extension != "js") {
        return Err(missing());
    }
    let text = tokio::fs::read_to_string(compute.options().novnc_dir.join(file)).await.map_err(|_| missing())?;
    Ok(with_type(StatusCode::OK, "text/javascript; charset=utf-8", text))
}

async fn vnc(compute: State<Compute>, params: Params, upgrade: Upgrade) -> Response {
    connect(compute, &params, upgrade, ConsoleKind::Vnc).await
}

/// Opened as a page, the address of a serial console shows it.
async fn serial(compute: State<Compute>, params: Params, upgrade: Result<Upgrade, Fault>) -> Response {
    match upgrade {
        Ok(upgrade) => connect(compute, &params, upgrade, ConsoleKind::Serial).await,
        Err(_) => page(StatusCode::OK, SERIAL_PAGE.to_owned()),
    }
}

/// A token that opens nothing gets a closed connection without a word: clients read what follows the head of an answer as
/// bytes of the console.
async fn connect(State(compute): State<Compute>, params: &Params, upgrade: Upgrade, kind: ConsoleKind) -> Response {
    let console = match compute.open_console(params.get("token").unwrap_or_default(), kind).await {
        Ok(console) => console,
        Err(error) => {
            let status = match &error {
                ComputeError::NotFound { .. } => StatusCode::FORBIDDEN,
                ComputeError::Conflict { .. } => StatusCode::CONFLICT,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            tracing::info!(error = %ferrostack_base::chain(&error), "a console was refused");
            return Reply::empty(status).header(header::CONNECTION, "close").into_response();
        }
    };
    upgrade.tunnel(move |tunnel| async move {
        let ended = compute.console_ended(console.server, &console.host);
        tunnel.pump(console.stream, compute.clock(), ended).await;
        tracing::info!(server = %console.server, host = console.host, ?kind, "a console was closed");
    })
}

fn page(status: StatusCode, text: String) -> Response {
    with_type(status, "text/html; charset=utf-8", text)
}

fn script(text: &str) -> Response {
    with_type(StatusCode::OK, "text/javascript; charset=utf-8", text.to_owned())
}

fn with_type(status: StatusCode, kind: &'static str, text: String) -> Response {
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in PAGE_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
