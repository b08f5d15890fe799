//! The names that OVN knows: table DNS of the Southbound database (ovn-sb(5)).

use std::net::{Ipv4Addr, Ipv6Addr};

use ferrostack_base::Clock;
use ferrostack_ovn::{Atom, Connection, ConnectionSettings, Contents, Endpoint, WatchedTable, southbound};
use uuid::Uuid;

use super::message::{A, AAAA, ANY, PTR, Question, Record};

const DNS: &str = "DNS";
const DATAPATH: &str = "Datapath_Binding";

/// A look at the Southbound database.
pub(super) struct Names {
    connection: Connection,
}

impl Names {
    /// Begins to connect, in the background.
    pub(super) fn start(endpoint: Endpoint, clock: Clock) -> Self {
        let table = |table: &str, columns: &[&str]| WatchedTable {
            table: table.into(),
            columns: Some(columns.iter().map(|column| (*column).into()).collect()),
            conditions: Vec::new(),
        };
        let tables = vec![table(DNS, &["records", "datapaths"]), table(DATAPATH, &["external_ids"])];
        // northd gives a network's datapath the name of its switch.
        let settings = ConnectionSettings::new(endpoint, southbound::DATABASE, "name", tables);
        Self { connection: Connection::start(clock, settings).0 }
    }

    /// The answer from the names of a network; `None` when OVN does not know the name.
    pub(super) fn answer(&self, question: &Question, network: Uuid) -> Option<Vec<u8>> {
        if !question.is_internet() {
            return None;
        }
        let value = self.connection.replica().read(|contents| look_up(contents, network, &question.name))?;
        Some(question.answer(&records(&value, question.kind)))
    }
}

fn look_up(contents: &Contents, network: Uuid, name: &str) -> Option<String> {
    let name = Atom::string(name);
    let switch = format!("neutron-{network}");
    let datapaths = contents.rows_with_external_id(DATAPATH, &switch);
    let datapaths: Vec<Atom> = datapaths.map(|(id, _)| Atom::Uuid(id)).collect();
    contents.rows(DNS).find_map(|(_, row)| {
        let of_network = row.get("datapaths").is_some_and(|of| datapaths.iter().any(|datapath| of.contains(datapath)));
        of_network.then(|| row.get("records")?.get(&name)?.as_str().map(str::to_owned))?
    })
}

/// The records of a name that fit the question. A name without any of that type still exists: its answer is empty.
fn records(value: &str, kind: u16) -> Vec<Record> {
    let of_word = |word: &str| {
        if let Ok(address) = word.parse::<Ipv4Addr>() {
            return matches!(kind, A | ANY).then_some(Record::A(address));
        }
        if let Ok(address) = word.parse::<Ipv6Addr>() {
            return matches!(kind, AAAA | ANY).then_some(Record::Aaaa(address));
        }
        matches!(kind, PTR | ANY).then(|| Record::Ptr(word.to_owned()))
    };
    value.split([' ', ',']).filter(|word| !word.is_empty()).filter_map(of_word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_answer_their_own_questions() {
        let value = "10.0.0.5 fd00::5";
        assert_eq!(records(value, A), [Record::A([10, 0, 0, 5].into())]);
        assert_eq!(records(value, AAAA), [Record::Aaaa("fd00::5".parse().unwrap())]);
        assert_eq!(records(value, 15), []);
        assert_eq!(records("web.example", PTR), [Record::Ptr("web.example".to_owned())]);
    }
}
