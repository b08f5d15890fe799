//! What must hold when a transaction ends (RFC 7047 sections 3.2 and 4.1.3), in this order: rows that nothing keeps go;
//! strong references point to rows; weak references to rows that are gone vanish; indexes are unique; tables are not too
//! full.

use ferrostack_ovn::{Atom, ErrorKind, Value};
use uuid::Uuid;

use super::{Change, Changes, Failure, Place, RowChange, RowId, Transaction};

impl Transaction<'_> {
    /// Checks everything and gives what was changed; undoes it all when a check fails.
    pub(crate) fn commit(mut self) -> Result<Changes, Failure> {
        if let Err(failure) = self.settle() {
            self.undo();
            return Err(failure);
        }
        self.changes.retain(|_, change| !matches!(change, RowChange::Modified(columns) if columns.is_empty()));
        for ((table, uuid), change) in &self.changes {
            if !matches!(change, RowChange::Deleted(_))
                && let Some(stored) = self.database.tables[*table].rows.get_mut(uuid)
            {
                stored.version = Uuid::new_v4();
            }
        }
        Ok(self.changes)
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.collect_garbage();
        self.check_strong_references()?;
        self.drop_weak_references()?;
        self.check_indexes()?;
        self.check_row_counts()
    }

    /// A row of a non-root table lives as long as another row refers to it strongly.
    fn collect_garbage(&mut self) {
        let mut queue: Vec<RowId> = self.touched.strong.iter().copied().collect();
        let mut known = std::mem::take(&mut self.touched.strong);
        while let Some(row) = queue.pop() {
            if self.database.tables[row.0].is_root
                || self.database.row(row).is_none()
                || self.database.strong_references(row) > 0
            {
                continue;
            }
            self.delete(row);
            // What it kept may have nobody else.
            queue.extend(self.touched.strong.iter().copied());
            known.extend(self.touched.strong.drain());
        }
        self.touched.strong = known;
    }

    fn check_strong_references(&self) -> Result<(), Failure> {
        let dangling = |row: &&RowId| self.database.row(**row).is_none() && self.database.strong_references(**row) > 0;
        match self.touched.strong.iter().find(dangling) {
            None => Ok(()),
            Some((table, uuid)) => {
                let detail =
                    format!("something refers to {} {uuid}, which does not exist", self.database.tables[*table].name);
                Err(Failure::new(ErrorKind::ReferentialIntegrityViolation, detail))
            }
        }
    }

    fn drop_weak_references(&mut self) -> Result<(), Failure> {
        let gone: Vec<RowId> =
            self.touched.weak.iter().copied().filter(|row| self.database.row(*row).is_none()).collect();
        for missing in gone {
            for (from, place) in self.database.weak_references(missing) {
                if let Some(change) = self.without(from, place, &missing.1.into()) {
                    self.change(from, place, change);
                    self.check_size(from, place)?;
                }
            }
        }
        Ok(())
    }

    /// The change that takes an atom out of a column.
    fn without(&self, row: RowId, place: Place, atom: &Atom) -> Option<Change> {
        let held = &self.database.row(row)?.values[place];
        let column_type = &self.database.tables[row.0].columns[place].column_type;
        if held.is_map() {
            let pointing = held.pairs().filter(|(key, value)| *key == atom || *value == atom);
            return Some(Change::Pairs(
                pointing.map(|(key, value)| (key.clone(), (Some(value.clone()), None))).collect(),
            ));
        }
        if column_type.is_composite() {
            return held.contains(atom).then(|| Change::Members([atom.clone()].into()));
        }
        Change::between(column_type, held, &Value::empty_set())
    }

    fn check_indexes(&self) -> Result<(), Failure> {
        for (table, index, key) in &self.touched.keys {
            let held = &self.database.tables[*table];
            let found = &held.indexes[*index];
            if found.rows.get(key).is_some_and(|rows| rows.len() > 1) {
                let columns = found.columns.iter().zip(key);
                let named = columns.map(|(place, value)| format!("{}={}", held.columns[*place].name, value.to_json()));
                let detail = format!("two rows of {} have {}", held.name, named.collect::<Vec<_>>().join(", "));
                return Err(Failure::new(ErrorKind::ConstraintViolation, detail));
            }
        }
        Ok(())
    }

    fn check_row_counts(&self) -> Result<(), Failure> {
        for table in self.touched.tables.iter().map(|table| &self.database.tables[*table]) {
            if let Some(most) = table.max_rows.filter(|most| table.rows.len() > *most) {
                let detail = format!("the table {} may have {most} rows, not {}", table.name, table.rows.len());
                return Err(Failure::new(ErrorKind::ConstraintViolation, detail));
            }
        }
        Ok(())
    }
}
