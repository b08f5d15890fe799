//! The node's own resolvers.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// As many are asked, as the C library does.
const MOST: usize = 3;

/// Who is asked.
pub(super) struct Resolvers {
    fixed: Vec<SocketAddr>,
    file: PathBuf,
}

impl Resolvers {
    /// These, or where there are none those of `/etc/resolv.conf`.
    pub(super) fn new(fixed: Vec<SocketAddr>) -> Self {
        Self { fixed, file: PathBuf::from("/etc/resolv.conf") }
    }

    /// In the order in which they are asked. The file is small and may change at any time.
    pub(super) async fn all(&self) -> Vec<SocketAddr> {
        if !self.fixed.is_empty() {
            return self.fixed.clone();
        }
        read(&tokio::fs::read_to_string(&self.file).await.unwrap_or_default())
    }
}

/// The name servers of a resolv.conf(5).
fn read(text: &str) -> Vec<SocketAddr> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next())?
    });
    // The zone of a link-local address is of no use without its interface.
    let addresses = servers.filter_map(|server| server.parse::<IpAddr>().ok());
    addresses.map(|address| SocketAddr::new(address, 53)).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_are_read_in_their_order() {
        let text =
            "# nameserver 9.9.9.9\nsearch a b\nnameserver 10.0.0.1\n nameserver ::1 # x\nnameserver fe80::1%eth0\n";
        let found: Vec<String> = read(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.1:53", "[::1]:53"]);
        assert_eq!(read(&"nameserver 10.0.0.1\n".repeat(9)).len(), MOST);
    }
}
