//! How each API words its refusals.

use axum::http::{HeaderValue, Method, StatusCode};
use ferrostack_auth::Microversion;
use serde_json::{Value, json};

use crate::{FaultKind, accepts, fault::Refusal};

/// From this version on placement's errors have codes.
const CODES_SINCE: Microversion = Microversion::new(1, 23);

/// How an API words its refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `{"error": {"code": 404, "message": ..., "title": "Not Found"}}`
    Identity,
    /// `{"code": 404, "title": "Not Found", "message": ...}`; clients look at the status only.
    Image,
    /// `{"errors": [{"status": 404, "title": ..., "detail": ..., "code": ..., "request_id": ...}]}`; as HTML or plain text
    /// for clients that accept no JSON.
    Placement,
    /// `{"itemNotFound": {"code": 404, "message": ...}}`
    Compute,
    /// `{"NeutronError": {"type": ..., "message": ..., "detail": ""}}`
    Network,
}

impl Dialect {
    /// The status code of this API for that kind.
    pub fn status(self, kind: FaultKind) -> StatusCode {
        match kind {
            FaultKind::BadRequest => StatusCode::BAD_REQUEST,
            FaultKind::Unauthorized => StatusCode::UNAUTHORIZED,
            FaultKind::Forbidden => StatusCode::FORBIDDEN,
            FaultKind::NotFound => StatusCode::NOT_FOUND,
            FaultKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            FaultKind::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            FaultKind::Conflict => StatusCode::CONFLICT,
            FaultKind::Gone => StatusCode::GONE,
            FaultKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            FaultKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            FaultKind::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            FaultKind::OverQuota => match self {
                Self::Compute | Self::Identity => StatusCode::FORBIDDEN,
                Self::Image => StatusCode::PAYLOAD_TOO_LARGE,
                Self::Network | Self::Placement => StatusCode::CONFLICT,
            },
            FaultKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            FaultKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The `Allow` header of a path with these methods. A GET answers HEAD too; only identity says so.
    pub(crate) fn allow(self, methods: &[Method]) -> HeaderValue {
        let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        if self == Self::Identity && names.contains(&"GET") && !names.contains(&"HEAD") {
            names.push("HEAD");
        }
        HeaderValue::from_str(&names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// A refusal as status, media type and body.
    pub(crate) fn render(self, refusal: &Refusal, asked: &Asked<'_>) -> (StatusCode, &'static str, String) {
        let status = self.status(refusal.kind);
        let title = status.canonical_reason().unwrap_or("Error");
        if self == Self::Placement
            && let Some(accept) = asked.accept.filter(|accept| !accepts(accept, "application/json"))
        {
            let message = &refusal.message;
            return if accepts(accept, "text/html") {
                let message = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                let page =
                    format!("<html><head><title>{title}</title></head><body><h1>{title}</h1>{message}</body></html>\n");
                (status, "text/html; charset=UTF-8", page)
            } else {
                (status, "text/plain; charset=UTF-8", format!("{title}\n\n{message}\n"))
            };
        }
        (status, "application/json", self.json(status, title, refusal, asked).to_string())
    }

    fn json(self, status: StatusCode, title: &str, refusal: &Refusal, asked: &Asked<'_>) -> Value {
        let (code, message) = (status.as_u16(), &refusal.message);
        match self {
            Self::Identity => json!({"error": {"code": code, "message": message, "title": title}}),
            Self::Image => json!({"code": code, "title": title, "message": message}),
            Self::Placement => {
                let mut error = json!({"status": code, "title": title, "detail": message});
                if asked.version.is_some_and(|version| version >= CODES_SINCE) {
                    error["code"] = refusal.code.unwrap_or("placement.undefined_code").into();
                }
                error["request_id"] = asked.request_id.into();
                if let Some((min, max)) = asked.supported {
                    error["max_version"] = max.to_string().into();
                    error["min_version"] = min.to_string().into();
                }
                json!({"errors": [error]})
            }
            Self::Compute => json!({compute_name(status): {"code": code, "message": message}}),
            Self::Network => {
                let kind = refusal.code.unwrap_or_else(|| network_type(refusal.kind));
                json!({"NeutronError": {"type": kind, "message": message, "detail": ""}})
            }
        }
    }
}

/// What of a request its refusal depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) request_id: &'a str,
    /// The `Accept` header.
    pub(crate) accept: Option<&'a str>,
    /// The version that was chosen; none when there is none, or when that was refused.
    pub(crate) version: Option<Microversion>,
    /// Which versions there are, when the one asked for is not among them.
    pub(crate) supported: Option<(Microversion, Microversion)>,
}

/// Compute's key around a fault, as its API guide lists them.
fn compute_name(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "badRequest",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "itemNotFound",
        405 => "badMethod",
        409 => "conflictingRequest",
        413 => "overLimit",
        415 => "badMediaType",
        501 => "notImplemented",
        503 => "serviceUnavailable",
        _ => "computeFault",
    }
}

/// Network's exception type where a service names none.
fn network_type(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::BadRequest => "HTTPBadRequest",
        FaultKind::Unauthorized => "HTTPUnauthorized",
        FaultKind::Forbidden => "PolicyNotAuthorized",
        FaultKind::NotFound => "HTTPNotFound",
        FaultKind::Conflict => "Conflict",
        FaultKind::OverQuota => "OverQuota",
        FaultKind::Unavailable => "ServiceUnavailable",
        _ => "HTTPInternalServerError",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;

    const ASKED: Asked<'static> =
        Asked { request_id: "req-1", accept: None, version: Some(Microversion::new(1, 39)), supported: None };

    fn render_for(asked: Asked<'_>, dialect: Dialect, fault: Fault) -> (u16, String) {
        let refusal = Refusal { kind: fault.kind, message: fault.message, code: fault.code };
        let (status, _, body) = dialect.render(&refusal, &asked);
        (status.as_u16(), body)
    }

    fn render(dialect: Dialect, fault: Fault) -> (u16, String) {
        render_for(ASKED, dialect, fault)
    }

    #[test]
    fn each_api_has_its_own_words() {
        let missing = || Fault::not_found("Thing", "7");
        let text = "Thing 7 could not be found.";
        assert_eq!(
            render(Dialect::Identity, missing()),
            (404, format!(r#"{{"error":{{"code":404,"message":"{text}","title":"Not Found"}}}}"#))
        );
        assert_eq!(
            render(Dialect::Compute, missing()),
            (404, format!(r#"{{"itemNotFound":{{"code":404,"message":"{text}"}}}}"#))
        );
        assert_eq!(
            render(Dialect::Network, missing().with_code("PortNotFound")),
            (404, format!(r#"{{"NeutronError":{{"type":"PortNotFound","message":"{text}","detail":""}}}}"#))
        );
        assert!(render(Dialect::Placement, missing()).1.contains(r#""request_id":"req-1""#));
    }

    #[test]
    fn a_quota_is_refused_with_the_code_that_clients_of_each_api_know() {
        let status = |dialect| render(dialect, Fault::over_quota("no")).0;
        assert_eq!(status(Dialect::Compute), 403);
        assert_eq!(status(Dialect::Network), 409);
        assert_eq!(status(Dialect::Image), 413);
    }

    #[test]
    fn placement_errors_have_codes_since_1_23_and_a_range_where_the_version_is_refused() {
        let body = |version, supported| {
            render_for(Asked { version, supported, ..ASKED }, Dialect::Placement, Fault::conflict("no"))
        };
        assert!(body(Some(Microversion::new(1, 23)), None).1.contains(r#""code":"placement.undefined_code""#));
        assert!(!body(Some(Microversion::new(1, 22)), None).1.contains("code"));
        let (_, refused) = body(None, Some((Microversion::new(1, 0), Microversion::new(1, 39))));
        assert!(
            refused.contains(r#""max_version":"1.39","min_version":"1.0""#) && !refused.contains("code"),
            "{refused}"
        );
    }

    #[test]
    fn whoever_takes_no_json_gets_text() {
        let form = |accept| {
            let refusal = Refusal { kind: FaultKind::NotFound, message: "no <b>".to_owned(), code: None };
            let (_, media, body) = Dialect::Placement.render(&refusal, &Asked { accept: Some(accept), ..ASKED });
            (media, body)
        };
        assert_eq!(form("*/*").0, "application/json");
        let (media, body) = form("text/html");
        assert!(media.starts_with("text/html") && body.contains("no &lt;b&gt;"), "{body}");
        assert_eq!(form("text/plain").1, "Not Found\n\nno <b>\n");
    }

    #[test]
    fn causes_are_not_sent() {
        let fault = Fault::internal(std::io::Error::other("password=secret"));
        assert!(!render(Dialect::Compute, fault).1.contains("secret"));
    }
}
