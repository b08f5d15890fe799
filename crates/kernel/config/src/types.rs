//! Types of values that are checked once, when the file is read.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use ferrostack_base::Secret;

/// An `http` or `https` URL without a trailing slash, to which paths are appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl(String);

impl HttpUrl {
    /// The URL of a listener; for one that listens on all addresses, the loopback address.
    pub fn of(address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        Self(format!("http://{}", SocketAddr::new(ip, address.port())))
    }

    /// Scheme, host, and perhaps port and path; no query.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('/');
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let clean = !rest.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '@' | '"'));
        let authority = rest.split('/').next()?;
        (clean && is_authority(authority)).then(|| Self(text.to_owned()))
    }

    /// Without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address of a controller on the management network: `https://HOST:PORT`, no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerUrl(String);

impl ControllerUrl {
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self(format!("https://{address}"))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('/');
        let authority = text.strip_prefix("https://")?;
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| is_port(port));
        (has_port && is_authority(authority)).then(|| Self(text.to_owned()))
    }

    /// Without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for ControllerUrl {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Where a database of OVN is: `unix:/absolute/path` or `tcp:HOST:PORT`, as OVN's own tools write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OvsdbAddress(String);

impl OvsdbAddress {
    /// The socket of OVN's packages.
    pub(crate) fn standard(name: &str) -> Self {
        Self(format!("unix:/run/ovn/{name}.sock"))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let good = match text.split_once(':')? {
            ("unix", path) => path.len() > 1 && path.starts_with('/'),
            ("tcp", address) => {
                is_authority(address) && address.rsplit_once(':').is_some_and(|(_, port)| is_port(port))
            }
            _ => false,
        };
        good.then(|| Self(text.to_owned()))
    }

    /// As the file has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `host` or `host:port`; IPv6 addresses in brackets.
fn is_authority(authority: &str) -> bool {
    if let Some(v6) = authority.strip_prefix('[') {
        let Some((address, port)) = v6.split_once(']') else { return false };
        return address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    !host.is_empty()
        && host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_'))
        && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Which database, and where. It prints without its password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file, by its absolute path.
    Sqlite(PathBuf),
    /// `mysql://user:password@host:port/name`, MariaDB's too.
    Mysql(Secret<String>),
}

impl DatabaseUrl {
    /// `sqlite:/path` (also `sqlite:///path`) or `mysql://...`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return (path.len() > 1 && path.starts_with('/')).then(|| Self::Sqlite(PathBuf::from(path)));
        }
        let (authority, name) = text.strip_prefix("mysql://")?.split_once('/')?;
        let (user, host) = authority.rsplit_once('@').unwrap_or(("root", authority));
        let name = name.split('?').next()?;
        let fits = !user.is_empty() && is_authority(host) && !name.is_empty() && !name.contains('/');
        fits.then(|| Self::Mysql(Secret::new(text.to_owned())))
    }

    /// The file of a SQLite database.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Mysql(_) => None,
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self {
            Self::Sqlite(path) => return write!(f, "sqlite:{}", path.display()),
            Self::Mysql(url) => url.expose(),
        };
        // Everything between the user's name and the host is password.
        let rest = url.strip_prefix("mysql://").unwrap_or_default();
        match rest.rsplit_once('@') {
            Some((user, host)) => {
                let user = user.split(':').next().unwrap_or_default();
                write!(f, "mysql://{user}:***@{host}")
            }
            None => f.write_str(url),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people, coloured on a terminal.
    Human,
    /// One JSON object in each line.
    Json,
    /// To systemd's journal, with its fields.
    Journald,
}

impl LogFormat {
    /// The values as the file has them.
    pub const NAMES: &'static [&'static str] = &["human", "json", "journald"];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Human, Self::Json, Self::Journald].into_iter().find(|format| format.as_str() == text)
    }

    /// The value as the file has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Journald => "journald",
        }
    }
}

/// How guests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VirtTypeChoice {
    /// A boot decides.
    Auto,
    /// With the processor's help.
    Kvm,
    /// Emulated.
    Qemu,
}

impl VirtTypeChoice {
    /// The values as the file has them.
    pub const NAMES: &'static [&'static str] = &["auto", "kvm", "qemu"];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Auto, Self::Kvm, Self::Qemu].into_iter().find(|choice| choice.as_str() == text)
    }

    /// The value as the file has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Kvm => "kvm",
            Self::Qemu => "qemu",
        }
    }
}

/// What is logged: a level, and levels of single targets, such as `info,ferrostack_saga=debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    pub(crate) fn info() -> Self {
        Self("info".to_owned())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_level = |text: &str| matches!(text, "off" | "error" | "warn" | "info" | "debug" | "trace");
        let is_target = |text: &str| {
            !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b':' | b'-'))
        };
        let fits = |directive: &str| match directive.split_once('=') {
            Some((target, level)) => is_target(target) && is_level(level),
            None => is_level(directive),
        };
        text.split(',').map(str::trim).all(fits).then(|| Self(text.to_owned()))
    }

    /// As the file has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first three bytes of MAC addresses; the others are chosen for each port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MacPrefix(pub [u8; 3]);

impl MacPrefix {
    /// Takes six bytes, as Neutron's setting has them; the last three must be zero. No multicast, not all zero.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(6);
        for part in text.split(':') {
            let digits = part.len() == 2 && part.bytes().all(|c| c.is_ascii_hexdigit());
            bytes.push(digits.then(|| u8::from_str_radix(part, 16).ok()).flatten()?);
        }
        match bytes.as_slice() {
            [a, b, c, 0, 0, 0] if a & 1 == 0 && [*a, *b, *c] != [0; 3] => Some(Self([*a, *b, *c])),
            _ => None,
        }
    }
}

impl fmt::Display for MacPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:00:00:00")
    }
}

/// A domain name, without a dot at its end (RFC 1123).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainName(String);

impl DomainName {
    pub(crate) fn openstacklocal() -> Self {
        Self("openstacklocal".to_owned())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('.');
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        (text.len() <= 253 && text.split('.').all(is_label)).then(|| Self(text.to_ascii_lowercase()))
    }

    /// In lower case, without a dot at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked() {
        for good in ["http://10.0.0.5:8080", "https://cloud.example.com/", "http://[fd00::1]:80/api"] {
            assert!(HttpUrl::parse(good).is_some(), "{good}");
        }
        for bad in
            ["cloud", "ftp://x", "http://", "http://a b", "http://a:0", "http://a:99999", "http://a?b", "http://u@a"]
        {
            assert!(HttpUrl::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(HttpUrl::parse("http://a/").unwrap().as_str(), "http://a");
        assert_eq!(HttpUrl::of("0.0.0.0:80".parse().unwrap()).as_str(), "http://127.0.0.1:80");
        assert_eq!(HttpUrl::of("[::]:80".parse().unwrap()).as_str(), "http://[::1]:80");
    }

    #[test]
    fn addresses_of_other_processes_are_checked() {
        for good in ["https://10.0.0.1:8081", "https://ctl-1.example.org:8081/", "https://[fd00::1]:8081"] {
            assert_eq!(ControllerUrl::parse(good).unwrap().as_str(), good.trim_end_matches('/'));
        }
        for bad in [
            "",
            "10.0.0.1:8081",
            "http://10.0.0.1:8081",
            "https://10.0.0.1",
            "https://a:0",
            "https://a:1/b",
            "https://[::1]",
        ] {
            assert_eq!(ControllerUrl::parse(bad), None, "{bad}");
        }
        for good in ["unix:/run/ovn/ovnnb_db.sock", "tcp:10.0.0.1:6641", "tcp:[fd00::1]:6641"] {
            assert_eq!(OvsdbAddress::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "/run/x", "unix:", "unix:x", "tcp:h", "tcp:h:0", "tcp:fd00::1:1", "ssl:h:1", "tcp:[::1]"] {
            assert_eq!(OvsdbAddress::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn database_urls_are_checked_and_hide_their_password() {
        let sqlite = DatabaseUrl::Sqlite("/a/b.db".into());
        assert_eq!(DatabaseUrl::parse("sqlite:/a/b.db"), Some(sqlite.clone()));
        assert_eq!(DatabaseUrl::parse("sqlite:///a/b.db"), Some(sqlite));
        let mysql = DatabaseUrl::parse("mysql://stack:p@ss:w@db.example.com:3306/ferrostack").unwrap();
        assert_eq!(mysql.to_string(), "mysql://stack:***@db.example.com:3306/ferrostack");
        assert!(!format!("{mysql:?}").contains("ss"));
        for bad in
            ["sqlite:b.db", "sqlite:", "mysql://h", "mysql://u@/x", "mysql://u@h:x/y", "postgres://h/x", "/a/b.db"]
        {
            assert!(DatabaseUrl::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn small_types_are_checked() {
        assert_eq!(MacPrefix::parse("FA:16:3e:00:00:00").unwrap().to_string(), "fa:16:3e:00:00:00");
        for bad in ["fb:16:3e:00:00:00", "fa:16:3e:4f:00:00", "00:00:00:00:00:00", "fa:16:3e", "+a:16:3e:00:00:00"] {
            assert!(MacPrefix::parse(bad).is_none(), "{bad}");
        }
        assert!(LogFilter::parse("info,ferrostack_saga=debug, hyper=off").is_some());
        for bad in ["", "loud", "info,", "x=loud", "=info"] {
            assert!(LogFilter::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(DomainName::parse("Cloud.example.").unwrap().as_str(), "cloud.example");
        for bad in ["", "-a.b", "a..b", "a_b"] {
            assert!(DomainName::parse(bad).is_none(), "{bad}");
        }
    }
}
