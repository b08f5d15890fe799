//! Advisory locks of sessions (RFC 7047 sections 4.1.8 to 4.1.10): first come first served, unless stolen.

use std::collections::{HashMap, VecDeque};

#[derive(Debug, Default)]
pub(crate) struct Locks {
    // The first of the queue holds the lock.
    queues: HashMap<String, VecDeque<u64>>,
}

impl Locks {
    pub(crate) fn holds(&self, session: u64, lock: &str) -> bool {
        self.queues.get(lock).and_then(VecDeque::front) == Some(&session)
    }

    /// Asks for a lock; whether the session has it now. `None` when it had asked before.
    pub(crate) fn lock(&mut self, session: u64, lock: &str) -> Option<bool> {
        let queue = self.queues.entry(lock.to_owned()).or_default();
        if queue.contains(&session) {
            return None;
        }
        queue.push_back(session);
        Some(queue.len() == 1)
    }

    /// Takes a lock away from whoever has it; gives the session that lost it. `None` when it had asked before.
    pub(crate) fn steal(&mut self, session: u64, lock: &str) -> Option<Option<u64>> {
        let queue = self.queues.entry(lock.to_owned()).or_default();
        if queue.contains(&session) {
            return None;
        }
        let robbed = queue.pop_front();
        queue.push_front(session);
        Some(robbed)
    }

    /// Gives a lock back, or stops asking for it; gives the session that has it instead. `None` when it had not asked.
    pub(crate) fn unlock(&mut self, session: u64, lock: &str) -> Option<Option<u64>> {
        let queue = self.queues.get_mut(lock)?;
        let held = queue.front() == Some(&session);
        let place = queue.iter().position(|asking| *asking == session)?;
        queue.remove(place);
        let next = queue.front().copied().filter(|_| held);
        if queue.is_empty() {
            self.queues.remove(lock);
        }
        Some(next)
    }

    /// Gives back everything that a session had asked for; gives the locks and their new owners.
    pub(crate) fn forget(&mut self, session: u64) -> Vec<(String, u64)> {
        let names: Vec<String> = self.queues.keys().cloned().collect();
        names.into_iter().filter_map(|name| Some((name.clone(), self.unlock(session, &name)??))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_given_in_order_unless_stolen() {
        let mut locks = Locks::default();
        assert_eq!(locks.lock(1, "l"), Some(true));
        assert_eq!(locks.lock(2, "l"), Some(false));
        assert_eq!(locks.lock(1, "l"), None);
        assert_eq!(locks.steal(3, "l"), Some(Some(1)));
        assert!(locks.holds(3, "l") && !locks.holds(1, "l"));
        assert_eq!(locks.unlock(3, "l"), Some(Some(2)));
        assert_eq!(locks.forget(2), []);
        assert_eq!(locks.unlock(2, "l"), None);
    }
}
