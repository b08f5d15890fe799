//! Byte streams over WebSocket, with a real client.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too, may fail")]

use std::{sync::Arc, time::Duration};

use ferrostack_base::Clock;
use ferrostack_http::{
    Upgrade,
    axum::{Router, routing::get},
    serve,
};
use futures::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
    sync::{Mutex, oneshot},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::CloseFrame},
};

/// A server with one stream, a client, and what ends the tunnel.
async fn tunnel(clock: &Clock) -> (DuplexStream, WebSocketStream<TcpStream>, oneshot::Sender<&'static str>) {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let (end, ended) = oneshot::channel();
    let parts = Arc::new(Mutex::new(Some((theirs, ended))));
    let clock = clock.clone();
    let handler = move |upgrade: Upgrade| async move {
        upgrade.tunnel(move |tunnel| async move {
            let (stream, ended) = parts.lock().await.take().unwrap();
            let reason = async { ended.await.unwrap_or("the test is over") };
            tunnel.pump(stream, &clock, reason).await;
        })
    };
    let router = Router::new().route("/", get(handler));
    let (address, running) = serve("127.0.0.1:0".parse().unwrap(), router, std::future::pending()).await.unwrap();
    tokio::spawn(running);
    let mut request = format!("ws://{address}/").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "base64, binary".parse().unwrap());
    let (socket, response) = client_async(request, TcpStream::connect(address).await.unwrap()).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "binary");
    (ours, socket, end)
}

async fn goodbye(socket: &mut WebSocketStream<TcpStream>) -> CloseFrame {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Close(frame) => return frame.unwrap(),
            _ => continue,
        }
    }
}

#[tokio::test]
async fn bytes_pass_both_ways_whatever_their_amount() {
    let (mut stream, mut socket, _end) = tunnel(&Clock::system()).await;
    let bytes: Vec<u8> = (0..300_000u32).map(|number| (number % 251) as u8).collect();
    let (mut reader, mut writer) = tokio::io::split(&mut stream);
    let (mut to_server, mut from_server) = (&mut socket).split();
    let outward = async { writer.write_all(&bytes).await.unwrap() };
    let inward = async { to_server.send(Message::Binary(bytes.clone().into())).await.unwrap() };
    let seen = async {
        let mut seen = Vec::new();
        while seen.len() < bytes.len() {
            match from_server.next().await.unwrap().unwrap() {
                Message::Binary(more) => seen.extend(more),
                other => panic!("{other:?}"),
            }
        }
        seen
    };
    let read = async {
        let mut read = vec![0; bytes.len()];
        reader.read_exact(&mut read).await.unwrap();
        read
    };
    let ((), (), seen, read) = tokio::join!(outward, inward, seen, read);
    assert!(seen == bytes && read == bytes);
    drop((to_server, from_server));
    // Texts count as bytes, too: some clients send nothing else.
    socket.send(Message::Text("ls\n".into())).await.unwrap();
    let mut text = [0; 3];
    stream.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"ls\n");
}

#[tokio::test]
async fn a_stream_that_nobody_reads_holds_its_client_up() {
    let (_stream, mut socket, _end) = tunnel(&Clock::system()).await;
    let flood = async {
        loop {
            socket.send(Message::Binary(vec![0; 1 << 16].into())).await.unwrap();
        }
    };
    assert!(Clock::system().timeout(Duration::from_millis(500), flood).await.is_err(), "it waits for ever");
}

#[tokio::test]
async fn each_side_may_end_it() {
    let (stream, mut socket, _end) = tunnel(&Clock::system()).await;
    drop(stream);
    assert_eq!(u16::from(goodbye(&mut socket).await.code), 1000);
    let (mut stream, mut socket, _end) = tunnel(&Clock::system()).await;
    socket.close(None).await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    let (mut stream, mut socket, end) = tunnel(&Clock::system()).await;
    end.send("the server is deleted").unwrap();
    let frame = goodbye(&mut socket).await;
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1008, "the server is deleted"));
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_silent_stream_is_kept_alive_by_pings() {
    let clock = Clock::manual();
    let (mut stream, mut socket, _end) = tunnel(&clock).await;
    for _ in 0..3 {
        let ping = loop {
            clock.advance(Duration::from_secs(10));
            if let Ok(message) = Clock::system().timeout(Duration::from_millis(20), socket.next()).await {
                break message.unwrap().unwrap();
            }
        };
        assert!(matches!(ping, Message::Ping(_)), "{ping:?}");
    }
    stream.write_all(b"still here").await.unwrap();
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Binary(bytes) => break assert_eq!(&bytes[..], b"still here"),
            Message::Ping(_) => continue,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_message_without_measure_ends_the_connection() {
    let (mut stream, mut socket, _end) = tunnel(&Clock::system()).await;
    let huge = Message::Binary(vec![0; (1 << 20) + 1].into());
    // The server may close before all is sent.
    let sent = socket.send(huge).await;
    assert!(matches!(sent, Ok(()) | Err(Error::Io(_) | Error::ConnectionClosed | Error::AlreadyClosed)), "{sent:?}");
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
}
