use std::sync::Mutex;

use super::*;

/// `web.example A IN`, with an OPT record.
fn question(id: u16, extended: bool) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, u8::from(extended)]);
    message.extend(b"\x03wEb\x07example\x00\x00\x01\x00\x01");
    if extended {
        message.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    }
    message
}

/// A resolver that gives everything back as an answer, after `strange` messages that are no answers.
async fn resolver() -> (SocketAddr, Arc<Mutex<Vec<Vec<u8>>>>) {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(address).await.unwrap();
    let asked: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let answer = {
        let asked = asked.clone();
        move |message: &[u8]| {
            asked.lock().unwrap().push(message.to_vec());
            let mut answer = message.to_vec();
            answer[2] |= 0x80;
            answer
        }
    };
    let by_tcp = answer.clone();
    tokio::spawn(async move {
        let mut buffer = vec![0; 4096];
        loop {
            let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
            // First what a guesser would send.
            let mut forged = buffer[..length].to_vec();
            forged[0] ^= 0xff;
            forged[2] |= 0x80;
            udp.send_to(&forged, from).await.unwrap();
            udp.send_to(&answer(&buffer[..length]), from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            let message = read_framed(&mut stream).await.unwrap();
            write_framed(&mut stream, &by_tcp(&message)).await.unwrap();
        }
    });
    (address, asked)
}

#[tokio::test]
async fn questions_go_through_as_they_are_under_another_number() {
    let (address, asked) = resolver().await;
    let forwarder = Forwarder::new(vec![address], None, Clock::system());
    for transport in [Transport::Udp, Transport::Tcp] {
        let sent = question(0x1234, true);
        let answer = forwarder.answer(&sent, Uuid::nil(), transport).await.unwrap();
        assert_eq!(answer[..2], sent[..2]);
        assert_eq!(answer[3..], sent[3..], "with its OPT record and the letters' case");
    }
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().any(|message| message[..2] != [0x12, 0x34]));
}

#[tokio::test]
async fn without_a_resolver_the_guest_is_told_so() {
    let forwarder = Forwarder::new(vec!["127.0.0.1:1".parse().unwrap()], None, Clock::system());
    for extended in [false, true] {
        let answer = forwarder.answer(&question(7, extended), Uuid::nil(), Transport::Udp).await.unwrap();
        assert_eq!((answer[2] & 0x80, answer[3] & 0x0f, answer[11]), (0x80, 2, u8::from(extended)));
    }
    assert!(forwarder.answer(b"nonsense", Uuid::nil(), Transport::Udp).await.is_none());
    let mut response = question(7, false);
    response[2] |= 0x80;
    assert!(forwarder.answer(&response, Uuid::nil(), Transport::Udp).await.is_none(), "answers are not answered");
}

#[test]
fn hostile_questions_are_no_questions() {
    let good = question(7, true);
    let read = Question::read(&good).unwrap();
    assert_eq!((read.name.as_str(), read.kind), ("web.example", message::A));
    for length in 0..29 {
        assert!(Question::read(&good[..length]).is_none(), "{length} bytes");
    }
    let mut pointer = good[..12].to_vec();
    pointer.extend([0xc0, 12, 0, 1, 0, 1]);
    assert!(Question::read(&pointer).is_none());
    let mut long = good[..12].to_vec();
    for _ in 0..5 {
        long.push(63);
        long.extend([b'a'; 63]);
    }
    long.extend([0, 0, 1, 0, 1]);
    assert!(Question::read(&long).is_none());
}

#[test]
fn an_answer_of_ours_is_a_message_again() {
    let read = Question::read(&question(7, true)).unwrap();
    let answer = read.answer(&[message::Record::A([10, 0, 0, 5].into())]);
    assert!(read.is_answered_by(&answer, &[0, 7]));
    assert_eq!(answer[4..12], [0, 1, 0, 1, 0, 0, 0, 1]);
    let record = &answer[12 + 17..];
    assert_eq!(record[..16], [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 5]);
    assert_eq!(record[16..], [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn sockets_of_both_kinds_are_served() {
    let (address, _) = resolver().await;
    let forwarder = Arc::new(Forwarder::new(vec![address], None, Clock::system()));
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (udp_address, tcp_address) = (udp.local_addr().unwrap(), tcp.local_addr().unwrap());
    tokio::spawn(forwarder.clone().serve_udp(udp, Uuid::nil()));
    tokio::spawn(forwarder.serve_tcp(tcp, Uuid::nil()));
    let guest = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    guest.send_to(&question(9, false), udp_address).await.unwrap();
    let mut buffer = vec![0; 512];
    let (length, _) = guest.recv_from(&mut buffer).await.unwrap();
    assert_eq!(length, question(9, false).len());
    let mut stream = TcpStream::connect(tcp_address).await.unwrap();
    for id in [1, 2] {
        write_framed(&mut stream, &question(id, true)).await.unwrap();
        assert_eq!(read_framed(&mut stream).await.unwrap()[..2], id.to_be_bytes());
    }
}
