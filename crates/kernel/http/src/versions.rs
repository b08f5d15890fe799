//! Which microversion a request is answered in.

use axum::http::HeaderMap;
use ferrostack_auth::{Microversion, Requested};

use crate::{Dialect, Fault};

/// The microversions of a service.
#[derive(Debug, Clone, Copy)]
pub struct Versions {
    /// The name in `OpenStack-API-Version`: `compute`, `placement`.
    pub service: &'static str,
    /// The older header, if the service has one: `x-openstack-nova-api-version`.
    pub legacy_header: Option<&'static str>,
    /// The oldest version.
    pub min: Microversion,
    /// The newest one that all routes hold.
    pub max: Microversion,
    /// What a request without the header gets.
    pub default: Microversion,
}

impl Versions {
    /// The version to answer in.
    ///
    /// # Errors
    /// 400 when the header can't be read, 406 when the service does not have that version.
    pub(crate) fn negotiate(&self, dialect: Dialect, headers: &HeaderMap) -> Result<Microversion, Fault> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let named = headers.get_all("openstack-api-version").iter().filter_map(|value| value.to_str().ok());
        let named = named.flat_map(|line| line.split(',')).find_map(|part| {
            let (service, version) = part.trim().split_once(' ')?;
            service.eq_ignore_ascii_case(self.service).then(|| version.trim())
        });
        let Some(wanted) = named.or_else(|| self.legacy_header.and_then(text)) else { return Ok(self.default) };
        let requested = read(dialect, wanted).ok_or_else(|| {
            Fault::bad_request(format!(
                "invalid version string: {wanted}. A version is MAJOR.MINOR, both numbers, or \"latest\"."
            ))
        })?;
        requested.within(self.min, self.max).ok_or_else(|| {
            let (min, max) = (self.min, self.max);
            Fault::not_acceptable(format!(
                "Unacceptable version header: {wanted}. This API has the versions from {min} to {max}."
            ))
        })
    }
}

/// Compute and its kin take only numbers as they print them themselves; for placement any two numbers are a version.
fn read(dialect: Dialect, wanted: &str) -> Option<Requested> {
    if let Ok(requested) = wanted.parse() {
        return Some(requested);
    }
    if dialect != Dialect::Placement {
        return None;
    }
    let (major, minor) = wanted.split_once('.')?;
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // What is larger than any version is a version that there is not.
        plain.then(|| digits.parse().unwrap_or(u16::MAX))
    };
    Some(Requested::Exactly(Microversion::new(number(major)?, number(minor)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_has_its_idea_of_a_version() {
        let versions = Versions {
            service: "s",
            legacy_header: None,
            min: Microversion::new(1, 0),
            max: Microversion::new(1, 39),
            default: Microversion::new(1, 0),
        };
        let status = |dialect: Dialect, wanted: &str| {
            let headers = HeaderMap::from_iter([(
                axum::http::HeaderName::from_static("openstack-api-version"),
                format!("s {wanted}").parse().unwrap(),
            )]);
            versions.negotiate(dialect, &headers).map_err(|fault| (dialect.status(fault.kind).as_u16(), fault.message))
        };
        assert_eq!(status(Dialect::Placement, "latest"), Ok(versions.max));
        for (wanted, strict, lenient) in [
            ("0.5", 400, 406),
            ("1.70000", 400, 406),
            ("1.40", 406, 406),
            ("a.b", 400, 400),
            ("1.2.3", 400, 400),
            ("1.", 400, 400),
        ] {
            let (refused, text) = status(Dialect::Compute, wanted).unwrap_err();
            assert_eq!(refused, strict, "{wanted}: {text}");
            let (refused, text) = status(Dialect::Placement, wanted).unwrap_err();
            assert_eq!(refused, lenient, "{wanted}: {text}");
            assert!(text.contains(wanted), "{text}");
        }
    }
}
