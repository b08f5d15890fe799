//! What OVN has otherwise than the database wants it.

use std::fmt;

use uuid::Uuid;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Whose it is: `port:<id>`, `network:<id>` ..., `deployment`.
    pub owner: String,
    /// The table of the Northbound database.
    pub table: String,
    /// The row's identifier.
    pub row: Uuid,
    /// What is different.
    pub kind: DifferenceKind,
}

/// What is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The row is not there.
    Missing,
    /// The row is there and should not.
    Unwanted,
    /// These columns hold something else.
    Columns(Vec<String>),
    /// The row that it belongs to does not have it.
    Homeless,
    /// The port should be in that port group.
    NotInGroup(Uuid),
    /// The port should not be in that port group.
    InGroup(Uuid),
    /// The port's status in the database is not what OVN says.
    Status {
        /// Whether OVN says that the port is up.
        up: bool,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {} ", self.owner, self.table, self.row)?;
        match &self.kind {
            DifferenceKind::Missing => f.write_str("is missing"),
            DifferenceKind::Unwanted => f.write_str("should not be there"),
            DifferenceKind::Columns(columns) => write!(f, "differs in {}", columns.join(", ")),
            DifferenceKind::Homeless => f.write_str("is not where it belongs"),
            DifferenceKind::NotInGroup(group) => write!(f, "is not in port group {group}"),
            DifferenceKind::InGroup(group) => write!(f, "should not be in port group {group}"),
            DifferenceKind::Status { up: true } => f.write_str("is up, but not ACTIVE"),
            DifferenceKind::Status { up: false } => f.write_str("is not up, but ACTIVE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_reads_as_a_sentence() {
        let kind = DifferenceKind::Columns(vec!["addresses".into(), "enabled".into()]);
        let difference =
            Difference { owner: "port:7".into(), table: "Logical_Switch_Port".into(), row: Uuid::nil(), kind };
        let text = "port:7: Logical_Switch_Port 00000000-0000-0000-0000-000000000000 differs in addresses, enabled";
        assert_eq!(difference.to_string(), text);
    }
}
