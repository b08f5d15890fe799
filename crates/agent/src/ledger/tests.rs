use std::os::unix::fs::PermissionsExt;

use ferrostack_agent_api::{AgentError, AgentErrorKind, DomainSpec, GuestFile, Power, Wanted};
use ferrostack_base::Generation;

use super::*;

const SERVER: Uuid = Uuid::from_u128(7);

fn spec(fence: i64, generation: i64) -> DomainSpec {
    DomainSpec {
        server: SERVER,
        name: "instance-00000007".to_owned(),
        hostname: "web".to_owned(),
        fence: Fence(fence),
        generation: Generation(generation),
        power: Wanted::On,
        vcpus: 1,
        memory_mb: 96,
        disk_gb: 1,
        image: None,
        interfaces: Vec::new(),
        config_drive: Some(vec![GuestFile { path: "a".to_owned(), content: "c2VjcmV0".to_owned().into() }]),
        hardware: Default::default(),
        shutdown_timeout_s: 60,
        project_id: "demo".to_owned(),
        request_id: "req-1".to_owned(),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

async fn wish(ledger: &Ledger, fence: i64, generation: i64) -> Result<(), AgentErrorKind> {
    let decide = move |before: Option<&Entry>| {
        Ok((Some(Entry::Domain(Box::new(Entry::wished(before, spec(fence, generation), at(1))?))), ()))
    };
    ledger.change(SERVER, decide).await.map_err(|error| AgentError::from(error).kind)
}

async fn bury(ledger: &Ledger, fence: i64, now: i64) -> Result<(), AgentErrorKind> {
    let decide = move |before: Option<&Entry>| {
        Ok((Some(Entry::Gone(Entry::dropped(before, SERVER, Fence(fence), at(now))?)), ()))
    };
    ledger.change(SERVER, decide).await.map_err(|error| AgentError::from(error).kind)
}

#[tokio::test]
async fn fences_and_generations_never_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), at(0)).unwrap();
    wish(&ledger, 5, 2).await.unwrap();
    assert_eq!(wish(&ledger, 4, 9).await, Err(AgentErrorKind::Fenced));
    assert_eq!(wish(&ledger, 5, 1).await, Err(AgentErrorKind::Refused));
    assert_eq!(bury(&ledger, 4, 2).await, Err(AgentErrorKind::Fenced));
    bury(&ledger, 6, 2).await.unwrap();
    bury(&ledger, 6, 2).await.unwrap();
    assert_eq!(bury(&ledger, 5, 2).await, Err(AgentErrorKind::Fenced));
    assert_eq!(wish(&ledger, 6, 3).await, Err(AgentErrorKind::Fenced));
    wish(&ledger, 7, 1).await.unwrap();
    assert!(ledger.still_wanted(SERVER, Fence(7)).is_ok());
    assert!(ledger.still_wanted(SERVER, Fence(6)).is_err());
}

#[tokio::test]
async fn what_was_written_is_there_again_and_only_root_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), at(0)).unwrap();
    let node = ledger.node();
    wish(&ledger, 5, 2).await.unwrap();
    let seen = |record: &mut Record| Ok(record.seen(Power::Running, Some("booted".to_owned()), at(3)));
    assert!(ledger.change_record(SERVER, seen).await.unwrap());
    assert!(!ledger.change_record(SERVER, seen).await.unwrap(), "no news");
    let before = ledger.records();
    assert!(matches!(Ledger::open(folder.path(), at(0)), Err(StartError::InUse { .. })));
    drop(ledger);
    let path = folder.path().join(format!("servers/{SERVER}.json"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // The process ended while it wrote: at any byte of the temporary file.
    let text = std::fs::read(&path).unwrap();
    for length in [0, 1, text.len() / 2, text.len() - 1] {
        std::fs::write(path.with_extension("new"), &text[..length]).unwrap();
        let ledger = Ledger::open(folder.path(), at(9)).unwrap();
        assert_eq!((ledger.node(), ledger.records()), (node, before.clone()));
        assert!(!path.with_extension("new").exists());
    }
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    assert!(matches!(Ledger::open(folder.path(), at(9)), Err(StartError::Broken { .. })), "that was not us");
}

#[tokio::test]
async fn tombstones_go_when_they_are_old_and_clean() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), at(0)).unwrap();
    bury(&ledger, 5, 0).await.unwrap();
    let day = 24 * 3600 + 1;
    ledger.forget_old(at(day)).await.unwrap();
    assert_eq!(ledger.tombstones().len(), 1, "something may still be there");
    let clean = |entry: Option<&Entry>| match entry {
        Some(Entry::Gone(gone)) => Ok((Some(Entry::Gone(Tombstone { cleaned: true, ..gone.clone() })), ())),
        _ => Ok((None, ())),
    };
    ledger.change(SERVER, clean).await.unwrap();
    ledger.forget_old(at(day - 2)).await.unwrap();
    assert_eq!(ledger.tombstones().len(), 1);
    ledger.forget_old(at(day)).await.unwrap();
    assert!(ledger.entry(SERVER).is_none());
    drop(ledger);
    assert!(Ledger::open(folder.path(), at(day)).unwrap().tombstones().is_empty());
}

#[tokio::test]
async fn whoever_waits_is_told_that_it_was_overtaken() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), at(0)).unwrap();
    wish(&ledger, 5, 1).await.unwrap();
    let waiting = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.overtaken(SERVER, Fence(5)).await }
    });
    wish(&ledger, 5, 2).await.unwrap();
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    bury(&ledger, 6, 1).await.unwrap();
    assert!(matches!(waiting.await.unwrap(), NodeError::NoDomain { .. }));
}

#[tokio::test]
async fn what_an_unfinished_drop_left_is_cleaned_up_before_anything_new() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), at(0)).unwrap();
    wish(&ledger, 5, 1).await.unwrap();
    bury(&ledger, 6, 1).await.unwrap();
    wish(&ledger, 7, 1).await.unwrap();
    assert_eq!(ledger.record(SERVER).unwrap().leftover.map(|gone| gone.fence), Some(Fence(6)));
    bury(&ledger, 8, 1).await.unwrap();
    let clean = |entry: Option<&Entry>| match entry {
        Some(Entry::Gone(gone)) => Ok((Some(Entry::Gone(Tombstone { cleaned: true, ..gone.clone() })), ())),
        _ => Ok((None, ())),
    };
    ledger.change(SERVER, clean).await.unwrap();
    wish(&ledger, 9, 1).await.unwrap();
    assert_eq!(ledger.record(SERVER).unwrap().leftover, None);
}
