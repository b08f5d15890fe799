//! What a guest asks through the node: a metadata service and a resolver.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
};

/// Requests as they came, in lower case.
pub type Asked = Arc<Mutex<Vec<String>>>;

/// Serves metadata; user data is a script that looks two names up.
pub async fn metadata() -> (SocketAddr, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Asked::default();
    let seen = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 16 << 10];
                let length = stream.read(&mut buffer).await.unwrap();
                let request = String::from_utf8_lossy(&buffer[..length]).to_lowercase();
                let body = match request.split(' ').nth(1).unwrap_or_default() {
                    "/metadata/openstack/latest/meta_data.json" => {
                        r#"{"uuid": "u-7", "hostname": "asked", "public_keys": {"k": "ssh-ed25519 AAAA"}}"#.to_owned()
                    }
                    "/metadata/openstack/latest/user_data" => "#!/bin/sh\n\
                        for n in other.test web.test; do echo \"LOOKED $n\" $(nslookup $n 10.9.0.2 2>&1) > /dev/console; done\n"
                        .to_owned(),
                    _ => String::new(),
                };
                seen.lock().unwrap().push(request);
                let status = if body.is_empty() { "404 Not Found" } else { "200 OK" };
                let answer =
                    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    (address, asked)
}

/// Answers each question with 192.0.2.7 when it is for an IPv4 address, and else with nothing.
pub async fn resolver() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = vec![0; 4096];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let name = buffer[12..length].iter().position(|byte| *byte == 0).unwrap();
            let end = 12 + name + 5;
            let mut answer = buffer[..end].to_vec();
            let is_address = answer[end - 4..end - 2] == [0, 1];
            answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
            if is_address {
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
            }
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    address
}
