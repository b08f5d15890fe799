//! A DHCP client (RFC 2131) that is just good enough to see what a guest is told.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, UdpSocket},
    time::Duration,
};

/// What the guest was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub address: Ipv4Addr,
    pub prefix: u8,
    pub mtu: Option<u16>,
    pub dns: Vec<Ipv4Addr>,
    pub seconds: u32,
    pub domain: String,
    /// Prefixes and next hops (option 121; RFC 3442).
    pub routes: Vec<(String, Ipv4Addr)>,
}

const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;

/// Asks for an address on the interface to which broadcasts go.
pub fn request(mac: &str) -> Option<Lease> {
    let socket = UdpSocket::bind("0.0.0.0:68").unwrap();
    socket.set_broadcast(true).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    for _ in 0..5 {
        let Some(offer) = ask(&socket, mac, DISCOVER, &[], OFFER) else { continue };
        let wanted = [(50, offer.0.octets().to_vec()), (54, offer.1.get(&54)?.clone())];
        if let Some((address, options)) = ask(&socket, mac, REQUEST, &wanted, ACK) {
            return read(address, &options);
        }
    }
    None
}

type Options = BTreeMap<u8, Vec<u8>>;

fn ask(socket: &UdpSocket, mac: &str, kind: u8, more: &[(u8, Vec<u8>)], answer: u8) -> Option<(Ipv4Addr, Options)> {
    let transaction = rand::random::<[u8; 4]>();
    let mut packet = vec![1, 1, 6, 0];
    packet.extend(transaction);
    // Without an address only broadcasts can be heard.
    packet.extend([0, 0, 0x80, 0]);
    packet.resize(28, 0);
    packet.extend(mac.split(':').map(|byte| u8::from_str_radix(byte, 16).unwrap()));
    packet.resize(236, 0);
    packet.extend([99, 130, 83, 99, 53, 1, kind, 55, 8, 1, 3, 6, 15, 26, 51, 54, 121]);
    for (code, value) in more {
        packet.extend([*code, value.len() as u8]);
        packet.extend(value);
    }
    packet.push(255);
    socket.send_to(&packet, "255.255.255.255:67").unwrap();
    let mut buffer = [0; 1500];
    loop {
        let length = socket.recv(&mut buffer).ok()?;
        let heard = &buffer[..length];
        if length < 240 || heard[4..8] != transaction {
            continue;
        }
        let mut options = Options::new();
        let mut rest = &heard[240..];
        while let [code, tail @ ..] = rest {
            match (*code, tail) {
                (0, _) => rest = tail,
                (255, _) | (_, []) => break,
                (code, [length, tail @ ..]) => {
                    let (value, after) = tail.split_at(usize::from(*length));
                    options.insert(code, value.to_vec());
                    rest = after;
                }
            }
        }
        if options.get(&53).map(Vec::as_slice) == Some(&[answer]) {
            return Some((Ipv4Addr::new(heard[16], heard[17], heard[18], heard[19]), options));
        }
    }
}

fn addresses(bytes: &[u8]) -> Vec<Ipv4Addr> {
    bytes.chunks_exact(4).map(|chunk| Ipv4Addr::new(chunk[0], chunk[1], chunk[2], chunk[3])).collect()
}

fn read(address: Ipv4Addr, options: &Options) -> Option<Lease> {
    let of = |code: u8| options.get(&code).map_or(&[][..], Vec::as_slice);
    let mask = u32::from(*addresses(of(1)).first()?);
    let mut routes = Vec::new();
    let mut rest = of(121);
    while let [length, tail @ ..] = rest {
        let (prefix, tail) = tail.split_at(usize::from(length.div_ceil(8)));
        let mut bytes = [0; 4];
        bytes[..prefix.len()].copy_from_slice(prefix);
        let (via, tail) = tail.split_at(4);
        routes.push((format!("{}/{length}", Ipv4Addr::from(bytes)), addresses(via)[0]));
        rest = tail;
    }
    Some(Lease {
        address,
        prefix: mask.count_ones() as u8,
        mtu: <[u8; 2]>::try_from(of(26)).ok().map(u16::from_be_bytes),
        dns: addresses(of(6)),
        seconds: <[u8; 4]>::try_from(of(51)).map(u32::from_be_bytes).unwrap_or_default(),
        domain: String::from_utf8_lossy(of(15)).into_owned(),
        routes,
    })
}
