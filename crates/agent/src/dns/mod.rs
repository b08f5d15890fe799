//! A small DNS forwarder for guests (RFC 1035, RFC 6891, RFC 7766).
//!
//! # Theory of operation
//! OVN itself answers UDP questions for the names of a network's ports, before packets get here, but not those with EDNS
//! (which most resolvers of today send) and not those over TCP; unknown names it leaves alone. So whatever arrives here is
//! first looked up among the names that OVN knows of this network, in the Southbound database, and else passed on as it
//! is to the node's resolvers. Answers come back as they are, so EDNS options, DNSSEC and truncation keep their meaning
//! between guest and resolver. Nothing is kept: the resolver behind has the cache.

mod message;
mod names;
mod resolvers;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_ovn::Endpoint;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::Semaphore,
};
use uuid::Uuid;

use message::{Question, failure};
use names::Names;
use resolvers::Resolvers;

/// Questions of one socket that are under way at a time.
const QUESTIONS: usize = 512;
/// TCP connections of one socket at a time.
const CONNECTIONS: usize = 64;
/// For one resolver's answer; a guest's own resolver asks again after five seconds.
const RESOLVER: Duration = Duration::from_millis(2500);
/// For a guest's next question over TCP.
const IDLE: Duration = Duration::from_secs(10);
/// The longest message.
const LONGEST: usize = 65_535;

/// How a question came, and its answer has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Udp,
    Tcp,
}

/// Answers questions.
pub(crate) struct Forwarder {
    resolvers: Resolvers,
    names: Option<Names>,
    clock: Clock,
}

impl Forwarder {
    /// With these resolvers, or the node's own where there are none. Must be called within a tokio runtime.
    pub(crate) fn new(resolvers: Vec<SocketAddr>, southbound: Option<Endpoint>, clock: Clock) -> Self {
        let names = southbound.map(|endpoint| Names::start(endpoint, clock.clone()));
        Self { resolvers: Resolvers::new(resolvers), names, clock }
    }

    /// Answers what comes to a UDP socket, for as long as it is not aborted.
    pub(crate) async fn serve_udp(self: Arc<Self>, socket: UdpSocket, network: Uuid) {
        let socket = Arc::new(socket);
        let places = Arc::new(Semaphore::new(QUESTIONS));
        let mut buffer = vec![0; LONGEST];
        loop {
            let (length, guest) = match socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                Err(error) => {
                    // An unreachable guest of an earlier answer, for example.
                    tracing::debug!(%network, %error, "a question could not be received");
                    self.clock.sleep(Duration::from_millis(10)).await;
                    continue;
                }
            };
            // Too many at a time: it is as if the packet was lost, and the guest asks again.
            let Ok(place) = places.clone().try_acquire_owned() else { continue };
            let (forwarder, socket, question) = (self.clone(), socket.clone(), buffer[..length].to_vec());
            tokio::spawn(async move {
                if let Some(answer) = forwarder.answer(&question, network, Transport::Udp).await
                    && let Err(error) = socket.send_to(&answer, guest).await
                {
                    tracing::debug!(%network, %guest, %error, "an answer could not be sent");
                }
                drop(place);
            });
        }
    }

    /// Answers what comes over TCP, for as long as it is not aborted.
    pub(crate) async fn serve_tcp(self: Arc<Self>, listener: TcpListener, network: Uuid) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let Ok((mut stream, _)) = listener.accept().await else {
                self.clock.sleep(Duration::from_millis(50)).await;
                continue;
            };
            let forwarder = self.clone();
            tokio::spawn(async move {
                while let Ok(Ok(question)) = forwarder.clock.timeout(IDLE, read_framed(&mut stream)).await {
                    let Some(answer) = forwarder.answer(&question, network, Transport::Tcp).await else { break };
                    match forwarder.clock.timeout(IDLE, write_framed(&mut stream, &answer)).await {
                        Ok(Ok(())) => {}
                        _ => break,
                    }
                }
                drop(place);
            });
        }
    }

    /// The answer to a question; `None` for what is none.
    async fn answer(&self, message: &[u8], network: Uuid, transport: Transport) -> Option<Vec<u8>> {
        let question = Question::read(message)?;
        if let Some(answer) = self.names.as_ref().and_then(|names| names.answer(&question, network)) {
            return Some(answer);
        }
        for resolver in self.resolvers.all().await {
            let asked = self.clock.timeout(RESOLVER, ask(message, &question, resolver, transport)).await;
            match asked {
                Ok(Ok(answer)) => return Some(answer),
                Ok(Err(error)) => tracing::debug!(%resolver, %error, "a resolver could not be asked"),
                Err(_) => tracing::debug!(%resolver, "a resolver does not answer"),
            }
        }
        Some(failure(&question))
    }
}

/// Asks a resolver by the same transport, under another number and from another port, so that nobody can guess them.
async fn ask(message: &[u8], question: &Question, resolver: SocketAddr, transport: Transport) -> io::Result<Vec<u8>> {
    let own_id = Uuid::new_v4().into_bytes();
    let mut sent = message.to_vec();
    sent[..2].copy_from_slice(&own_id[..2]);
    let mut answer = match transport {
        Transport::Tcp => {
            let mut stream = TcpStream::connect(resolver).await?;
            write_framed(&mut stream, &sent).await?;
            let answer = read_framed(&mut stream).await?;
            if !question.is_answered_by(&answer, &own_id[..2]) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is to another question"));
            }
            answer
        }
        Transport::Udp => {
            let any: SocketAddr = match resolver {
                SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
            };
            let socket = UdpSocket::bind(any).await?;
            socket.connect(resolver).await?;
            socket.send(&sent).await?;
            let mut buffer = vec![0; LONGEST];
            loop {
                let length = socket.recv(&mut buffer).await?;
                // Anything else was sent by somebody who guesses: the time-out ends the wait.
                if question.is_answered_by(&buffer[..length], &own_id[..2]) {
                    buffer.truncate(length);
                    break buffer;
                }
            }
        }
    };
    answer[..2].copy_from_slice(&message[..2]);
    Ok(answer)
}

async fn read_framed(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut message = vec![0; length.into()];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

async fn write_framed(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::Error::other("the message is too long"))?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).await
}
