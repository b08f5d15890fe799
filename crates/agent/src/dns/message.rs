//! DNS messages, as far as a forwarder has to understand them (RFC 1035 section 4.1, RFC 6891 section 6.1).

use std::net::{Ipv4Addr, Ipv6Addr};

const HEADER: usize = 12;
/// Longest name, in bytes on the wire.
const NAME: usize = 255;
/// Of answers from the Southbound database, in seconds; short, since ports come and go.
const TTL: u32 = 60;
/// What we take over UDP, in bytes; as the DNS flag day of 2020 recommends.
const UDP_SIZE: u16 = 1232;

pub(super) const A: u16 = 1;
pub(super) const PTR: u16 = 12;
pub(super) const AAAA: u16 = 28;
pub(super) const ANY: u16 = 255;
const OPT: u16 = 41;
const INTERNET: u16 = 1;

const RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
const RECURSION_DESIRED: u16 = 0x0100;
const RECURSION_AVAILABLE: u16 = 0x0080;
const OPCODE: u16 = 0x7800;
const SERVER_FAILURE: u16 = 2;

/// A question of a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    id: [u8; 2],
    flags: u16,
    /// In lower case, without the last dot.
    pub(super) name: String,
    pub(super) kind: u16,
    /// Name, type and class as they were sent; the case of letters may be what the guest checks answers by.
    section: Vec<u8>,
    /// Whether it has an OPT record.
    extended: bool,
}

/// A record of an answer to the question's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Ptr(String),
}

impl Question {
    /// Reads a message that asks exactly one question; `None` for anything else.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]));
        let flags = number(2)?;
        if flags & (RESPONSE | OPCODE) != 0 || number(4)? != 1 {
            return None;
        }
        let mut labels = Vec::new();
        let mut at = HEADER;
        loop {
            let length = usize::from(*message.get(at)?);
            at += 1;
            match length {
                0 => break,
                // A pointer has nothing before it to point to.
                1..=63 => {
                    let label = message.get(at..at + length)?;
                    labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
                    at += length;
                }
                _ => return None,
            }
            if at - HEADER > NAME {
                return None;
            }
        }
        let kind = number(at)?;
        let section = message.get(HEADER..at + 4)?.to_vec();
        // Without answers and authorities an OPT record stands right behind the question (its name is the root).
        let alone = number(6)? == 0 && number(8)? == 0 && number(10)? > 0;
        let extended = alone && message.get(at + 4) == Some(&0) && number(at + 5) == Some(OPT);
        Some(Self { id: [message[0], message[1]], flags, name: labels.join("."), kind, section, extended })
    }

    /// Whether a message is an answer to this question under that number.
    pub(super) fn is_answered_by(&self, message: &[u8], id: &[u8]) -> bool {
        let header = message.len() >= HEADER && message[..2] == *id && message[2] & 0x80 != 0;
        // Some servers leave the question out of a failure.
        let without = header && message[4..6] == [0, 0] && message[3] & 0x0f != 0;
        let section = message.get(HEADER..HEADER + self.section.len());
        header && (without || section.is_some_and(|section| section.eq_ignore_ascii_case(&self.section)))
    }

    /// Whether it is about the Internet, not about a server's version or such.
    pub(super) fn is_internet(&self) -> bool {
        self.section.ends_with(&INTERNET.to_be_bytes())
    }

    /// An answer of our own.
    pub(super) fn answer(&self, records: &[Record]) -> Vec<u8> {
        let count = u16::try_from(records.len()).unwrap_or(u16::MAX);
        let mut message = self.begin(RESPONSE | AUTHORITATIVE | RECURSION_AVAILABLE, count);
        for record in records.iter().take(count.into()) {
            let (kind, data) = match record {
                Record::A(address) => (A, address.octets().to_vec()),
                Record::Aaaa(address) => (AAAA, address.octets().to_vec()),
                Record::Ptr(name) => (PTR, encode(name)),
            };
            // A pointer to the question's name.
            message.extend([0xc0, 12]);
            message.extend(kind.to_be_bytes());
            message.extend(INTERNET.to_be_bytes());
            message.extend(TTL.to_be_bytes());
            message.extend(u16::try_from(data.len()).unwrap_or(0).to_be_bytes());
            message.extend(data);
        }
        self.end(message)
    }

    fn begin(&self, flags: u16, answers: u16) -> Vec<u8> {
        let mut message = self.id.to_vec();
        message.extend((flags | self.flags & RECURSION_DESIRED).to_be_bytes());
        for count in [1, answers, 0, u16::from(self.extended)] {
            message.extend(count.to_be_bytes());
        }
        message.extend(&self.section);
        message
    }

    /// Who was asked with an OPT record answers with one.
    fn end(&self, mut message: Vec<u8>) -> Vec<u8> {
        if self.extended {
            message.push(0);
            message.extend(OPT.to_be_bytes());
            message.extend(UDP_SIZE.to_be_bytes());
            message.extend([0; 6]);
        }
        message
    }
}

/// The answer when nobody can be asked.
pub(super) fn failure(question: &Question) -> Vec<u8> {
    question.end(question.begin(RESPONSE | RECURSION_AVAILABLE | SERVER_FAILURE, 0))
}

fn encode(name: &str) -> Vec<u8> {
    let mut encoded = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label: Vec<u8> = label.bytes().take(63).collect();
        encoded.push(u8::try_from(label.len()).unwrap_or(0));
        encoded.extend(label);
    }
    encoded.push(0);
    encoded
}
