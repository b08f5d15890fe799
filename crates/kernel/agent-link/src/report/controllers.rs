//! The controllers that an agent knows.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{
    LinkError,
    client::{Channel, Target},
    options::Link,
    tls::{Expected, Role},
};

/// The controllers of the cloud. Any of them will do; the one that answered last is asked first. Clones share that.
#[derive(Clone)]
pub struct Controllers(Arc<Inner>);

struct Inner {
    channels: Vec<Channel>,
    favourite: AtomicUsize,
}

impl Controllers {
    /// The controllers at those addresses, such as `https://10.0.0.1:8081`. Agents begin with different ones, so that
    /// their reports spread.
    ///
    /// # Errors
    /// [`LinkError::BadAddress`], [`LinkError::NoControllers`]
    pub fn new(link: &Link, urls: &[impl AsRef<str>]) -> Result<Self, LinkError> {
        let channel = |url: &str| {
            let authority = authority(url).ok_or_else(|| LinkError::BadAddress { text: url.to_owned() })?;
            let expected = Expected { role: Role::Controller, name: None };
            Ok(Channel::new(link.clone(), Target { authority, expected }))
        };
        let channels: Vec<_> = urls.iter().map(|url| channel(url.as_ref())).collect::<Result<_, _>>()?;
        if channels.is_empty() {
            return Err(LinkError::NoControllers);
        }
        let name = link.tls().identity().name;
        let first = name.bytes().map(usize::from).sum::<usize>() % channels.len();
        Ok(Self(Arc::new(Inner { channels, favourite: AtomicUsize::new(first) })))
    }

    /// All, in the order in which they should be asked.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (usize, &Channel)> {
        let Inner { channels, favourite } = &*self.0;
        let first = favourite.load(Ordering::Relaxed);
        channels.iter().enumerate().cycle().skip(first).take(channels.len())
    }

    /// That one answered.
    pub(super) fn prefer(&self, number: usize) {
        self.0.favourite.store(number, Ordering::Relaxed);
    }
}

/// `host:port` of a URL.
fn authority(url: &str) -> Option<String> {
    let authority = url.strip_prefix("https://")?.trim_end_matches('/');
    let (host, port) = authority.rsplit_once(':')?;
    let host_is_good = match host.strip_prefix('[') {
        Some(v6) => v6.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_')),
    };
    (host_is_good && port.parse::<u16>().is_ok_and(|port| port > 0)).then(|| authority.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_controllers_have_a_host_and_a_port() {
        assert_eq!(authority("https://10.0.0.1:8081").as_deref(), Some("10.0.0.1:8081"));
        assert_eq!(authority("https://ctl-1.example.org:8081/").as_deref(), Some("ctl-1.example.org:8081"));
        assert_eq!(authority("https://[fd00::1]:8081").as_deref(), Some("[fd00::1]:8081"));
        for bad in ["", "10.0.0.1:8081", "http://10.0.0.1:8081", "https://10.0.0.1", "https://:8081", "https://a:0"] {
            assert_eq!(authority(bad), None, "{bad}");
        }
        for bad in ["https://a:8081/path", "https://fd00::1:8081", "https://user@a:8081"] {
            assert_eq!(authority(bad), None, "{bad}");
        }
    }
}
