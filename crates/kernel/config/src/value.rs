//! How each type of setting is read from TOML and written back.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use ferrostack_base::Secret;
use ipnet::Ipv4Net;
use toml::de::DeValue;

use crate::{
    ControllerUrl, DatabaseUrl, DomainName, HttpUrl, LogFilter, LogFormat, MacPrefix, OvsdbAddress, VirtTypeChoice,
};

/// What the value of a setting looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the texts under config.type say what they are")]
pub enum Kind {
    Boolean,
    Integer,
    /// A whole number, where -1 means no limit.
    Limit,
    Number,
    Text,
    TextList,
    Address,
    Url,
    Path,
    Database,
    /// A text that is never shown.
    Secret,
    /// One of these texts.
    Choice(&'static [&'static str]),
}

impl Kind {
    /// The key of the text that describes it.
    pub(crate) fn words_key(self) -> &'static str {
        match self {
            Self::Boolean => "config.type.boolean",
            Self::Integer => "config.type.integer",
            Self::Limit => "config.type.limit",
            Self::Number => "config.type.number",
            Self::Text | Self::Secret => "config.type.text",
            Self::TextList => "config.type.text_list",
            Self::Address => "config.type.address",
            Self::Url => "config.type.url",
            Self::Path => "config.type.path",
            Self::Database => "config.type.database",
            Self::Choice(_) => "config.type.choice",
        }
    }

    /// Whether a value may hold a password.
    pub(crate) fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Database)
    }
}

/// Why a value is not taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reason {
    WrongType,
    OutOfRange {
        low: f64,
        high: f64,
    },
    /// A key of `words` that says what is wanted.
    NotValid(&'static str),
}

/// A type that settings have.
pub(crate) trait Value: Sized {
    const KIND: Kind;

    fn read(value: &DeValue<'_>) -> Result<Self, Reason>;

    /// As TOML; `None` when there is no value.
    fn show(&self) -> Option<String>;

    fn is_within(&self, _low: f64, _high: f64) -> bool {
        true
    }
}

fn text<'a>(value: &'a DeValue<'_>) -> Result<&'a str, Reason> {
    value.as_str().ok_or(Reason::WrongType)
}

fn quoted(text: &str) -> Option<String> {
    Some(toml::Value::from(text).to_string())
}

impl Value for bool {
    const KIND: Kind = Kind::Boolean;

    fn read(value: &DeValue<'_>) -> Result<Self, Reason> {
        value.as_bool().ok_or(Reason::WrongType)
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! integers {
    ($($type:ty => $kind:expr),*) => {$(
        impl Value for $type {
            const KIND: Kind = $kind;

            fn read(value: &DeValue<'_>) -> Result<Self, Reason> {
                let digits = value.as_integer().ok_or(Reason::WrongType)?;
                let wide = i128::from_str_radix(digits.as_str(), digits.radix()).map_err(|_| Reason::WrongType)?;
                // What does not fit the type is out of every range, too; the range then names the bounds.
                Ok(Self::try_from(wide).unwrap_or(if wide < 0 { Self::MIN } else { Self::MAX }))
            }

            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }

            fn is_within(&self, low: f64, high: f64) -> bool {
                let value = *self as f64;
                value >= low && value <= high
            }
        }
    )*};
}

integers!(u32 => Kind::Integer, u64 => Kind::Integer, i64 => Kind::Limit);

impl Value for f64 {
    const KIND: Kind = Kind::Number;

    /// Whole numbers are numbers.
    fn read(value: &DeValue<'_>) -> Result<Self, Reason> {
        let digits = match value {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            _ => return Err(Reason::WrongType),
        };
        digits.parse::<Self>().ok().filter(|number| number.is_finite()).ok_or(Reason::WrongType)
    }

    fn show(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn is_within(&self, low: f64, high: f64) -> bool {
        *self >= low && *self <= high
    }
}

/// Types that are one text.
macro_rules! texts {
    ($($type:ty, $kind:expr, $parse:expr, $wrong:literal, $show:expr;)*) => {$(
        impl Value for $type {
            const KIND: Kind = $kind;

            fn read(value: &DeValue<'_>) -> Result<Self, Reason> {
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(text(value)?).ok_or(Reason::NotValid($wrong))
            }

            fn show(&self) -> Option<String> {
                let show: fn(&Self) -> String = $show;
                quoted(&show(self))
            }
        }
    )*};
}

texts! {
    String, Kind::Text, not_empty, "config.reason.not_empty", Self::clone;
    HttpUrl, Kind::Url, HttpUrl::parse, "config.reason.http_url", Self::to_string;
    ControllerUrl, Kind::Url, ControllerUrl::parse, "config.reason.controller_url", |url| url.as_str().to_owned();
    OvsdbAddress, Kind::Text, OvsdbAddress::parse, "config.reason.ovsdb_address", |address| address.as_str().to_owned();
    DatabaseUrl, Kind::Database, DatabaseUrl::parse, "config.reason.database_url", Self::to_string;
    LogFilter, Kind::Text, LogFilter::parse, "config.reason.log_level", |filter| filter.as_str().to_owned();
    MacPrefix, Kind::Text, MacPrefix::parse, "config.reason.mac_prefix", Self::to_string;
    DomainName, Kind::Text, DomainName::parse, "config.reason.dns_domain", |domain| domain.as_str().to_owned();
    IpAddr, Kind::Text, |text| text.parse().ok(), "config.reason.ip_address", Self::to_string;
    Ipv4Net, Kind::Text, network, "config.reason.ipv4_network", Self::to_string;
    PathBuf, Kind::Path, absolute, "config.reason.absolute_path", |path| path.display().to_string();
}

fn not_empty(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// An address range with room for the host, a router and a floating IP; no bits set behind the prefix.
fn network(text: &str) -> Option<Ipv4Net> {
    text.parse::<Ipv4Net>().ok().filter(|net| net.addr() == net.network() && (8..=29).contains(&net.prefix_len()))
}

fn absolute(text: &str) -> Option<PathBuf> {
    Path::new(text).is_absolute().then(|| PathBuf::from(text))
}

impl Value for SocketAddr {
    const KIND: Kind = Kind::Address;

    fn read(value: &DeValue<'_>) -> Result<Self, Reason> {
        text(value)?.parse().map_err(|_| Reason::WrongType)
    }

    fn show(&self) -> Option<String> {
        quoted(&self.to_string())
    }
}

impl Value for LogFormat {
    const KIND: Kind = Kind::Choice(Self::NAMES);

    fn read(value: &DeValue<'_>) -> Result<Self, Reason> {
        Self::parse(text(value)?).ok_or(Reason::WrongType)
    }

    fn show(&self) -> Option<String> {
        quoted(self.as_str())
    }
}

impl Value for VirtTypeChoice {
    const KIND: Kind = Kind::Choice(Self::NAMES);

    fn read(value: &DeValue<'_>) -> Result<Self, Reason> {
        Self::parse(text(value)?).ok_or(Reason::WrongType)
    }

    fn show(&self) -> Option<String> {
        quoted(self.as_str())
    }
}

/// Lists of texts.
macro_rules! lists {
    ($($item:ty),*) => {$(
        impl Value for Vec<$item> {
            const KIND: Kind = Kind::TextList;

            fn read(value: &DeValue<'_>) -> Result<Self, Reason> {
                let list = value.as_array().ok_or(Reason::WrongType)?;
                list.iter().map(|item| <$item>::read(item.get_ref())).collect()
            }

            fn show(&self) -> Option<String> {
                let items: Vec<_> = self.iter().filter_map(Value::show).collect();
                Some(format!("[{}]", items.join(", ")))
            }
        }
    )*};
}

lists!(String, IpAddr, ControllerUrl);

impl Value for Option<PathBuf> {
    const KIND: Kind = Kind::Path;

    fn read(value: &DeValue<'_>) -> Result<Self, Reason> {
        PathBuf::read(value).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(Value::show)
    }
}

impl Value for Option<Secret<String>> {
    const KIND: Kind = Kind::Secret;

    fn read(value: &DeValue<'_>) -> Result<Self, Reason> {
        String::read(value).map(|text| Some(Secret::new(text)))
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(|secret| quoted(&secret.to_string()))
    }
}
