//! Faults for tests: the generated matrix (R14) stops, fails and repeats operations at every place.

use std::sync::Arc;

use tokio::sync::Notify;

/// Where an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Before a step's action.
    BeforeAction,
    /// After it, before its record is written.
    BeforeLog,
    /// After its record is written.
    AfterLog,
    /// Before a step is undone.
    BeforeUndo,
    /// After it, before that is written.
    BeforeUndoLog,
    /// After that is written.
    AfterUndoLog,
    /// Before the last transaction.
    BeforeEnd,
    /// After it.
    AfterEnd,
}

/// A place in a running operation.
#[derive(Debug, Clone, Copy)]
pub struct Point<'a> {
    /// The operation's kind.
    pub kind: &'a str,
    /// The step's full name; `finish` and `failed` for the last transaction.
    pub step: &'a str,
    /// Where in the step.
    pub place: Place,
}

/// What happens there.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Nothing special.
    Go,
    /// The action, or its undoing, fails.
    Fail,
    /// The action, or its undoing, runs twice.
    Repeat,
    /// This controller stops dead: it writes nothing any more.
    Crash,
    /// This controller stands still until it is told to go on, as a paused machine does.
    Hold(Arc<Notify>),
}

/// Decides at each point.
pub trait Inject: Send + Sync {
    /// What happens at that point.
    fn at(&self, point: Point<'_>) -> Verdict;
}

/// Bugs planted on purpose, to see that the tests find them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Fences are not raised.
    FenceRemoved,
    /// The first recorded step is not undone.
    UndoSkipped,
    /// Steps are written without comparing the epoch.
    EpochUnchecked,
    /// A claim does not ask whether the owner is alive nor whether someone else was faster.
    DoubleClaim,
    /// An accepted operation is not started.
    LostWakeUp,
}
