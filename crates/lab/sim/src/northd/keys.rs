//! The numbers that tunnels carry: one per switch, and within a switch one per port.

use std::collections::HashSet;

/// Numbers from 1 up to a limit, each given once until it is given back.
#[derive(Debug)]
pub(super) struct Keys {
    used: HashSet<i64>,
    last: i64,
    limit: i64,
}

impl Keys {
    pub(super) fn up_to(limit: i64) -> Self {
        Self { used: HashSet::new(), last: 0, limit }
    }

    /// Notes a number that is in use.
    pub(super) fn note(&mut self, key: i64) {
        self.used.insert(key);
        self.last = self.last.max(key);
    }

    /// A number that nobody has; `None` when all are in use. Those given back are used last.
    pub(super) fn take(&mut self) -> Option<i64> {
        if self.used.len() as i64 >= self.limit {
            return None;
        }
        loop {
            self.last = if self.last >= self.limit { 1 } else { self.last + 1 };
            if self.used.insert(self.last) {
                return Some(self.last);
            }
        }
    }

    pub(super) fn give_back(&mut self, key: i64) {
        self.used.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_once_and_again_after_they_came_back() {
        let mut keys = Keys::up_to(3);
        keys.note(2);
        assert_eq!([keys.take(), keys.take(), keys.take()], [Some(3), Some(1), None]);
        keys.give_back(2);
        assert_eq!([keys.take(), keys.take()], [Some(2), None]);
    }
}
