//! Settings: one TOML file, typed, refused with line and nearest name where it is wrong, and documented in place.
//!
//! [`table`](mod@table) declares every setting once: section, name, type, default, range and who reads it. From there
//! come the structs that services read, the loader, `config show` and `config explain`. The documentation stands in
//! `docs/<section>.toml`, English and Korean side by side; tests hold both complete. To add a setting, add its line to
//! the table and its texts to the file of its section.
//!
//! ```
//! use ferrostack_config::Settings;
//!
//! let settings = Settings::from_str("[compute]\ncpu_allocation_ratio = 2.0\n", "ferrostack.toml")?;
//! assert_eq!(settings.compute.cpu_allocation_ratio, 2.0);
//! assert_eq!(settings.network.physical_mtu, 1500);
//!
//! let refused = Settings::from_str("[network]\nphysical_mut = 9000\n", "ferrostack.toml").unwrap_err();
//! assert_eq!(refused.to_string(), "ferrostack.toml:2:1: unknown setting network.physical_mut; \
//!     did you mean network.physical_mtu?");
//! # Ok::<(), ferrostack_config::ConfigError>(())
//! ```

mod checks;
mod docs;
mod error;
mod explain;
mod load;
mod nearest;
mod show;
pub mod table;
mod types;
pub mod usage;
mod value;

pub use error::{ConfigError, Place, Problem, ProblemKind};
pub use explain::{Explanation, explain};
pub use table::{
    AgentSettings, ApiSettings, ComputeSettings, ControllerSettings, DatabaseSettings, IdentitySettings, ImageSettings,
    LogSettings, NetworkSettings, Settings, SimulatedSettings, StateSettings,
};
pub use types::{
    ControllerUrl, DatabaseUrl, DomainName, HttpUrl, LogFilter, LogFormat, MacPrefix, OvsdbAddress, VirtTypeChoice,
};
pub use value::Kind;

use std::path::Path;

/// Where the commands look for settings when no file is named.
pub const DEFAULT_PATH: &str = "/etc/ferrostack/ferrostack.toml";

/// The keys of all settings, section by section, as the table has them.
pub fn keys() -> impl Iterator<Item = &'static str> {
    table::TABLE.iter().map(|row| row.key)
}

/// Checks a file without using it; answers how many settings it sets.
///
/// # Errors
/// The file cannot be read, or [`ConfigError::Wrong`] with everything that is wrong in it.
pub fn check(path: &Path) -> Result<usize, ConfigError> {
    let settings = Settings::load(path)?;
    Ok(keys().filter(|key| matches!(settings.origin(key), Origin::File { .. })).count())
}

/// Where the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// The table's default.
    #[default]
    Default,
    /// No value was given; it follows from other settings.
    Derived,
    /// The settings file.
    File {
        /// Line in the file, from 1.
        line: usize,
    },
    /// An option of the command, set by [`Settings::set`].
    CommandLine,
}

#[cfg(test)]
mod tests;
