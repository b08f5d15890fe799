//! Makes a message of what went wrong: what happened, the cause as the system told it, and what helps.

use std::{error::Error, fmt::Display, io, net::SocketAddr, path::Path};

use ferrostack_agent::StartError;
use ferrostack_agent_link::LinkError;
use ferrostack_base::chain;
use ferrostack_config::ConfigError;
use ferrostack_daemons::DaemonError;
use ferrostack_db::DbError;
use ferrostack_http::ServeError;
use ferrostack_words::Words;

use crate::{error::CommandError, exit::Exit};

/// The message for people, and how the program ends. The first error of the chain that is known here decides; others are
/// told as they are.
pub fn report(error: &anyhow::Error, words: Words) -> (String, Exit) {
    let known = error.chain().find_map(|cause| {
        let command = cause.downcast_ref::<CommandError>().map(|error| of_command(error, words));
        command.or_else(|| {
            let of_cause = cause.downcast_ref::<DbError>().map(|error| of_database(error, words));
            let of_cause =
                of_cause.or_else(|| cause.downcast_ref::<ServeError>().map(|error| of_listener(error, words)));
            let of_cause = of_cause.or_else(|| cause.downcast_ref::<LinkError>().map(|error| of_link(error, words)));
            let of_cause =
                of_cause.or_else(|| cause.downcast_ref::<DaemonError>().map(|error| of_daemon(error, words)));
            of_cause.or_else(|| cause.downcast_ref::<StartError>().map(of_agent))
        })
    });
    let Message { text, cause, exit } =
        known.unwrap_or_else(|| Message { text: format!("{error:#}"), cause: None, exit: Exit::Found });
    let mut text = format!("{}: {text}", words.text("cli.error.title"));
    if let Some(cause) = cause {
        text.push('\n');
        text += &words.get("cli.error.cause", &[("cause", &cause)]);
    }
    (text, exit)
}

struct Message {
    text: String,
    /// What the system said, in its own language.
    cause: Option<String>,
    exit: Exit,
}

impl Message {
    fn usage(text: String) -> Self {
        Self { text, cause: None, exit: Exit::Usage }
    }

    fn environment(text: String) -> Self {
        Self { text, cause: None, exit: Exit::Environment }
    }

    fn because(self, cause: impl Display) -> Self {
        Self { cause: Some(cause.to_string()), ..self }
    }
}

fn of_command(error: &CommandError, words: Words) -> Message {
    match error {
        CommandError::Settings(error) => of_settings(error, words),
        CommandError::NotRoot => Message::environment(words.text("cli.error.not_root")),
        CommandError::NoAuthority { dir } => {
            Message::environment(words.get("cli.error.no_authority", &[("path", &dir.display())]))
        }
        CommandError::NoBundle { dir, node } => {
            Message::environment(words.get("cli.error.no_bundle", &[("path", &dir.display()), ("node", node)]))
        }
        CommandError::OtherNode { dir, holder, node } => {
            let arguments: [(&str, &dyn Display); 3] = [("path", &dir.display()), ("holder", holder), ("node", node)];
            Message::environment(words.get("cli.error.other_node", &arguments))
        }
        CommandError::OtherHolder { dir, holder } => {
            Message::environment(words.get("cli.error.other_holder", &[("path", &dir.display()), ("holder", holder)]))
        }
        CommandError::Log(error) => Message::environment(words.text("cli.error.log")).because(chain(error)),
        CommandError::System(error) => Message::environment(words.text("cli.error.system")).because(error),
        CommandError::AlreadyRunning { dir, pid } => {
            let pid = pid.map_or_else(|| "?".to_owned(), |pid| pid.to_string());
            Message::environment(words.get("cli.error.already_running", &[("pid", &pid), ("path", &dir.display())]))
        }
        CommandError::NotRunning { dir } => {
            Message::environment(words.get("cli.error.not_running", &[("path", &dir.display())]))
        }
        CommandError::NoAnswer { dir, reason } => {
            Message::environment(words.get("cli.error.no_answer", &[("path", &dir.display())])).because(reason)
        }
        CommandError::Path { path, source } => of_path(path, source, words),
        CommandError::NoDatabase { path } => {
            Message::environment(words.get("cli.error.no_database", &[("path", &path.display())]))
        }
        CommandError::DatabaseFile { path, source } => match source {
            DbError::NewerSchema { .. } | DbError::NoSpace(_) => of_database(source, words),
            _ => Message::environment(words.get("cli.error.database_file", &[("path", &path.display())]))
                .because(chain(source)),
        },
        CommandError::DatabaseServer { url, source } => match source {
            Some(error @ (DbError::NewerSchema { .. } | DbError::NoSpace(_))) => of_database(error, words),
            _ => {
                let message = Message::environment(words.get("cli.error.database_server", &[("url", url)]));
                match source {
                    Some(source) => message.because(chain(source)),
                    None => message.because(words.text("cli.error.no_answer_in_time")),
                }
            }
        },
        CommandError::OlderSchema { component, found, known } => {
            let arguments: [(&str, &dyn Display); 3] = [("component", component), ("found", found), ("known", known)];
            Message::environment(words.get("cli.error.database_older", &arguments))
        }
    }
}

fn of_settings(error: &ConfigError, words: Words) -> Message {
    let text = error.text(words);
    match error {
        ConfigError::Wrong { .. } => Message::usage(format!("{}\n{text}", words.text("cli.error.settings_wrong"))),
        ConfigError::Unreadable { source, .. } => Message::usage(text).because(source),
        ConfigError::UnknownKey { .. } => Message::usage(text),
    }
}

fn of_path(path: &Path, error: &io::Error, words: Words) -> Message {
    let key = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "cli.error.no_space",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "cli.error.no_permission",
        _ => "cli.error.path_unusable",
    };
    Message::environment(words.get(key, &[("path", &path.display())])).because(error)
}

fn of_database(error: &DbError, words: Words) -> Message {
    match error {
        DbError::NewerSchema { component, found, known } => {
            let arguments: [(&str, &dyn Display); 3] = [("component", component), ("found", found), ("known", known)];
            Message::environment(words.get("cli.error.database_newer", &arguments))
        }
        DbError::NoSpace(_) => Message::environment(words.text("cli.error.database_full")).because(chain(error)),
        _ => Message::environment(words.text("cli.error.database")).because(chain(error)),
    }
}

fn of_listener(error: &ServeError, words: Words) -> Message {
    match error {
        ServeError::Listen { address, source } => of_address(address, source, words),
        _ => Message::environment(words.text("cli.error.listener_broke")).because(chain(error)),
    }
}

fn of_address(address: &SocketAddr, source: &io::Error, words: Words) -> Message {
    let key = match source.kind() {
        io::ErrorKind::AddrInUse => "cli.error.port_taken",
        io::ErrorKind::AddrNotAvailable => "cli.error.address_not_here",
        io::ErrorKind::PermissionDenied => "cli.error.port_forbidden",
        _ => "cli.error.listen",
    };
    Message::environment(words.get(key, &[("address", address)])).because(source)
}

fn of_link(error: &LinkError, words: Words) -> Message {
    match error {
        LinkError::Listen { address, source } => {
            Message::environment(words.get("cli.error.management_port", &[("address", address)])).because(source)
        }
        // They name the file and the cure.
        _ => Message::environment(words.text("cli.error.link")).because(chain(error)),
    }
}

/// Engines name the cure themselves.
fn of_daemon(error: &DaemonError, words: Words) -> Message {
    match error {
        DaemonError::NotRoot => of_command(&CommandError::NotRoot, words),
        DaemonError::Listen { address, source } => of_address(address, source, words),
        DaemonError::File { path, source, .. } => of_path(path, source, words),
        error => of_others(error),
    }
}

fn of_agent(error: &StartError) -> Message {
    of_others(error)
}

/// What words itself, with its cause.
fn of_others(error: &dyn Error) -> Message {
    let message = Message::environment(error.to_string());
    match error.source() {
        Some(cause) => message.because(chain(cause)),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use ferrostack_words::Language;

    use super::*;

    fn reported(error: impl Into<anyhow::Error>) -> (String, Exit) {
        report(&error.into(), Words::new(Language::English))
    }

    #[test]
    fn folders_tell_what_is_in_the_way() {
        for (kind, told) in [
            (io::ErrorKind::StorageFull, "There is no space left in /srv/state."),
            (io::ErrorKind::QuotaExceeded, "There is no space left in /srv/state."),
            (io::ErrorKind::PermissionDenied, "There is no permission to use /srv/state."),
            (io::ErrorKind::ReadOnlyFilesystem, "There is no permission to use /srv/state."),
            (io::ErrorKind::NotADirectory, "/srv/state cannot be used."),
        ] {
            let (text, exit) = reported(CommandError::Path { path: "/srv/state".into(), source: kind.into() });
            assert!(text.starts_with(&format!("Error: {told}\n")), "{text}");
            assert!(text.contains("Cause: "), "{text}");
            assert_eq!(exit, Exit::Environment);
        }
    }

    #[test]
    fn addresses_tell_what_is_in_the_way() {
        for (kind, told) in [
            (io::ErrorKind::AddrInUse, "is in use by another program"),
            (io::ErrorKind::AddrNotAvailable, "does not belong to this machine"),
            (io::ErrorKind::PermissionDenied, "below 1024"),
        ] {
            let address = ([127, 0, 0, 1], 80).into();
            let (text, exit) = reported(ServeError::Listen { address, source: kind.into() });
            assert!(text.contains("127.0.0.1:80") && text.contains(told), "{text}");
            assert_eq!(exit, Exit::Environment);
        }
    }

    #[test]
    fn engines_tell_what_is_in_the_way() {
        let missing = DaemonError::Missing { program: "ovn-northd".to_owned(), package: "ovn-central" };
        let (text, exit) = reported(missing);
        assert_eq!(text, "Error: ovn-northd is not installed; install it with: apt-get install ovn-central");
        assert_eq!(exit, Exit::Environment);
        let (text, _) = reported(DaemonError::NotRoot);
        assert_eq!(text, reported(CommandError::NotRoot).0);
        let taken = || io::Error::from(io::ErrorKind::AddrInUse);
        let address = ([127, 0, 0, 1], 80).into();
        let (text, _) = reported(DaemonError::Listen { address, source: taken() });
        assert_eq!(text, reported(ServeError::Listen { address, source: taken() }).0);
        let closed = StartError::Closed { path: "/root".into(), user: 64055 };
        let (text, exit) = reported(closed);
        assert!(text.contains("/root") && text.contains("64055"), "{text}");
        assert_eq!(exit, Exit::Environment);
    }

    #[test]
    fn causes_are_found_below_what_the_cloud_says() {
        let newer = DbError::NewerSchema { component: "compute".to_owned(), found: 9, known: 3 };
        let error = anyhow::Error::from(newer).context("the tables");
        let (text, exit) = report(&error, Words::new(Language::Korean));
        assert!(text.starts_with("오류: ") && text.contains("compute") && text.contains('9'), "{text}");
        assert_eq!(exit, Exit::Environment);
        let (text, exit) = reported(anyhow::anyhow!("inner").context("outer"));
        assert_eq!((text.as_str(), exit), ("Error: outer: inner", Exit::Found));
    }

    #[test]
    fn a_full_disk_is_told_as_that() {
        let full = || DbError::NoSpace(sqlx::Error::PoolTimedOut);
        for error in [
            CommandError::DatabaseFile { path: "/srv/f.db".into(), source: full() },
            CommandError::DatabaseServer { url: "mysql://db/x".to_owned(), source: Some(full()) },
        ] {
            let (text, exit) = reported(error);
            assert!(text.starts_with("Error: There is no space left for the database."), "{text}");
            assert_eq!(exit, Exit::Environment);
        }
    }

    #[test]
    fn a_silent_server_is_named_without_its_password() {
        let url = ferrostack_config::DatabaseUrl::parse("mysql://stack:hunter2@db:3306/x").unwrap().to_string();
        let (text, _) = reported(CommandError::DatabaseServer { url, source: None });
        assert!(text.contains("mysql://stack:***@db:3306/x") && !text.contains("hunter2"), "{text}");
    }
}
