//! The request that is repeated, with its placeholders.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Uri,
    header::{CONTENT_TYPE, HOST},
};

/// A request with `@U@`, `@N@` and `@P@` to be filled in; shared by all clients, so that counter and lines are too.
pub(crate) struct Template {
    authority: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    lines: Vec<String>,
    sent: AtomicU64,
}

impl Template {
    /// # Errors
    /// When the address is not `http://host:port/...`, a header is not `Name: value`, or `@P@` has no lines to take.
    pub(crate) fn new(
        method: &str,
        url: &str,
        headers: &[String],
        body: Option<&str>,
        lines: Vec<String>,
    ) -> anyhow::Result<Self> {
        let (authority, path) = url
            .strip_prefix("http://")
            .map(|rest| rest.split_at(rest.find('/').unwrap_or(rest.len())))
            .with_context(|| format!("--url {url}: only http://host:port/path is driven"))?;
        let headers = headers
            .iter()
            .map(|line| {
                let (name, value) = line.split_once(':').with_context(|| format!("--header {line}: no colon"))?;
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let wants_lines = path.contains("@P@") || body.is_some_and(|body| body.contains("@P@"));
        if wants_lines && lines.is_empty() {
            bail!("@P@ is used, but --lines names no file with lines");
        }
        Ok(Self {
            authority: authority.to_owned(),
            method: method.to_owned(),
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            headers,
            body: body.map(str::to_owned),
            lines,
            sent: AtomicU64::new(0),
        })
    }

    /// Host and port, as in a `Host` header.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// The next request, with every placeholder filled in.
    pub(crate) fn next(&self) -> anyhow::Result<Request<Full<Bytes>>> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let path = self.fill(&self.path, number);
        let body = self.body.as_ref().map(|body| self.fill(body, number));
        self.request(&self.method, &path, number, body)
    }

    /// A request for one resource below the template's path, with the template's headers and no body.
    pub(crate) fn below(&self, method: &str, id: &str) -> anyhow::Result<Request<Full<Bytes>>> {
        let number = self.sent.load(Ordering::Relaxed);
        let path = self.path.split('?').next().unwrap_or_default().trim_end_matches('/');
        self.request(method, &format!("{path}/{id}"), number, None)
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        number: u64,
        body: Option<String>,
    ) -> anyhow::Result<Request<Full<Bytes>>> {
        let uri: Uri = path.parse().with_context(|| format!("{path} is no path"))?;
        let mut request = Request::builder().method(method).uri(uri).header(HOST, &self.authority);
        for (name, value) in &self.headers {
            request = request.header(name, self.fill(value, number));
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(Bytes::from(body.unwrap_or_default()))).context("the request cannot be built")
    }

    fn fill(&self, text: &str, number: u64) -> String {
        if !text.contains('@') {
            return text.to_owned();
        }
        let mut filled = text.replace("@N@", &number.to_string());
        if let Some(line) = usize::try_from(number).ok().and_then(|at| self.lines.get(at % self.lines.len().max(1))) {
            filled = filled.replace("@P@", line);
        }
        while let Some(at) = filled.find("@U@") {
            filled.replace_range(at..at + 3, &uuid::Uuid::new_v4().to_string());
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn placeholders_become_uuid_counter_and_line() {
        let lines = vec!["first".to_owned(), "second".to_owned()];
        let headers = ["X-Auth-Token: abc:def".to_owned()];
        let template =
            Template::new("PUT", "http://h:1/a/@U@/b?n=@N@", &headers, Some(r#"{"p":"@P@"}"#), lines).unwrap();
        let one = template.next().unwrap();
        let two = template.next().unwrap();
        assert_eq!(one.uri().query(), Some("n=0"));
        assert_eq!(two.uri().query(), Some("n=1"));
        let uuid = one.uri().path().trim_start_matches("/a/").trim_end_matches("/b").to_owned();
        assert!(uuid::Uuid::parse_str(&uuid).is_ok(), "{uuid}");
        assert_ne!(one.uri().path(), two.uri().path());
        assert_eq!(one.headers()["x-auth-token"], "abc:def");
        let body = two.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"p":"second"}"#);
    }

    #[test]
    fn lines_that_are_used_must_be_given() {
        let error = Template::new("GET", "http://h:1/@P@", &[], None, Vec::new()).err().unwrap();
        assert!(error.to_string().contains("--lines"), "{error}");
        assert!(Template::new("GET", "https://h/", &[], None, Vec::new()).is_err());
    }

    #[test]
    fn one_resource_lies_below_the_path() {
        let template = Template::new("POST", "http://h:1/servers?x=1", &[], Some("{}"), Vec::new()).unwrap();
        assert_eq!(template.below("DELETE", "7").unwrap().uri(), "/servers/7");
    }
}
