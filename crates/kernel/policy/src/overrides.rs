//! The operator's policy.yaml.

use std::collections::{BTreeMap, HashSet};

use serde_saphyr::Spanned;

use crate::error::{PolicyError, nearest};
use crate::policy::{Draft, Policy, Source};

impl Policy {
    /// This policy with the rules of a policy.yaml laid over it. Names that are no action may be defined too, as long
    /// as a rule refers to them. Scopes stay as the services declared them. An empty file changes nothing.
    ///
    /// # Errors
    /// The file is no mapping of names to rules, a rule is malformed, or a name is unknown; each with its line.
    pub fn with_overrides(&self, yaml: &str) -> Result<Self, PolicyError> {
        let file: Option<BTreeMap<String, Spanned<Option<String>>>> =
            serde_saphyr::from_str(yaml).map_err(|source| PolicyError::Yaml { source: Box::new(source) })?;
        let mut drafts = self.drafts();
        let mut added: Vec<(String, u64)> = Vec::new();
        for (name, rule) in file.unwrap_or_default() {
            let line = rule.referenced.line();
            let Some(text) = rule.value else {
                return Err(PolicyError::NoRule { name, line });
            };
            let (text, source) = (text.into_boxed_str(), Source::Operator { line });
            if let Some(draft) = drafts.iter_mut().find(|draft| *draft.name == *name) {
                (draft.text, draft.source) = (text, source);
            } else {
                drafts.push(Draft { name: name.as_str().into(), text, scope_types: &[], doc: "", source });
                added.push((name, line));
            }
        }
        let policy = Self::compile(drafts)?;
        let used: HashSet<usize> = policy.rules().flat_map(crate::policy::Rule::references).collect();
        for (name, line) in added {
            if policy.index(&name).is_some_and(|index| !used.contains(&index)) {
                let near = nearest(&name, self.names());
                return Err(PolicyError::UnknownName { name, line, near });
            }
        }
        Ok(policy)
    }
}

#[cfg(test)]
mod tests;
