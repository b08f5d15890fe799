//! What was read from the database and holds as long as the generation does.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{PoisonError, RwLock},
};

/// A bounded map whose values all belong to one generation. When it is half full the older half of what was put in goes:
/// a rough, cheap "least recently put" that needs no lock for writing when something is found.
pub(crate) struct Remembered<K, V> {
    half: usize,
    held: RwLock<Held<K, V>>,
}

struct Held<K, V> {
    generation: i64,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq, V: Clone> Remembered<K, V> {
    /// At most `max` values.
    pub(crate) fn new(max: usize) -> Self {
        let held = Held { generation: i64::MIN, young: HashMap::new(), old: HashMap::new() };
        Self { half: (max / 2).max(1), held: RwLock::new(held) }
    }

    /// The value, if it was put in at this generation.
    pub(crate) fn get<Q>(&self, generation: i64, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if held.generation != generation {
            return None;
        }
        held.young.get(key).or_else(|| held.old.get(key)).cloned()
    }

    /// Remembers what was read when the generation was this one; too late when something newer is held.
    pub(crate) fn put(&self, generation: i64, key: K, value: V) {
        let mut guard = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let held = &mut *guard;
        if generation < held.generation {
            return;
        }
        if generation > held.generation {
            held.generation = generation;
            held.young.clear();
            held.old.clear();
        }
        if held.young.len() >= self.half {
            held.old = std::mem::take(&mut held.young);
        }
        held.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_for_its_generation_only() {
        let map: Remembered<String, u32> = Remembered::new(10);
        map.put(5, "a".to_owned(), 1);
        assert_eq!(map.get(5, "a"), Some(1));
        assert_eq!(map.get(4, "a"), None);
        assert_eq!(map.get(6, "a"), None, "something changed since");
        map.put(6, "b".to_owned(), 2);
        map.put(5, "c".to_owned(), 3);
        assert_eq!((map.get(6, "a"), map.get(6, "b"), map.get(6, "c")), (None, Some(2), None), "too late");
    }

    #[test]
    fn it_is_bounded_and_keeps_the_newer_ones() {
        let map: Remembered<u32, u32> = Remembered::new(10);
        for key in 0..1000 {
            map.put(1, key, key);
        }
        let kept = (0..1000).filter(|key| map.get(1, key).is_some()).count();
        assert!((5..=10).contains(&kept), "{kept}");
        assert_eq!(map.get(1, &999), Some(999));
    }
}
