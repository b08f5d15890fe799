//! Consoles: their addresses, who may open them, and the bytes that flow.

use std::time::Duration;

use ferrostack_compute::{ComputeOptions, ServerId};
use ferrostack_db::{DbError, Read, args};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::CloseFrame},
};

use crate::cloud::{Cloud, options};

type Socket = WebSocketStream<TcpStream>;

/// Asks for the address of a console, which is then that of the WebSocket behind it.
async fn token(cloud: &Cloud, id: ServerId, action: &str, kind: &str) -> String {
    let (status, body) = cloud.act(id, json!({action: {"type": kind}})).await;
    assert_eq!((status, &body["console"]["type"]), (200, &json!(kind)), "{body}");
    let url = body["console"]["url"].as_str().unwrap();
    url[url.len() - 64..].to_owned()
}

async fn vnc_token(cloud: &Cloud, id: ServerId) -> String {
    token(cloud, id, "os-getVNCConsole", "novnc").await
}

/// Opens a WebSocket as noVNC does; the HTTP status when it is refused.
async fn open(address: &str, path: &str) -> Result<Socket, u16> {
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "binary".parse().unwrap());
    match client_async(request, TcpStream::connect(address).await.unwrap()).await {
        Ok((socket, response)) => {
            assert_eq!(response.headers()["sec-websocket-protocol"], "binary");
            Ok(socket)
        }
        Err(Error::Http(response)) => {
            assert!(response.body().as_ref().is_none_or(Vec::is_empty), "not a word");
            assert_eq!(response.headers()["connection"], "close");
            Err(response.status().as_u16())
        }
        Err(other) => panic!("{other}"),
    }
}

/// The next so many bytes, however they are cut into messages.
async fn read(socket: &mut Socket, amount: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < amount {
        match socket.next().await {
            Some(Ok(Message::Binary(more))) => bytes.extend(more),
            other => panic!("{other:?} after {} of {amount} bytes", bytes.len()),
        }
    }
    assert_eq!(bytes.len(), amount);
    bytes
}

async fn write(socket: &mut Socket, bytes: &[u8]) {
    socket.send(Message::Binary(bytes.to_vec().into())).await.unwrap();
}

/// How the other side says goodbye, after whatever it still sends.
async fn goodbye(socket: &mut Socket) -> Option<CloseFrame> {
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(frame) = message {
            return frame;
        }
    }
    None
}

/// Shakes hands as a viewer; returns the screen's name.
async fn shake_hands(socket: &mut Socket) -> String {
    assert_eq!(read(socket, 12).await, b"RFB 003.008\n");
    write(socket, b"RFB 003.008\n").await;
    assert_eq!(read(socket, 2).await, [1, 1]);
    write(socket, &[1]).await;
    assert_eq!(read(socket, 4).await, [0; 4]);
    write(socket, &[1]).await;
    let init = match socket.next().await {
        Some(Ok(Message::Binary(init))) => init,
        other => panic!("{other:?}"),
    };
    assert_eq!(init.len(), 24 + u32::from_be_bytes(init[20..24].try_into().unwrap()) as usize);
    String::from_utf8(init[24..].to_vec()).unwrap()
}

async fn sql(cloud: &Cloud, text: &'static str) {
    let done: Result<(), DbError> = cloud.db.db.tx(|tx| async move { tx.exec(text, args![]).await.map(drop) }).await;
    done.unwrap();
}

#[tokio::test]
async fn addresses_have_the_form_that_clients_know() {
    for cloud in Cloud::each().await {
        let id = cloud.boot(json!({})).await;
        let url = async |action: Value| cloud.act(id, action).await.1["console"]["url"].as_str().unwrap().to_owned();
        let vnc = url(json!({"os-getVNCConsole": {"type": "novnc"}})).await;
        let token = vnc.strip_prefix("http://cloud:8080/console/vnc_auto.html?path=console%2Fvnc%3Ftoken%3D").unwrap();
        assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{vnc}");
        let serial = url(json!({"os-getSerialConsole": {"type": "serial"}})).await;
        assert!(serial.starts_with("ws://cloud:8080/console/serial?token="), "{serial}");
        // The database does not know the token.
        let rows = cloud.db.db.all("SELECT hash FROM console_token", vec![]).await.unwrap();
        let hashes: Vec<String> = rows.iter().map(|row| row.get("hash").unwrap()).collect();
        assert!(hashes.len() == 2 && !hashes.iter().any(|hash| hash == token), "{hashes:?}");
        for (action, status) in [
            (json!({"os-getVNCConsole": {"type": "xvpvnc"}}), 400),
            (json!({"os-getVNCConsole": {"type": "telepathy"}}), 400),
            (json!({"os-getVNCConsole": {}}), 400),
            (json!({"os-getSerialConsole": {"type": "novnc"}}), 400),
        ] {
            assert_eq!(cloud.act(id, action.clone()).await.0, status, "{action}");
        }
        let ask = json!({"os-getVNCConsole": {"type": "novnc"}});
        let path = format!("/servers/{id}/action");
        assert_eq!(cloud.call("reader:demo", "POST", &path, ask.clone()).await.0, 403);
        assert_eq!(cloud.call("member:other", "POST", &path, ask.clone()).await.0, 404);
        cloud.act(id, json!({"os-stop": null})).await;
        cloud.settle().await;
        assert_eq!(cloud.act(id, ask).await.0, 409, "it is off");
        cloud.delete(id).await;
        cloud.settle().await;
        assert_eq!(cloud.db.db.all("SELECT hash FROM console_token", vec![]).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_viewer_sees_the_screen_of_its_server() {
    let cloud = Cloud::new().await;
    let address = cloud.listen().await;
    let (one, two) = (cloud.boot(json!({"name": "one"})).await, cloud.boot(json!({"name": "two"})).await);
    let (first, second) = (vnc_token(&cloud, one).await, vnc_token(&cloud, two).await);
    for (id, token) in [(one, first), (two, second)] {
        let name = cloud.show(id).await["OS-EXT-SRV-ATTR:instance_name"].as_str().unwrap().to_owned();
        // A token opens its console as often as one likes.
        for _ in 0..2 {
            let mut socket = open(&address, &format!("/console/vnc?token={token}")).await.unwrap();
            assert_eq!(shake_hands(&mut socket).await, name);
            // The whole picture is more than one message can hold.
            write(&mut socket, &[3, 0, 0, 0, 0, 0, 0, 160, 0, 100]).await;
            let update = read(&mut socket, 16 + 160 * 100 * 4).await;
            assert_eq!(&update[..4], [0, 0, 0, 1]);
            socket.close(None).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_serial_console_passes_text_both_ways() {
    let cloud = Cloud::new().await;
    let address = cloud.listen().await;
    let id = cloud.boot(json!({"name": "web"})).await;
    let token = token(&cloud, id, "os-getSerialConsole", "serial").await;
    let mut socket = open(&address, &format!("/console/serial?token={token}")).await.unwrap();
    let log = cloud.act(id, json!({"os-getConsoleOutput": {}})).await.1["output"].as_str().unwrap().to_owned();
    let text = read(&mut socket, log.replace('\n', "\r\n").len()).await;
    assert!(String::from_utf8(text).unwrap().ends_with("web login: "));
    write(&mut socket, b"root").await;
    assert_eq!(read(&mut socket, 4).await, b"root");
}

#[tokio::test]
async fn what_opens_no_console_is_refused() {
    let cloud = Cloud::new().await;
    let address = cloud.listen().await;
    let id = cloud.boot(json!({})).await;
    let refused = async |path: String| open(&address, &path).await.map(drop).unwrap_err();
    let token = vnc_token(&cloud, id).await;
    assert_eq!(refused(format!("/console/vnc?token=bad{token}")).await, 403);
    assert_eq!(refused(format!("/console/vnc?token={}", "0".repeat(64))).await, 403);
    assert_eq!(refused("/console/vnc?token=".to_owned()).await, 403);
    assert_eq!(refused("/console/vnc".to_owned()).await, 403);
    assert_eq!(refused(format!("/console/serial?token={token}")).await, 403, "of the other kind");
    sql(&cloud, "UPDATE console_token SET host = 'compute-9'").await;
    assert_eq!(refused(format!("/console/vnc?token={token}")).await, 403, "of another host");
    let token = vnc_token(&cloud, id).await;
    cloud.act(id, json!({"os-stop": null})).await;
    cloud.settle().await;
    assert_eq!(refused(format!("/console/vnc?token={token}")).await, 409, "it is off");
    cloud.act(id, json!({"os-start": null})).await;
    cloud.settle().await;
    assert!(open(&address, &format!("/console/vnc?token={token}")).await.is_ok());
    cloud.delete(id).await;
    cloud.settle().await;
    assert_eq!(refused(format!("/console/vnc?token={token}")).await, 403, "it is deleted");
}

#[tokio::test]
async fn a_token_lapses_and_is_forgotten() {
    for cloud in Cloud::each_with(|| ComputeOptions { console_token_ttl: Duration::from_millis(1), ..options() }).await
    {
        let address = cloud.listen().await;
        let id = cloud.boot(json!({})).await;
        let token = vnc_token(&cloud, id).await;
        cloud.clock.sleep(Duration::from_millis(2)).await;
        assert_eq!(open(&address, &format!("/console/vnc?token={token}")).await.map(drop), Err(403));
        cloud.reconcile().await;
        assert_eq!(cloud.db.db.all("SELECT hash FROM console_token", vec![]).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_console_is_closed_when_its_server_is_gone() {
    let cloud = Cloud::new().await;
    let address = cloud.listen().await;
    let id = cloud.boot(json!({})).await;
    let path = format!("/console/vnc?token={}", vnc_token(&cloud, id).await);
    let mut socket = open(&address, &path).await.unwrap();
    shake_hands(&mut socket).await;
    sql(&cloud, "UPDATE server SET host = 'compute-9'").await;
    let frame = goodbye(&mut socket).await.unwrap();
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1008, "the server is elsewhere"));
    let cloud = Cloud::new().await;
    let address = cloud.listen().await;
    let id = cloud.boot(json!({})).await;
    let path = format!("/console/vnc?token={}", vnc_token(&cloud, id).await);
    let mut socket = open(&address, &path).await.unwrap();
    shake_hands(&mut socket).await;
    cloud.delete(id).await;
    assert!(goodbye(&mut socket).await.is_some());
}

#[tokio::test]
async fn a_silent_node_has_no_console() {
    let cloud = Cloud::new().await;
    let address = cloud.listen().await;
    let id = cloud.boot(json!({})).await;
    let path = format!("/console/vnc?token={}", vnc_token(&cloud, id).await);
    for number in [1, 2] {
        cloud.node(number).misbehave(|faults| faults.silence = ferrostack_sim::node::Silence::Before);
    }
    assert_eq!(open(&address, &path).await.map(drop), Err(503));
}

#[tokio::test]
async fn what_a_token_opens_is_not_told_at_this_version() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    let token = vnc_token(&cloud, id).await;
    let ask = async |token: &str| {
        cloud.call("admin", "GET", &format!("/os-console-auth-tokens/{token}"), Value::Null).await.0
    };
    assert_eq!(ask(&token).await, 401);
    assert_eq!(ask("nonsense").await, 404);
}

#[tokio::test]
async fn pages_come_with_the_viewer_that_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::with(ComputeOptions { novnc_dir: folder.path().to_owned(), ..options() }).await;
    let get = async |path: &str| cloud.text("GET", path, &[]).await;
    let (status, text) = get("/console/vnc_auto.html?path=x").await;
    assert_eq!(status, 503);
    let named = folder.path().display().to_string();
    assert!(text.contains("apt install novnc") && text.contains(&named), "{text}");
    std::fs::create_dir_all(folder.path().join("core")).unwrap();
    std::fs::write(folder.path().join("core/rfb.js"), "export default class RFB {}").unwrap();
    std::fs::write(folder.path().join("package.json"), "{}").unwrap();
    std::fs::write(folder.path().join("core/notes.txt"), "x").unwrap();
    let (status, text) = get("/console/vnc_auto.html?path=x").await;
    assert_eq!(status, 200);
    for part in ["<html", "</html>", "noVNC", "<script"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for (path, part) in [
        ("/console/novnc/core/rfb.js", "class RFB"),
        ("/console/vnc.js", "novnc/core/rfb.js"),
        ("/console/serial.js", "WebSocket"),
        ("/console/console.css", "body"),
        ("/console/serial.html", "serial.js"),
        ("/console/serial?token=x", "serial.js"),
    ] {
        let (status, text) = get(path).await;
        assert!(status == 200 && text.contains(part), "{path}: {status} {text}");
    }
    for path in [
        "/console/novnc/package.json",
        "/console/novnc/core/notes.txt",
        "/console/novnc/core/none.js",
        "/console/novnc/core/../core/rfb.js",
        "/console/novnc/core/%2e%2e/core/rfb.js",
        "/console/novnc/core%2f..%2f..%2fetc%2fx.js",
        "/console/novnc//etc/passwd.js",
    ] {
        assert_eq!(get(path).await.0, 404, "{path}");
    }
    assert_eq!(get("/console/vnc").await.0, 400, "no page is there");
}
