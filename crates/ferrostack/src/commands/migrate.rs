//! `ferrostack migrate`

use ferrostack_config::Settings;
use ferrostack_words::Words;

use super::Answer;
use crate::{cloud, database, state_dir::StateDir};

/// Brings the tables of the database to this version; tells for each service what changed.
///
/// # Errors
/// The database cannot be used or is newer; a running process uses its file.
pub async fn run(settings: &Settings, words: Words) -> anyhow::Result<Answer> {
    let known = cloud::migrations();
    // A file belongs to the process that holds its folder; a server is for several, and tables are expanded first.
    let _held = match settings.database.url.sqlite_path() {
        Some(_) => Some(StateDir::take(&settings.state.dir)?),
        None => None,
    };
    let db = database::open(settings).await?;
    let before = database::versions(&db).await.map_err(|error| database::refused(settings, error))?;
    db.migrate(&known).await.map_err(|error| database::refused(settings, error))?;
    let mut text = String::new();
    for migrations in &known {
        let component = migrations.component;
        let (from, to) = (before.get(component).copied().unwrap_or(0), database::newest(migrations));
        if from != to {
            text += &words.get("cli.migrate.done", &[("component", &component), ("from", &from), ("to", &to)]);
            text.push('\n');
        }
    }
    if text.is_empty() {
        text = words.text("cli.migrate.nothing") + "\n";
    }
    Ok(Answer::success(text))
}
