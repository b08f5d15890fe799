//! `fields=`: which attributes the answer shall have.

use ferrostack_http::Params;

/// The wanted attributes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Option<Vec<String>>);

impl Fields {
    /// All attributes.
    pub(crate) const ALL: Self = Self(None);

    /// Reads `fields=a&fields=b`; without it, all are wanted.
    pub(crate) fn from_params(params: &Params) -> Self {
        let wanted: Vec<String> =
            params.all("fields").into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Self((!wanted.is_empty()).then_some(wanted))
    }

    /// Whether that attribute is wanted.
    pub(crate) fn want(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|wanted| wanted.iter().any(|field| field == name))
    }
}
