//! Which kinds of operations this controller knows, without their types.

use std::{future::Future, pin::Pin, sync::Arc};

use crate::{Operation, execute, saga::Shared, store::Live};

pub(crate) type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A kind of operation with its service's handle.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) version: i64,
    run: Box<dyn Fn(Arc<Shared>, Live) -> Run + Send + Sync>,
}

impl Kind {
    pub(crate) fn of<O: Operation>(world: O::World) -> Self {
        Self {
            name: O::KIND,
            version: O::VERSION,
            run: Box::new(move |shared, live| Box::pin(execute::execute::<O>(shared, live, world.clone()))),
        }
    }

    pub(crate) fn run(&self, shared: Arc<Shared>, live: Live) -> Run {
        (self.run)(shared, live)
    }
}
