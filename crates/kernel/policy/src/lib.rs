//! Who may do what: the rule language of oslo.policy, and the table of all API actions.
//!
//! Every service declares its actions as data (`pub const ACTIONS: &[Action]`). [`Policy::new`] gathers them, parses
//! each rule once and resolves the references between them; [`Policy::with_overrides`] lays an operator's
//! `policy.yaml` on top. What is wrong in a rule (syntax, an unknown rule or attribute, a circle) is found there and
//! never at a request, so that [`Policy::check`] only walks a tree and allocates nothing.
//!
//! The language, as operators know it from
//! <https://docs.openstack.org/oslo.policy/latest/admin/policy-yaml-file.html>:
//!
//! | check | holds when |
//! | --- | --- |
//! | `@`, empty | always |
//! | `!` | never |
//! | `role:NAME` | one of the token's roles has that name, in whatever case |
//! | `rule:NAME` | the rule of that name holds |
//! | `ATTRIBUTE:TEXT` | the caller's attribute is that text; `None` stands for an attribute without value |
//! | `ATTRIBUTE:%(KEY)s` | the caller's attribute equals the target's |
//! | `'TEXT':%(KEY)s`, `True:%(KEY)s` | the target's attribute is that text |
//! | `None:%(KEY)s` | the target has that attribute, without a value |
//! | `field:RESOURCE:KEY=TEXT` | the target's attribute is that text; `=~^TEXT`: begins with it |
//!
//! They combine with `not`, `and`, `or` and parentheses; `not` binds closest, then `and`. Where oslo.policy quietly
//! treats a mistake as "never", this crate refuses the rule. An attribute without a value never equals one of the
//! target, so a token without a project does not own what belongs to no project.

mod action;
mod check;
mod creds;
mod denied;
mod error;
mod explain;
mod lexer;
mod overrides;
mod parser;
mod policy;
mod target;
mod template;

pub use action::{Action, Scope};
pub use creds::{Creds, Role};
pub use denied::Denied;
pub use error::PolicyError;
pub use explain::{Explanation, Outcome};
pub use policy::{Policy, Rule, Source};
pub use target::Target;
