//! What a server's user sees of its state, computed by one pure function from the wanted record, the observed one and
//! the live operation. The result is stored with the record in the transaction that changes one of the three.

use ferrostack_agent_api::{Power, Wanted};

/// Declares an enum whose values are stored, and shown, as text.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$value_doc])* $value),+ }

        impl $name {
            /// As stored and shown.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }
        }

        impl ferrostack_db::ToValue for $name {
            fn to_value(&self) -> ferrostack_db::Value {
                ferrostack_db::Value::Text(self.as_str().to_owned())
            }
        }

        impl ferrostack_db::FromValue for $name {
            const WANTED: &'static str = stringify!($name);
            fn from_value(value: &ferrostack_db::Value) -> Option<Self> {
                let text = <String as ferrostack_db::FromValue>::from_value(value)?;
                match text.as_str() { $($text => Some(Self::$value),)+ _ => None }
            }
        }
    };
}

words!(
    /// How far a server's life has come.
    Stage {
        /// `create_server` is building it.
        Building = "building",
        /// It is on its host.
        Built = "built",
        /// Its build failed, or nobody knows how it is.
        Failed = "failed",
        /// Gone; the record is kept for a while.
        Deleted = "deleted",
    }
);

words!(
    /// What the live operation does.
    Task {
        /// `create_server`.
        Spawning = "spawning",
        /// `stop_server`.
        PoweringOff = "powering-off",
        /// `start_server`.
        PoweringOn = "powering-on",
        /// `reboot_server`, asking the guest.
        Rebooting = "rebooting",
        /// `reboot_server`, without asking it.
        RebootingHard = "rebooting_hard",
        /// `delete_server`.
        Deleting = "deleting",
    }
);

words!(
    /// The API's `OS-EXT-STS:vm_state`.
    VmState {
        Building = "building",
        Active = "active",
        Stopped = "stopped",
        Paused = "paused",
        Error = "error",
        Deleted = "deleted",
    }
);

words!(
    /// The API's `status`.
    Status {
        Build = "BUILD",
        Active = "ACTIVE",
        Shutoff = "SHUTOFF",
        Paused = "PAUSED",
        Reboot = "REBOOT",
        HardReboot = "HARD_REBOOT",
        Error = "ERROR",
        Deleted = "DELETED",
    }
);

/// The API's `OS-EXT-STS:power_state`, with its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PowerState {
    NoState = 0,
    Running = 1,
    Paused = 3,
    Shutdown = 4,
    Crashed = 6,
}

impl PowerState {
    fn of(power: Power) -> Self {
        match power {
            Power::Running => Self::Running,
            Power::Paused => Self::Paused,
            Power::Shutdown => Self::Shutdown,
            Power::Crashed => Self::Crashed,
        }
    }

    /// As stored and shown.
    pub(crate) fn number(self) -> i64 {
        self as i64
    }

    /// The state with that number; `NoState` for any other.
    pub(crate) fn numbered(number: i64) -> Self {
        [Self::Running, Self::Paused, Self::Shutdown, Self::Crashed]
            .into_iter()
            .find(|state| state.number() == number)
            .unwrap_or(Self::NoState)
    }
}

/// The wanted side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub stage: Stage,
    pub power: Wanted,
    pub task: Option<Task>,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    pub status: Status,
    pub vm_state: VmState,
    pub task_state: Option<Task>,
    pub power_state: PowerState,
}

/// The one function. What was never observed counts as it is wanted.
pub(crate) fn derive(wish: Wish, observed: Option<Power>) -> State {
    let (vm_state, power_state) = match (wish.stage, observed) {
        (Stage::Building, _) => (VmState::Building, PowerState::NoState),
        (Stage::Deleted, _) => (VmState::Deleted, PowerState::NoState),
        (Stage::Failed, power) => (VmState::Error, power.map_or(PowerState::NoState, PowerState::of)),
        (Stage::Built, None) => match wish.power {
            Wanted::On => (VmState::Active, PowerState::Running),
            Wanted::Off => (VmState::Stopped, PowerState::Shutdown),
        },
        (Stage::Built, Some(power)) => {
            let vm_state = match power {
                Power::Running => VmState::Active,
                Power::Paused => VmState::Paused,
                Power::Shutdown | Power::Crashed => VmState::Stopped,
            };
            (vm_state, PowerState::of(power))
        }
    };
    let status = match (vm_state, wish.task) {
        (VmState::Active | VmState::Stopped | VmState::Paused, Some(Task::Rebooting)) => Status::Reboot,
        (VmState::Active | VmState::Stopped | VmState::Paused, Some(Task::RebootingHard)) => Status::HardReboot,
        (VmState::Building, _) => Status::Build,
        (VmState::Active, _) => Status::Active,
        (VmState::Stopped, _) => Status::Shutoff,
        (VmState::Paused, _) => Status::Paused,
        (VmState::Error, _) => Status::Error,
        (VmState::Deleted, _) => Status::Deleted,
    };
    State { status, vm_state, task_state: wish.task, power_state }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_see_follows_from_wish_observation_and_operation() {
        let table = [
            (Stage::Building, Wanted::On, Some(Task::Spawning), None, "BUILD building spawning 0"),
            (Stage::Building, Wanted::On, Some(Task::Deleting), None, "BUILD building deleting 0"),
            (Stage::Built, Wanted::On, None, None, "ACTIVE active - 1"),
            (Stage::Built, Wanted::On, None, Some(Power::Running), "ACTIVE active - 1"),
            (Stage::Built, Wanted::Off, None, None, "SHUTOFF stopped - 4"),
            (Stage::Built, Wanted::On, None, Some(Power::Shutdown), "SHUTOFF stopped - 4"),
            (Stage::Built, Wanted::On, None, Some(Power::Crashed), "SHUTOFF stopped - 6"),
            (Stage::Built, Wanted::On, None, Some(Power::Paused), "PAUSED paused - 3"),
            (Stage::Built, Wanted::On, Some(Task::PoweringOff), Some(Power::Running), "ACTIVE active powering-off 1"),
            (Stage::Built, Wanted::Off, Some(Task::PoweringOn), Some(Power::Shutdown), "SHUTOFF stopped powering-on 4"),
            (Stage::Built, Wanted::On, Some(Task::Rebooting), Some(Power::Running), "REBOOT active rebooting 1"),
            (
                Stage::Built,
                Wanted::On,
                Some(Task::RebootingHard),
                Some(Power::Running),
                "HARD_REBOOT active rebooting_hard 1",
            ),
            (Stage::Built, Wanted::On, Some(Task::Deleting), Some(Power::Running), "ACTIVE active deleting 1"),
            (Stage::Failed, Wanted::On, None, None, "ERROR error - 0"),
            (Stage::Failed, Wanted::On, Some(Task::Deleting), None, "ERROR error deleting 0"),
            (Stage::Deleted, Wanted::On, None, None, "DELETED deleted - 0"),
        ];
        for (stage, power, task, observed, expected) in table {
            let state = derive(Wish { stage, power, task }, observed);
            let task = state.task_state.map_or("-", Task::as_str);
            let text =
                format!("{} {} {task} {}", state.status.as_str(), state.vm_state.as_str(), state.power_state.number());
            assert_eq!(text, expected, "{stage:?} {power:?} {observed:?}");
        }
    }
}
