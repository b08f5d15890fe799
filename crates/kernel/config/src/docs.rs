//! The documentation of each setting, English and Korean, from `docs/<section>.toml`.

use std::{collections::BTreeMap, sync::OnceLock};

use ferrostack_words::Language;

/// The four parts for one setting in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Doc {
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) affects: String,
    pub(crate) change: String,
}

pub(crate) type Docs = BTreeMap<(String, &'static str), Doc>;

pub(crate) const FILES: [(&str, &str); 11] = [
    ("state", include_str!("../docs/state.toml")),
    ("api", include_str!("../docs/api.toml")),
    ("database", include_str!("../docs/database.toml")),
    ("identity", include_str!("../docs/identity.toml")),
    ("image", include_str!("../docs/image.toml")),
    ("compute", include_str!("../docs/compute.toml")),
    ("network", include_str!("../docs/network.toml")),
    ("agent", include_str!("../docs/agent.toml")),
    ("controller", include_str!("../docs/controller.toml")),
    ("log", include_str!("../docs/log.toml")),
    ("simulated", include_str!("../docs/simulated.toml")),
];

/// The documentation of a setting; tests make sure that there is one.
pub(crate) fn of(key: &str, language: Language) -> Doc {
    all().get(&(key.to_owned(), language.code())).cloned().unwrap_or_default()
}

/// All of it, parsed at the first call: starting a service does not need it.
pub(crate) fn all() -> &'static Docs {
    static DOCS: OnceLock<Docs> = OnceLock::new();
    DOCS.get_or_init(|| {
        let mut docs = Docs::new();
        for (section, file) in FILES {
            let table = file.parse::<toml::Table>().unwrap_or_default();
            for (name, languages) in &table {
                for language in Language::ALL {
                    let part = |part: &str| {
                        let text = languages.get(language.code()).and_then(|texts| texts.get(part)?.as_str());
                        text.unwrap_or_default().trim().to_owned()
                    };
                    let doc =
                        Doc { what: part("what"), why: part("why"), affects: part("affects"), change: part("change") };
                    docs.insert((format!("{section}.{name}"), language.code()), doc);
                }
            }
        }
        docs
    })
}
