//! What `POST /servers/{id}/action` takes: an object with one key, the action.

use ferrostack_agent_api::OneShotKind;
use ferrostack_http::Schema;
use serde::Deserialize;
use serde_json::Value;

use super::loose;

/// At microversion 2.1.
pub(crate) static ACTION: Schema = Schema::new(
    r#"{
    "type": "object", "minProperties": 1, "maxProperties": 1,
    "properties": {
        "os-start": {"type": ["object", "string", "null"]},
        "os-stop": {"type": ["object", "string", "null"]},
        "forceDelete": {"type": ["object", "string", "null"]},
        "reboot": {"type": "object", "required": ["type"], "additionalProperties": false, "properties": {
            "type": {"type": "string", "enum": ["HARD", "Hard", "hard", "SOFT", "Soft", "soft"]}
        }},
        "os-getVNCConsole": {"type": "object", "required": ["type"], "additionalProperties": false, "properties": {
            "type": {"type": "string", "enum": ["novnc", "xvpvnc"]}
        }},
        "os-getSerialConsole": {"type": "object", "required": ["type"], "additionalProperties": false, "properties": {
            "type": {"type": "string", "enum": ["serial"]}
        }},
        "os-getConsoleOutput": {"type": "object", "additionalProperties": false, "properties": {
            "length": {"anyOf": [{"type": "integer", "minimum": -1}, {"type": "string", "pattern": "^(-1|[0-9]{1,9})$"}, {"type": "null"}]}
        }}
    }
}"#,
);

/// The body; the schema has checked what belongs to the action.
#[allow(dead_code, reason = "actions without parameters come with any value")]
#[derive(Debug, Deserialize)]
pub(crate) enum Action {
    #[serde(rename = "os-start")]
    Start(Value),
    #[serde(rename = "os-stop")]
    Stop(Value),
    #[serde(rename = "reboot")]
    Reboot(Reboot),
    #[serde(rename = "os-getConsoleOutput")]
    ConsoleOutput(ConsoleOutput),
    #[serde(rename = "os-getVNCConsole")]
    VncConsole(WantedConsole),
    #[serde(rename = "os-getSerialConsole")]
    SerialConsole(WantedConsole),
    #[serde(rename = "forceDelete")]
    ForceDelete(Value),
}

/// How to reboot.
#[derive(Debug, Deserialize)]
pub(crate) struct Reboot {
    r#type: String,
}

impl Reboot {
    pub(crate) fn kind(&self) -> OneShotKind {
        if self.r#type.eq_ignore_ascii_case("soft") { OneShotKind::SoftReboot } else { OneShotKind::HardReboot }
    }
}

/// Which viewer the console is for.
#[derive(Debug, Deserialize)]
pub(crate) struct WantedConsole {
    pub r#type: String,
}

/// How much of the console.
#[derive(Debug, Deserialize)]
pub(crate) struct ConsoleOutput {
    #[serde(default, deserialize_with = "loose::integer")]
    length: Option<i64>,
}

impl ConsoleOutput {
    /// So many lines; -1 and none mean all.
    pub(crate) fn lines(&self) -> Option<usize> {
        self.length.and_then(|length| usize::try_from(length).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_told_apart() {
        let read = |text: &str| {
            let value = serde_json::from_str(text).unwrap();
            ACTION.validate(&value).map_err(|fault| fault.message)?;
            serde_json::from_value::<Action>(value).map_err(|error| error.to_string())
        };
        assert!(matches!(read(r#"{"os-stop": null}"#), Ok(Action::Stop(_))));
        assert!(
            matches!(read(r#"{"reboot": {"type": "Soft"}}"#), Ok(Action::Reboot(reboot)) if reboot.kind() == OneShotKind::SoftReboot)
        );
        let lines = |text: &str| match read(text) {
            Ok(Action::ConsoleOutput(output)) => output.lines(),
            other => panic!("{other:?}"),
        };
        assert_eq!(lines(r#"{"os-getConsoleOutput": {"length": "10"}}"#), Some(10));
        assert_eq!(lines(r#"{"os-getConsoleOutput": {"length": -1}}"#), None);
        assert_eq!(lines(r#"{"os-getConsoleOutput": {}}"#), None);
        for text in
            [r#"{"reboot": {"type": "gentle"}}"#, r#"{"reboot": {}}"#, "{}", r#"{"os-stop": null, "os-start": null}"#]
        {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(r#"{"levitate": null}"#).unwrap_err().contains("levitate"));
    }
}
