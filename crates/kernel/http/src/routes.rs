//! Routes as data: what a service offers, and what must hold before a handler runs.

use std::sync::Arc;

use axum::{
    handler::Handler,
    http::Method,
    routing::{MethodFilter, MethodRouter, on},
};
use ferrostack_auth::Microversion;

use crate::{Schema, SchemaRange};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, also without a token: discovery and login.
    Public,
    /// Everybody with a token; nothing of a project is shown or changed.
    Authenticated,
    /// Whom the policy's action allows. Several are asked by the handler, each at its place; the first one here.
    Policy(&'static str),
}

/// What is known of a route without calling it.
#[derive(Debug, Clone)]
pub struct RouteInfo {
    /// The method.
    pub method: Method,
    /// The path below the service's prefix.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Its body's schemas by microversion; empty when it takes no JSON.
    pub schemas: Vec<SchemaRange>,
    /// Why a route with a body has no schema, such as `binary data`.
    pub no_schema: Option<&'static str>,
    /// The microversions in which it exists.
    pub versions: (Microversion, Microversion),
}

impl RouteInfo {
    /// The schema for that microversion.
    pub fn schema(&self, version: Microversion) -> Option<&'static Schema> {
        self.schemas.iter().find(|range| (range.min..=range.max).contains(&version)).map(|range| range.schema)
    }
}

/// The routes of a service.
pub struct Routes<S> {
    pub(crate) list: Vec<(RouteInfo, MethodRouter<S>)>,
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident $filter:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name<H, T>(self, path: &'static str, handler: H) -> Self
        where
            H: Handler<T, S>,
            T: 'static,
        {
            self.add(Method::$filter, MethodFilter::$filter, path, handler)
        }
    )*};
}

const EVER: (Microversion, Microversion) = (Microversion::new(0, 0), Microversion::new(u16::MAX, u16::MAX));

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes yet.
    #[allow(clippy::new_without_default, reason = "routes are always built up")]
    pub fn new() -> Self {
        Self { list: Vec::new() }
    }

    verbs! {
        /// A GET route.
        get GET;
        /// A POST route.
        post POST;
        /// A PUT route.
        put PUT;
        /// A PATCH route.
        patch PATCH;
        /// A DELETE route.
        delete DELETE;
        /// A HEAD route.
        head HEAD;
    }

    fn add<H, T>(mut self, method: Method, filter: MethodFilter, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let info = RouteInfo {
            method,
            path,
            access: Access::Authenticated,
            schemas: Vec::new(),
            no_schema: None,
            versions: EVER,
        };
        self.list.push((info, on(filter, handler)));
        self
    }

    fn last(mut self, change: impl FnOnce(&mut RouteInfo)) -> Self {
        if let Some((info, _)) = self.list.last_mut() {
            change(info);
        }
        self
    }

    /// The policy's action for the route just added.
    #[must_use]
    pub fn policy(self, action: &'static str) -> Self {
        self.last(|info| info.access = Access::Policy(action))
    }

    /// The route just added needs no token.
    #[must_use]
    pub fn public(self) -> Self {
        self.last(|info| info.access = Access::Public)
    }

    /// The schema of the route just added, for all microversions.
    #[must_use]
    pub fn schema(self, schema: &'static Schema) -> Self {
        self.schema_between(schema, EVER.0, EVER.1)
    }

    /// A schema of the route just added for a range of microversions.
    #[must_use]
    pub fn schema_between(self, schema: &'static Schema, min: Microversion, max: Microversion) -> Self {
        self.last(|info| info.schemas.push(SchemaRange { min, max, schema }))
    }

    /// The route just added has a body, but no schema can describe it.
    #[must_use]
    pub fn no_schema(self, why: &'static str) -> Self {
        self.last(|info| info.no_schema = Some(why))
    }

    /// The route just added exists from `min` to `max`; outside it answers 404.
    #[must_use]
    pub fn versions(self, min: Microversion, max: Microversion) -> Self {
        self.last(|info| info.versions = (min, max))
    }

    /// Adds the routes of another resource.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.list.extend(other.list);
        self
    }

    /// What is known of all routes.
    pub fn infos(&self) -> Vec<Arc<RouteInfo>> {
        self.list.iter().map(|(info, _)| Arc::new(info.clone())).collect()
    }
}
