//! JSON Schemas as data, compiled at their first use.

mod reason;

use std::sync::OnceLock;

use ferrostack_auth::Microversion;
use jsonschema::Validator;
use serde_json::Value;

use crate::Fault;

/// A schema for request bodies. Declare it as `static`: `pub static CREATE: Schema = Schema::new("...")`.
#[derive(Debug)]
pub struct Schema {
    text: &'static str,
    compiled: OnceLock<Result<Compiled, String>>,
}

#[derive(Debug)]
struct Compiled {
    validator: Validator,
    json: Value,
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, as `a/0/b`; empty for the body as a whole.
    pub field: String,
    /// What is wrong with it, with its value (shortened), unless that may be a secret.
    pub reason: String,
    /// The keyword of JSON Schema that it violates: `maxLength`.
    pub keyword: String,
    /// The names that lead to that keyword in the schema: `properties`, `name`.
    pub path: Vec<String>,
}

/// A schema and the microversions for which it holds, both ends included.
#[derive(Debug, Clone, Copy)]
pub struct SchemaRange {
    /// The first version.
    pub min: Microversion,
    /// The last version.
    pub max: Microversion,
    /// The schema.
    pub schema: &'static Schema,
}

impl Schema {
    /// A schema from its JSON text (draft 2020-12 unless it says otherwise).
    pub const fn new(text: &'static str) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// Compiles it; a test calls this for every schema of every route.
    ///
    /// # Errors
    /// Why it is no valid schema.
    pub fn check(&self) -> Result<(), String> {
        self.compiled().map(|_| ()).map_err(Clone::clone)
    }

    fn compiled(&self) -> Result<&Compiled, &String> {
        let compile = || {
            let json: Value = serde_json::from_str(self.text).map_err(|error| error.to_string())?;
            let options = jsonschema::options().should_validate_formats(true).with_format("uuid", is_uuid);
            let validator = options.build(&json).map_err(|error| error.to_string())?;
            Ok(Compiled { validator, json })
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    /// The first thing that is wrong with a body, if anything is.
    ///
    /// # Errors
    /// 500 when the schema itself is broken.
    pub fn violation(&self, body: &Value) -> Result<Option<Violation>, Fault> {
        let Compiled { validator, json } =
            self.compiled().map_err(|reason| Fault::internal(format!("broken schema: {reason}")))?;
        let Err(error) = validator.validate(body) else { return Ok(None) };
        let field = error.instance_path().to_string().trim_start_matches('/').to_owned();
        let reason = reason::reason(&error, json, body).chars().take(400).collect();
        let path = error.schema_path().to_string();
        let mut path: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
        path.pop();
        Ok(Some(Violation { field, reason, keyword: error.kind().keyword().to_owned(), path }))
    }

    /// Validates a body.
    ///
    /// # Errors
    /// 400 that names the field, its value (shortened) and what is wrong with it.
    pub fn validate(&self, body: &Value) -> Result<(), Fault> {
        let Some(Violation { field, reason, .. }) = self.violation(body)? else { return Ok(()) };
        let field = if field.is_empty() { "the request body" } else { field.as_str() };
        Err(Fault::bad_request(format!("Invalid input for field {field}: {reason}")))
    }
}

/// UUIDs are taken with and without hyphens, as all services do.
fn is_uuid(text: &str) -> bool {
    matches!(text.len(), 32 | 36) && uuid::Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    static NAME: Schema = Schema::new(
        r#"{"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}, "adminPass": {"type": "string", "maxLength": 3}},
            "required": ["name"], "additionalProperties": false}"#,
    );

    fn refusal(body: &str) -> String {
        NAME.validate(&serde_json::from_str(body).unwrap()).unwrap_err().message
    }

    #[test]
    fn a_refusal_names_field_and_value_but_no_secret() {
        NAME.check().unwrap();
        assert!(NAME.validate(&serde_json::json!({"name": "abc"})).is_ok());
        let text = refusal(r#"{"name": "abcd"}"#);
        assert!(text.contains("name") && text.contains("abcd"), "{text}");
        assert!(refusal("{}").contains("name"));
        assert!(refusal(r#"{"name": "a", "colour": 1}"#).contains("colour"));
        assert!(!refusal(r#"{"name": "a", "adminPass": "hunter2"}"#).contains("hunter2"));
    }
    #[test]
    fn a_violation_tells_where_in_the_schema_it_is() {
        let violation = NAME.violation(&serde_json::json!({"name": "abcd"})).unwrap().unwrap();
        assert_eq!((violation.field.as_str(), violation.keyword.as_str()), ("name", "maxLength"));
        assert_eq!(violation.path, ["properties", "name"]);
        assert_eq!(NAME.violation(&serde_json::json!({"name": "abc"})).unwrap(), None);
    }
}
