use std::{net::SocketAddr, sync::Mutex};

use ferrostack_base::Secret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;

/// What a controller was asked, and a fixed answer.
async fn controller(answer: &'static str) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 64 << 10];
            let length = stream.read(&mut buffer).await.unwrap();
            seen.lock().unwrap().push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, asked)
}

async fn proxy(url: String) -> SocketAddr {
    let options = MetadataOptions { url, shared_secret: Secret::new("key".to_owned()) };
    let proxy = Arc::new(Proxy::new(&options, Clock::system()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(proxy.serve(listener, Uuid::from_u128(3)));
    address
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_request_goes_through_with_who_asks_and_without_what_the_guest_claims() {
    let (controller, asked) = controller(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
    )
    .await;
    let proxy = proxy(format!("http://{controller}/")).await;
    let answer = ask(
        proxy,
        "GET /openstack/latest/meta_data.json?a=b HTTP/1.1\r\nHost: 169.254.169.254\r\nX-Forwarded-For: 6.6.6.6\r\n\
         X-Ovn-Network-Id: other\r\nX_Forwarded_For: 6.6.6.6\r\nX-Instance-Signature: forged\r\nX-Instance-ID: other\r\n\
         X-Tenant-ID: other\r\nForwarded: for=6.6.6.6\r\nAccept: text/x\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n{}"), "{answer}");
    assert!(answer.contains("content-type: application/json"), "{answer}");
    let asked = asked.lock().unwrap()[0].to_lowercase();
    let network = Uuid::from_u128(3);
    let signature = sign(&Secret::new("key".to_owned()), network, "127.0.0.1".parse().unwrap()).unwrap();
    assert!(asked.starts_with("get /openstack/latest/meta_data.json?a=b http/1.1\r\n"), "{asked}");
    for line in [
        "x-forwarded-for: 127.0.0.1".to_owned(),
        format!("x-ovn-network-id: {network}"),
        format!("x-instance-signature: {signature}"),
        "accept: text/x".to_owned(),
    ] {
        assert_eq!(asked.matches(&line).count(), 1, "{line} in {asked}");
    }
    for claim in ["6.6.6.6", "other", "forged", "169.254"] {
        assert!(!asked.contains(claim), "{claim} in {asked}");
    }
}

#[tokio::test]
async fn too_much_is_refused_and_a_silent_controller_is_said() {
    let (controller, asked) = controller("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n").await;
    let address = proxy(format!("http://{controller}")).await;
    let long = format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", REQUEST + 1);
    let answer = ask(address, &(long + &"x".repeat(REQUEST + 1))).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(asked.lock().unwrap().is_empty());
    let nobody = proxy("http://127.0.0.1:1".to_owned()).await;
    let answer = ask(nobody, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
}
