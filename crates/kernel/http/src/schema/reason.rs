//! What is wrong with a value, in the words that clients of these APIs know from JSON Schema's libraries.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

/// The reason, with the value unless that may be a secret. `schema` is the whole schema, `body` what was validated.
pub(super) fn reason(error: &ValidationError<'_>, schema: &Value, body: &Value) -> String {
    let hidden = may_be_secret(error);
    let value = || if hidden { "the value".to_owned() } else { shown(error.instance()) };
    let text = || if hidden { error.masked_with("the value").to_string() } else { error.to_string() };
    match error.kind() {
        Kind::Type { kind: TypeKind::Single(name) } => format!("{} is not of type '{name}'", value()),
        Kind::Type { kind: TypeKind::Multiple(names) } => {
            let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
            format!("{} is not of type {}", value(), names.join(", "))
        }
        Kind::Required { property } => format!("{} is a required property", shown(property)),
        Kind::Pattern { pattern } => format!("{} does not match '{pattern}'", value()),
        Kind::Format { format } => format!("{} is not a '{format}'", value()),
        Kind::Enum { options } => format!("{} is not one of {}", value(), shown(options)),
        Kind::MinProperties { .. } => format!("{} does not have enough properties", value()),
        Kind::AdditionalProperties { unexpected } => match patterns(error, schema) {
            None => text(),
            Some(patterns) => {
                let verb = if unexpected.len() == 1 { "does" } else { "do" };
                format!("{} {verb} not match any of the regexes: {}", quoted(unexpected), quoted(&patterns))
            }
        },
        // How a schema without any properties refuses all of them.
        Kind::FalseSchema => {
            let object = body.pointer(error.instance_path().as_str()).and_then(Value::as_object);
            let name = object.and_then(|object| object.keys().next()).map_or("", String::as_str);
            format!("Additional properties are not allowed ('{name}' was unexpected)")
        }
        Kind::MinLength { .. } | Kind::MaxLength { .. } => {
            let text = text();
            let tail = text.rfind(" is ").and_then(|at| text.get(at..)).unwrap_or_default();
            format!("{}{tail}", value())
        }
        _ => text(),
    }
}

/// Whether the value belongs to a field that is named like a secret, or has such a field.
fn may_be_secret(error: &ValidationError<'_>) -> bool {
    fn has_secret(value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields.iter().any(|(name, value)| is_secret(name) || has_secret(value)),
            Value::Array(items) => items.iter().any(has_secret),
            _ => false,
        }
    }
    is_secret(error.instance_path().as_str()) || has_secret(error.instance())
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("pass") || name.contains("secret")
}

/// Texts in single quotes, so that they need no escaping within a JSON answer.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn quoted(texts: &[String]) -> String {
    texts.iter().map(|text| format!("'{text}'")).collect::<Vec<_>>().join(", ")
}

/// The patterns that a property could have matched.
fn patterns(error: &ValidationError<'_>, schema: &Value) -> Option<Vec<String>> {
    let path = error.schema_path().to_string();
    let (parent, _) = path.rsplit_once('/')?;
    let patterns = schema.pointer(parent)?.get("patternProperties")?.as_object()?;
    Some(patterns.keys().cloned().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn reason(schema: Value, body: Value) -> String {
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        super::reason(&validator.validate(&body).unwrap_err(), &schema, &body)
    }

    #[test]
    fn secrets_are_not_repeated() {
        let within = reason(json!({"maxProperties": 0}), json!({"adminPass": "hunter2"}));
        assert_eq!(within, "the value has more than 0 properties");
        let named = json!({"properties": {"secret": {"pattern": "^a"}}});
        assert_eq!(reason(named, json!({"secret": "hunter2"})), "the value does not match '^a'");
    }

    #[test]
    fn each_keyword_has_its_words() {
        let open = json!({"type": "object", "additionalProperties": false});
        let names = json!({"type": "object", "additionalProperties": false, "patternProperties": {"^[A-Z]+$": {}}});
        for (schema, body, words) in [
            (json!({"type": "integer"}), json!("x"), "'x' is not of type 'integer'"),
            (json!({"type": ["integer", "null"]}), json!([]), "[] is not of type 'null', 'integer'"),
            (json!({"required": ["a"]}), json!({}), "'a' is a required property"),
            (json!({"minimum": 1}), json!(0), "0 is less than the minimum of 1"),
            (json!({"pattern": "^[A-Z]+$"}), json!("a"), "'a' does not match '^[A-Z]+$'"),
            (json!({"format": "uuid"}), json!("a"), "'a' is not a 'uuid'"),
            (json!({"enum": ["a", 1]}), json!("b"), "'b' is not one of ['a', 1]"),
            (json!({"minProperties": 1}), json!({}), "{} does not have enough properties"),
            (json!({"maxLength": 1}), json!("a is b"), "'a is b' is longer than 1 character"),
            (json!({"uniqueItems": true}), json!([1, 1]), "[1,1] has non-unique elements"),
            (open, json!({"a": 1}), "Additional properties are not allowed ('a' was unexpected)"),
            (names, json!({"a": 1}), "'a' does not match any of the regexes: '^[A-Z]+$'"),
        ] {
            assert_eq!(reason(schema, body), words);
        }
    }
}
