//! All commands and options.

use clap::{Arg, ArgAction, Command, builder::Styles, value_parser};
use clap_complete::Shell;
use ferrostack_words::{Language, Words};

/// A command's own options stand before those that all commands have.
const LAST: usize = 900;

/// The whole command line, with its help in the language of `words`.
pub fn definition(words: Words) -> Command {
    let make = Make { words };
    let root = make
        .command("ferrostack", "cli.help.root.about", "cli.help.root.example")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(make.path("config", "FILE", "cli.help.option.config").long("config").display_order(LAST).global(true))
        .arg(
            make.option("language", "LANGUAGE", "cli.help.option.language")
                .value_parser(|text: &str| text.parse::<Language>().map(|_| text.to_owned()))
                .display_order(LAST)
                .global(true),
        )
        .arg(make.flag("version", "cli.help.option.version").short('V').display_order(LAST).action(ArgAction::Version))
        .subcommands([
            make.up(),
            make.init(),
            make.controller(),
            make.agent(),
            make.migrate(),
            make.config(),
            make.status(),
            make.trace(),
            make.explain(),
            make.audit(),
            make.completion(),
            make.command("version", "cli.help.version.about", "cli.help.version.example"),
        ]);
    make.finish(root, "")
}

struct Make {
    words: Words,
}

impl Make {
    fn up(&self) -> Command {
        let command = self
            .command("up", "cli.help.up.about", "cli.help.up.example")
            .arg(self.flag("simulated", "cli.help.option.simulated"))
            .arg(self.option("nodes", "N", "cli.help.option.nodes"))
            .arg(self.option("isolate", "NAME", "cli.help.option.isolate").conflicts_with("simulated"))
            .arg(self.option("listen", "ADDR:PORT", "cli.help.option.listen"));
        self.with_data(command)
    }

    fn init(&self) -> Command {
        self.command("init", "cli.help.init.about", "cli.help.init.example")
            .arg(self.option("node", "NAME", "cli.help.option.node").requires("out"))
            .arg(self.path("out", "DIR", "cli.help.option.out").long("out").requires("node"))
            .arg(self.state_dir())
    }

    fn controller(&self) -> Command {
        let command = self
            .command("controller", "cli.help.controller.about", "cli.help.controller.example")
            .arg(self.option("isolate", "NAME", "cli.help.option.isolate"))
            .arg(self.option("listen", "ADDR:PORT", "cli.help.option.listen"));
        self.with_data(command)
    }

    fn agent(&self) -> Command {
        self.command("agent", "cli.help.agent.about", "cli.help.agent.example")
            .arg(self.option("isolate", "NAME", "cli.help.option.isolate"))
            .arg(self.state_dir())
    }

    fn migrate(&self) -> Command {
        self.with_data(self.command("migrate", "cli.help.migrate.about", "cli.help.migrate.example"))
    }

    fn config(&self) -> Command {
        let show = self
            .command("show", "cli.help.config_show.about", "cli.help.config_show.example")
            .arg(self.flag("all", "cli.help.option.all"));
        let explain = self
            .command("explain", "cli.help.config_explain.about", "cli.help.config_explain.example")
            .arg(self.argument("setting", "SETTING", "cli.help.option.setting"));
        let check = self
            .command("check", "cli.help.config_check.about", "cli.help.config_check.example")
            .arg(self.path("file", "FILE", "cli.help.option.file").help_heading(self.heading("cli.help.arguments")));
        self.command("config", "cli.help.config.about", "cli.help.config.example")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands([self.with_data(show), explain, check])
    }

    fn status(&self) -> Command {
        let command = self
            .command("status", "cli.help.status.about", "cli.help.status.example")
            .arg(self.flag("json", "cli.help.option.json"));
        self.with_data(command)
    }

    fn trace(&self) -> Command {
        let command = self
            .command("trace", "cli.help.trace.about", "cli.help.trace.example")
            .arg(self.argument("request-id", "REQUEST-ID", "cli.help.option.request_id").required(true));
        self.with_data(command)
    }

    fn explain(&self) -> Command {
        let command = self
            .command("explain", "cli.help.explain.about", "cli.help.explain.example")
            .arg(self.argument("id", "ID", "cli.help.option.id").required(true));
        self.with_data(command)
    }

    fn audit(&self) -> Command {
        self.with_data(self.command("audit", "cli.help.audit.about", "cli.help.audit.example"))
    }

    fn completion(&self) -> Command {
        let shell = self
            .argument("shell", "SHELL", "cli.help.option.shell")
            .required(true)
            .value_parser(value_parser!(Shell))
            .hide_possible_values(true);
        self.command("completion", "cli.help.completion.about", "cli.help.completion.example").arg(shell)
    }

    /// The options of commands that look at a cloud's data.
    fn with_data(&self, command: Command) -> Command {
        command.arg(self.state_dir()).arg(self.option("database", "URL", "cli.help.option.database"))
    }

    fn state_dir(&self) -> Arg {
        self.path("state-dir", "DIR", "cli.help.option.state_dir").long("state-dir")
    }

    fn command(&self, name: &'static str, about: &str, example: &str) -> Command {
        let examples = self.words.text(example).replace('\n', "\n  ");
        Command::new(name)
            .about(self.words.text(about))
            .after_help(format!("{}:\n  {examples}", self.words.text("cli.help.examples")))
            .help_template(format!(
                "{{about}}\n\n{}: {{usage}}\n\n{{all-args}}{{after-help}}\n",
                self.words.text("cli.help.usage")
            ))
            .subcommand_help_heading(self.heading("cli.help.commands"))
            .styles(Styles::plain())
    }

    /// Headings must live as long as the program; those of the catalog do.
    fn heading(&self, key: &'static str) -> &'static str {
        self.words.raw(key).unwrap_or(key)
    }

    fn arg(&self, name: &'static str, help: &str) -> Arg {
        Arg::new(name).help(self.words.text(help)).help_heading(self.heading("cli.help.options"))
    }

    fn flag(&self, name: &'static str, help: &str) -> Arg {
        self.arg(name, help).long(name).action(ArgAction::SetTrue)
    }

    fn option(&self, name: &'static str, value: &'static str, help: &str) -> Arg {
        self.arg(name, help).long(name).value_name(value)
    }

    fn path(&self, name: &'static str, value: &'static str, help: &str) -> Arg {
        self.arg(name, help).value_name(value).value_parser(value_parser!(std::path::PathBuf))
    }

    fn argument(&self, name: &'static str, value: &'static str, help: &str) -> Arg {
        self.arg(name, help).value_name(value).help_heading(self.heading("cli.help.arguments"))
    }

    /// What every command has: `--help`, and a usage line in the language of the reader.
    fn finish(&self, mut command: Command, path: &str) -> Command {
        let path = format!("{path} {}", command.get_name()).trim_start().to_owned();
        let mut usage = format!("{path} {}", self.words.text("cli.help.usage_options"));
        if command.has_subcommands() {
            usage += &format!(" {}", self.words.text("cli.help.usage_command"));
        }
        for argument in command.get_positionals() {
            let name = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
            usage += &if argument.is_required_set() { format!(" <{name}>") } else { format!(" [{name}]") };
        }
        let inner: Vec<_> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
        for name in inner {
            command = command.mut_subcommand(name, |inner| self.finish(inner, &path));
        }
        let help = self.flag("help", "cli.help.option.help").short('h').display_order(LAST).action(ArgAction::Help);
        command.arg(help).override_usage(usage)
    }
}
