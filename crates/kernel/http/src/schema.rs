//! JSON Schemas as data, compiled at their first use.

use std::sync::OnceLock;

use ferrostack_auth::Microversion;
use jsonschema::Validator;
use serde_json::Value;

use crate::Fault;

/// A schema for request bodies. Declare it as `static`: `pub static CREATE: Schema = Schema::new("...")`.
#[derive(Debug)]
pub struct Schema {
    text: &'static str,
    compiled: OnceLock<Result<Validator, String>>,
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
        self.validator().map(|_| ()).map_err(Clone::clone)
    }

    fn validator(&self) -> Result<&Validator, &String> {
        let compile = || {
            let json: Value = serde_json::from_str(self.text).map_err(|error| error.to_string())?;
            jsonschema::options().should_validate_formats(true).build(&json).map_err(|error| error.to_string())
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    /// Validates a body.
    ///
    /// # Errors
    /// 400 that names the field, its value (shortened) and what is wrong with it.
    pub fn validate(&self, body: &Value) -> Result<(), Fault> {
        let validator = self.validator().map_err(|reason| Fault::internal(format!("broken schema: {reason}")))?;
        let Err(error) = validator.validate(body) else { return Ok(()) };
        let path = error.instance_path().to_string();
        let field =
            if path.is_empty() { "the request body".to_owned() } else { path.trim_start_matches('/').to_owned() };
        let secret = field.to_ascii_lowercase().contains("pass") || field.to_ascii_lowercase().contains("secret");
        let reason: String = if secret {
            "it does not fit its schema".to_owned()
        } else {
            error.to_string().chars().take(400).collect()
        };
        Err(Fault::bad_request(format!("Invalid input for field {field}: {reason}")))
    }
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
}
