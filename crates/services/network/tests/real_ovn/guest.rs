//! A namespace that is a guest: one interface `eth0`, whose other end is a port of `br-int`.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    time::Duration,
};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, ipproto, sockopt};

use crate::{
    dhcp,
    engines::{Engines, Namespace, run},
};

/// How long a packet may take.
pub const PATIENCE: Duration = Duration::from_millis(300);

pub struct Guest {
    pub space: Namespace,
    /// The other end's name.
    pub tap: String,
}

impl Guest {
    /// A guest that is not plugged in.
    pub fn new(engines: &Engines, number: usize, mac: &str) -> Self {
        let space = Namespace::new(format!("{}-g{number}", engines.space.0));
        let tap = format!("tap{number}");
        engines.space.ip(&format!("link add {tap} type veth peer name eth0 netns {}", space.0));
        space.sysctl("net/ipv6/conf/eth0/accept_dad", "0");
        space.ip(&format!("link set eth0 address {mac}"));
        // The datapath does not finish checksums that were left to the hardware.
        run("ip", &["netns", "exec", &space.0, "ethtool", "-K", "eth0", "tx", "off"]);
        engines.space.ip(&format!("link set {tap} up"));
        space.ip("link set eth0 up");
        space.ip("route add 255.255.255.255/32 dev eth0");
        Self { space, tap }
    }

    /// Plugs it in as that port.
    pub fn plug(&self, engines: &Engines, port: &str) {
        let tap = &self.tap;
        engines.vsctl(&format!("add-port br-int {tap} -- set Interface {tap} external_ids:iface-id={port}"));
    }

    pub fn unplug(&self, engines: &Engines) {
        engines.vsctl(&format!("del-port br-int {}", self.tap));
    }

    /// Takes an address by DHCP and uses it.
    pub fn configure(&self, mac: &str) -> dhcp::Lease {
        let lease = self.space.within(|| dhcp::request(mac)).unwrap();
        self.space.ip(&format!("addr add {}/{} dev eth0", lease.address, lease.prefix));
        if let Some(mtu) = lease.mtu {
            self.space.ip(&format!("link set eth0 mtu {mtu}"));
        }
        for (to, via) in &lease.routes {
            self.space.ip(&format!("route add {to} via {via} dev eth0"));
        }
        lease
    }

    /// Whether one of three packets of that many bytes is answered.
    pub fn pings_with(&self, to: IpAddr, size: usize) -> bool {
        (0..3).any(|_| self.space.within(|| ping(to, size, PATIENCE)))
    }

    pub fn pings(&self, to: &str) -> bool {
        self.pings_with(to.parse().unwrap(), 56)
    }

    /// Whether one packet is answered within that time.
    pub fn pings_once(&self, to: &str, patience: Duration) -> bool {
        self.space.within(|| ping(to.parse().unwrap(), 56, patience))
    }

    pub fn listen(&self, port: u16) -> TcpListener {
        self.space.within(|| TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).unwrap())
    }

    /// A connection, if it comes about in time.
    pub fn connect(&self, to: &str, port: u16) -> Option<TcpStream> {
        let to = SocketAddr::new(to.parse().unwrap(), port);
        let stream = self.space.within(|| TcpStream::connect_timeout(&to, Duration::from_secs(2))).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        Some(stream)
    }
}

/// Whether what one end says reaches the other.
pub fn speaks(from: &mut TcpStream, to: &mut TcpStream) -> bool {
    to.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut heard = [0];
    from.write_all(b"x").is_ok() && to.read_exact(&mut heard).is_ok()
}

/// Sends one ICMP echo request (RFC 792, RFC 4443) and waits for its answer.
pub fn ping(to: IpAddr, size: usize, patience: Duration) -> bool {
    let (family, protocol, request, reply) = match to {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP, 8, 0),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6, 128, 129),
    };
    let socket: OwnedFd = rustix::net::socket(family, SocketType::RAW, Some(protocol)).unwrap();
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(patience)).unwrap();
    let mark = rand::random::<[u8; 4]>();
    let mut packet = vec![request, 0, 0, 0];
    packet.extend(mark);
    packet.resize(8 + size, 7);
    // The kernel does this for ICMPv6.
    let sum = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum::<u32>();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = !((folded & 0xffff) + (folded >> 16)) as u16;
    packet[2..4].copy_from_slice(&folded.to_be_bytes());
    if rustix::net::sendto(&socket, &packet, SendFlags::empty(), &SocketAddr::new(to, 0)).is_err() {
        return false;
    }
    let mut buffer = vec![0; 65_536];
    for _ in 0..20 {
        let Ok((_, length, _)) = rustix::net::recvfrom(&socket, buffer.as_mut_slice(), RecvFlags::empty()) else {
            return false;
        };
        let from = if to.is_ipv4() { 20 } else { 0 };
        let answer = &buffer[from.min(length)..length];
        if answer.len() >= 8 && answer[0] == reply && answer[4..8] == mark {
            return true;
        }
    }
    false
}
