//! The methods of the protocol (RFC 7047 section 4.1; ovsdb-server(7) section 4.1).

use ferrostack_ovn::{ErrorKind, MonitorVersion, OperationResult};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{
    fault::Faults,
    monitor::Monitor,
    session::MonitorId,
    state::{OperationFailure, State},
    transaction::Failure,
};

impl State {
    /// Handles a message of a session.
    pub(crate) fn handle(&mut self, session: u64, message: &Json) {
        let Some(method) = message["method"].as_str() else { return };
        let id = &message["id"];
        let params = message["params"].as_array().map_or(&[] as &[Json], Vec::as_slice);
        let answer = match method {
            "echo" => Ok(message["params"].clone()),
            "list_dbs" => Ok(self.databases.iter().map(|database| Json::from(database.schema.name.as_ref())).collect()),
            "get_schema" => self.named(params).map(|database| self.databases[database].schema.to_json()),
            "transact" => match self.transaction(session, params) {
                Some(answer) => answer,
                // A fault: the client never hears of it.
                None => return self.end_session(session),
            },
            "cancel" => return,
            "monitor" => self.monitor(session, MonitorVersion::Plain, params),
            "monitor_cond" => self.monitor(session, MonitorVersion::Conditional, params),
            "monitor_cond_since" => self.monitor(session, MonitorVersion::Since, params),
            "monitor_cancel" => self.monitor_cancel(session, params),
            "lock" | "steal" | "unlock" => self.lock_method(session, method, params),
            "set_db_change_aware" => Ok(json!({})),
            _ => Err(Failure::new(ErrorKind::UnknownMethod, format!("there is no method {method}"))),
        };
        // A notification expects no answer.
        if id.is_null() {
            return;
        }
        let reply = match answer {
            Ok(result) => json!({ "id": id, "result": result, "error": null }),
            Err(failure) => json!({ "id": id, "result": null, "error": failure.to_json() }),
        };
        if let Some(session) = self.sessions.get(&session) {
            session.send(&reply);
        }
    }

    fn named(&self, params: &[Json]) -> Result<usize, Failure> {
        let name = params.first().and_then(Json::as_str).ok_or_else(|| syntax("the name of a database comes first"))?;
        self.database(name)
            .ok_or_else(|| Failure::new(ErrorKind::UnknownDatabase, format!("there is no database {name}")))
    }

    /// `None`: the answer gets lost.
    fn transaction(&mut self, session: u64, params: &[Json]) -> Option<Result<Json, Failure>> {
        let database = match self.named(params) {
            Ok(database) => database,
            Err(failure) => return Some(Err(failure)),
        };
        let operations = &params[1..];
        let failed = |index: Option<usize>, done: &[OperationResult], failure: &Failure| {
            let mut results: Vec<Json> = done.iter().map(OperationResult::to_json).collect();
            results.push(failure.to_json());
            if index.is_some() {
                results.resize(operations.len(), Json::Null);
            }
            Some(Ok(Json::Array(results)))
        };
        if Faults::strike(&mut self.faults.refuse) {
            let refused = Failure::new(ErrorKind::IoError, "refused on request of a test");
            return failed(Some(0).filter(|_| !operations.is_empty()), &[], &refused);
        }
        match self.transact(database, Some(session), operations) {
            Ok(_) if Faults::strike(&mut self.faults.lose_answers) => None,
            Ok(results) => Some(Ok(results.iter().map(OperationResult::to_json).collect())),
            Err(OperationFailure { index, done, failure }) => failed(index, &done, &failure),
        }
    }

    fn monitor(&mut self, session: u64, version: MonitorVersion, params: &[Json]) -> Result<Json, Failure> {
        let number = self.named(params)?;
        let (id, requests) = match params {
            [_, id, requests, ..] => (MonitorId(id.clone()), requests),
            _ => return Err(syntax("monitor needs a database, a name and requests")),
        };
        let database = &self.databases[number];
        let monitor = Monitor::new(version, number, database, requests)?;
        let initial = monitor.initial(database);
        let held = self.sessions.get_mut(&session).ok_or_else(|| syntax("the session has ended"))?;
        if held.monitors.contains_key(&id) {
            return Err(syntax("a monitor of this name is running"));
        }
        held.monitors.insert(id, monitor);
        Ok(match version {
            // No history is kept, as a real server that stands alone keeps none: never found.
            MonitorVersion::Since => json!([false, Uuid::nil().to_string(), initial]),
            _ => initial,
        })
    }

    fn monitor_cancel(&mut self, session: u64, params: &[Json]) -> Result<Json, Failure> {
        let id = MonitorId(params.first().cloned().unwrap_or_default());
        let held = self.sessions.get_mut(&session).and_then(|held| held.monitors.remove(&id));
        held.map(|_| json!({}))
            .ok_or_else(|| Failure::new(ErrorKind::UnknownMonitor, format!("there is no monitor {}", id.0)))
    }

    fn lock_method(&mut self, session: u64, method: &str, params: &[Json]) -> Result<Json, Failure> {
        let lock = params.first().and_then(Json::as_str).ok_or_else(|| syntax("the name of a lock comes first"))?;
        let order = || syntax("lock and unlock must alternate");
        let (answer, told, event) = match method {
            "lock" => (json!({ "locked": self.locks.lock(session, lock).ok_or_else(order)? }), None, ""),
            "steal" => (json!({ "locked": true }), self.locks.steal(session, lock).ok_or_else(order)?, "stolen"),
            _ => (json!({}), self.locks.unlock(session, lock).ok_or_else(order)?, "locked"),
        };
        if let Some(other) = told.and_then(|other| self.sessions.get(&other)) {
            other.send(&json!({ "method": event, "params": [lock], "id": null }));
        }
        Ok(answer)
    }
}

fn syntax(details: &str) -> Failure {
    Failure::new(ErrorKind::SyntaxError, details)
}
