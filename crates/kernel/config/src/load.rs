//! Reads a settings file. Everything that is wrong is collected before the file is refused.

use std::{fs, ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    ConfigError, Kind, Origin, Place, Problem, ProblemKind, Settings, checks, nearest,
    table::{Row, TABLE},
    value::Reason,
};

impl Settings {
    /// The settings of a file; what it does not say has its default.
    ///
    /// # Errors
    /// The file cannot be read, or [`ConfigError::Wrong`] with everything that is wrong in it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::from_str(&text, &path.display().to_string())
    }

    /// The settings of a text; `file` is its name in messages.
    ///
    /// # Errors
    /// [`ConfigError::Wrong`] with everything that is wrong in it.
    pub fn from_str(text: &str, file: &str) -> Result<Self, ConfigError> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader { text, file, settings: Self::default(), problems: Vec::new() };
        reader.settings.file = file.to_owned();
        for error in errors {
            let place = reader.place(error.span().map_or(0, |span| span.start));
            reader.problems.push(Problem {
                place: Some(place),
                key: String::new(),
                value: String::new(),
                kind: ProblemKind::Syntax(error.message().to_owned()),
                nearest: None,
            });
        }
        let broken: Vec<usize> = reader.problems.iter().filter_map(line_of).collect();
        reader.top(table.get_ref());
        // What the parser made of a broken line is guesswork.
        let is_guess = |problem: &Problem| {
            !matches!(problem.kind, ProblemKind::Syntax(_))
                && line_of(problem).is_some_and(|line| broken.contains(&line))
        };
        reader.problems.retain(|problem| !is_guess(problem));
        reader.settings.derive();
        reader.check_together();
        reader.finish()
    }

    /// Sets one setting by its key, as an option of the command does. `value` is TOML, or a text without quotes.
    ///
    /// # Errors
    /// [`ConfigError::UnknownKey`], or [`ConfigError::Wrong`] when the value is not taken or does not go with others;
    /// the settings are as before then.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
        let Some(row) = Row::find(key) else {
            return Err(ConfigError::UnknownKey { key: key.to_owned(), nearest: nearest::settings(key) });
        };
        let mut changed = self.clone();
        let parsed = DeValue::parse(value).ok().map(|parsed| changed.put(row, parsed.get_ref()));
        let put = match parsed {
            Some(Ok(())) => Ok(()),
            // `--listen 127.0.0.1:80` is no TOML, and a password of digits is no text in TOML.
            failed => changed.put(row, &DeValue::String(value.into())).map_err(|reason| match failed {
                Some(Err(first)) if first != Reason::WrongType => first,
                _ => reason,
            }),
        };
        if let Err(reason) = put {
            return Err(ConfigError::Wrong { problems: vec![problem(row, None, shorten(row, value), reason)] });
        }
        changed.origins.insert(row.key, Origin::CommandLine);
        changed.derive();
        let conflicts: Vec<_> = checks::conflicts(&changed)
            .into_iter()
            .filter(|conflict| conflict.keys.contains(&key))
            .map(|conflict| conflict.into_problem(key, value.to_owned(), None))
            .collect();
        if !conflicts.is_empty() {
            return Err(ConfigError::Wrong { problems: conflicts });
        }
        *self = changed;
        Ok(())
    }
}

fn line_of(problem: &Problem) -> Option<usize> {
    problem.place.as_ref().map(|place| place.line)
}

struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    settings: Settings,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn top(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let is_section = TABLE.iter().any(|row| row.section() == name.get_ref().as_ref());
            match (is_section, value.get_ref().as_table()) {
                (true, Some(settings)) => self.section(name.get_ref(), settings),
                (true, None) => self.refuse(name.get_ref(), name, value, ProblemKind::SectionIsValue, None),
                (false, Some(_)) => {
                    let nearest = nearest::section(name.get_ref()).map(str::to_owned);
                    self.refuse(name.get_ref(), name, value, ProblemKind::UnknownSection, nearest);
                }
                (false, None) => {
                    let nearest = nearest::settings(name.get_ref()).first().map(|key| (*key).to_owned());
                    self.refuse(name.get_ref(), name, value, ProblemKind::UnknownSetting, nearest);
                }
            }
        }
    }

    fn section(&mut self, section: &str, settings: &DeTable<'_>) {
        for (name, value) in settings {
            let key = format!("{section}.{}", name.get_ref());
            let Some(row) = Row::find(&key) else {
                let nearest = nearest::settings(&key).first().map(|key| (*key).to_owned());
                self.refuse(&key, name, value, ProblemKind::UnknownSetting, nearest);
                continue;
            };
            let place = self.place(name.span().start);
            self.settings.origins.insert(row.key, Origin::File { line: place.line });
            if let Err(reason) = self.settings.put(row, value.get_ref()) {
                let written = shorten(row, self.written(value.span()));
                let mut problem = problem(row, Some(place), written, reason);
                if let (Kind::Choice(choices), Some(text)) = (row.kind, value.get_ref().as_str()) {
                    problem.nearest = nearest::one(text, choices.iter().copied()).map(str::to_owned);
                }
                self.problems.push(problem);
            }
        }
    }

    /// Notes what does not go together, at the last of the two in the file.
    fn check_together(&mut self) {
        for conflict in checks::conflicts(&self.settings) {
            let refused = |key: &&str| self.problems.iter().any(|problem| problem.key == **key);
            if conflict.keys.iter().any(refused) {
                continue;
            }
            let given = |key: &&&str| match self.settings.origin(key) {
                Origin::File { line } => Some(line),
                _ => None,
            };
            let Some(key) = conflict.keys.iter().filter(|key| given(key).is_some()).max_by_key(given) else { continue };
            let place = Place { file: self.file.to_owned(), line: given(&key).unwrap_or_default(), column: 1 };
            // The rules are worded for their first key.
            let first = conflict.keys[0];
            let value = Row::find(first).and_then(|row| self.settings.shown(row)).unwrap_or_default();
            self.problems.push(conflict.into_problem(first, value, Some(place)));
        }
    }

    fn refuse(
        &mut self,
        key: &str,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        kind: ProblemKind,
        nearest: Option<String>,
    ) {
        let place = self.place(name.span().start);
        let value = self.written(value.span()).chars().take(60).collect();
        self.problems.push(Problem { place: Some(place), key: key.to_owned(), value, kind, nearest });
    }

    fn written(&self, span: Range<usize>) -> &str {
        self.text.get(span).unwrap_or_default()
    }

    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    fn finish(mut self) -> Result<Settings, ConfigError> {
        if self.problems.is_empty() {
            return Ok(self.settings);
        }
        self.problems.sort_by_key(|problem| problem.place.as_ref().map(|place| (place.line, place.column)));
        Err(ConfigError::Wrong { problems: self.problems })
    }
}

fn shorten(row: &Row, written: &str) -> String {
    if row.kind.is_secret() { "***".to_owned() } else { written.chars().take(60).collect() }
}

fn problem(row: &Row, place: Option<Place>, value: String, reason: Reason) -> Problem {
    let kind = match reason {
        Reason::WrongType => ProblemKind::WrongType(row.kind),
        Reason::OutOfRange { low, high } => ProblemKind::OutOfRange { low, high },
        Reason::NotValid(key) => ProblemKind::NotValid(key),
    };
    Problem { place, key: row.key.to_owned(), value, kind, nearest: None }
}
