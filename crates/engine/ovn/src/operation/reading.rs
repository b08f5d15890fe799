//! Reading operations from JSON: the server's side of the protocol.

use super::{Arc, Condition, Json, Mutation, Operation, OvnError, Row, Until, Uuid, ValueError};

impl Operation {
    /// Reads an operation.
    ///
    /// # Errors
    /// [`OvnError::Value`] naming the member that is missing or wrong.
    pub fn from_json(json: &Json) -> Result<Self, OvnError> {
        let word = text(json, "op")?;
        Ok(match word {
            "insert" => Self::Insert {
                table: table(json)?,
                row: row(json)?,
                name: json.get("uuid-name").map(|_| text(json, "uuid-name").map(Arc::from)).transpose()?,
                uuid: json.get("uuid").map(uuid).transpose()?,
            },
            "select" => Self::Select {
                table: table(json)?,
                conditions: conditions(json)?,
                columns: json.get("columns").map(|_| columns(json)).transpose()?,
            },
            "update" => Self::Update { table: table(json)?, conditions: conditions(json)?, row: row(json)? },
            "mutate" => Self::Mutate {
                table: table(json)?,
                conditions: conditions(json)?,
                mutations: list(json, "mutations")?.iter().map(Mutation::from_json).collect::<Result<_, _>>()?,
            },
            "delete" => Self::Delete { table: table(json)?, conditions: conditions(json)? },
            "wait" => Self::Wait {
                table: table(json)?,
                conditions: conditions(json)?,
                columns: columns(json)?,
                until: match text(json, "until")? {
                    "==" => Until::Equal,
                    "!=" => Until::NotEqual,
                    other => return Err(ValueError::new("== or !=", other).in_field("until")),
                },
                rows: list(json, "rows")?.iter().map(|row| Row::from_json(row, "rows")).collect::<Result<_, _>>()?,
                timeout: match json.get("timeout") {
                    None => None,
                    Some(number) => Some(
                        number.as_u64().ok_or_else(|| ValueError::new("milliseconds", number).in_field("timeout"))?,
                    ),
                },
            },
            "commit" => Self::Commit {
                durable: member(json, "durable")?
                    .as_bool()
                    .ok_or_else(|| ValueError::new("true or false", &json["durable"]).in_field("durable"))?,
            },
            "abort" => Self::Abort,
            "comment" => Self::Comment(text(json, "comment")?.to_owned()),
            "assert" => Self::Assert { lock: text(json, "lock")?.to_owned() },
            other => return Err(ValueError::new("an operation", other).in_field("op")),
        })
    }
}

fn member<'a>(json: &'a Json, name: &str) -> Result<&'a Json, OvnError> {
    json.get(name).ok_or_else(|| ValueError::new("a value", "nothing").in_field(name))
}

fn text<'a>(json: &'a Json, name: &str) -> Result<&'a str, OvnError> {
    let found = member(json, name)?;
    found.as_str().ok_or_else(|| ValueError::new("a text", found).in_field(name))
}

fn list<'a>(json: &'a Json, name: &str) -> Result<&'a Vec<Json>, OvnError> {
    let found = member(json, name)?;
    found.as_array().ok_or_else(|| ValueError::new("a list", found).in_field(name))
}

fn table(json: &Json) -> Result<Arc<str>, OvnError> {
    text(json, "table").map(Arc::from)
}

fn row(json: &Json) -> Result<Row, OvnError> {
    Row::from_json(member(json, "row")?, "row")
}

fn uuid(json: &Json) -> Result<Uuid, OvnError> {
    let parsed = json.as_str().and_then(|text| Uuid::parse_str(text).ok());
    parsed.ok_or_else(|| ValueError::new("a UUID", json).in_field("uuid"))
}

fn conditions(json: &Json) -> Result<Vec<Condition>, OvnError> {
    list(json, "where")?.iter().map(Condition::from_json).collect()
}

fn columns(json: &Json) -> Result<Vec<Arc<str>>, OvnError> {
    let names = list(json, "columns")?.iter();
    names
        .map(|name| name.as_str().map(Arc::from).ok_or_else(|| ValueError::new("a text", name).in_field("columns")))
        .collect()
}
