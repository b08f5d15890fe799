//! Names of resource classes and traits as small numbers.

use std::{collections::HashMap, sync::Arc};

use ferrostack_base::Timestamp;

use crate::{
    names::{SHARES, standard_classes, standard_traits},
    store::name::NameRow,
};

/// Both tables of names.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) classes: Table,
    pub(crate) traits: Table,
    /// The number of `MISC_SHARES_VIA_AGGREGATE`.
    pub(crate) shares: u32,
}

impl Names {
    /// The standard names only.
    pub(crate) fn standard() -> Self {
        let mut traits = Table::of(standard_traits());
        Self { classes: Table::of(standard_classes()), shares: traits.intern(SHARES), traits }
    }
}

/// A name's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Every cloud has it.
    Standard,
    /// Somebody made it.
    Custom {
        /// When.
        updated: Timestamp,
    },
    /// It does not exist (any more); rows that are just being changed may still mention it.
    Gone,
}

impl Standing {
    /// When it was made or renamed; standard names have always been there.
    pub(crate) fn updated(self) -> Option<Timestamp> {
        match self {
            Self::Custom { updated } => Some(updated),
            Self::Standard | Self::Gone => None,
        }
    }
}

/// Names and their numbers. A number once given stays.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    entries: Vec<(Arc<str>, Standing)>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Table {
    fn of(standard: impl Iterator<Item = &'static str>) -> Self {
        let mut table = Self { entries: Vec::new(), numbers: HashMap::new() };
        for name in standard {
            let number = table.intern(name);
            table.set(number, Standing::Standard);
        }
        table
    }

    fn set(&mut self, number: u32, standing: Standing) {
        if let Some(entry) = self.entries.get_mut(number as usize) {
            entry.1 = standing;
        }
    }

    /// The number of a name, whether or not it exists.
    pub(crate) fn intern(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = name.into();
        self.entries.push((name.clone(), Standing::Gone));
        self.numbers.insert(name, number);
        number
    }

    /// Replaces the custom names.
    pub(crate) fn set_customs(&mut self, rows: &[NameRow]) {
        for entry in &mut self.entries {
            if entry.1 != Standing::Standard {
                entry.1 = Standing::Gone;
            }
        }
        for row in rows {
            let number = self.intern(&row.name);
            self.set(number, Standing::Custom { updated: row.updated });
        }
    }

    /// The number of a name that exists.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.get(name).map(|(number, _)| number)
    }

    /// Number and standing of a name that exists.
    pub(crate) fn get(&self, name: &str) -> Option<(u32, Standing)> {
        let number = *self.numbers.get(name)?;
        let (_, standing) = self.entries.get(number as usize)?;
        (*standing != Standing::Gone).then_some((number, *standing))
    }

    /// The name of a number.
    pub(crate) fn name(&self, number: u32) -> &str {
        self.entries.get(number as usize).map_or("", |entry| &entry.0)
    }

    /// All names that exist.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Standing)> {
        self.entries.iter().filter(|entry| entry.1 != Standing::Gone).map(|entry| (&*entry.0, entry.1))
    }
}
