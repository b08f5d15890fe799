//! Allocation candidates: the query; the answer is [`render`]'s.

mod render;

use ferrostack_auth::Microversion;
use ferrostack_http::Params;

pub(crate) use render::render;

use super::{query, v};
use crate::{
    PlacementError,
    app::candidate::{Group, Request},
    error::{BAD_VALUE, DUPLICATE_KEY, MISSING_VALUE},
};

/// The parameters that belong to groups.
const GROUPED: [(&str, u16); 4] = [("resources", 10), ("required", 17), ("member_of", 21), ("in_tree", 31)];

/// Splits a key into parameter and suffix, if this version has it.
fn grouped(key: &str, version: Microversion) -> Option<(&'static str, &str)> {
    let (parameter, since) = GROUPED.into_iter().find(|(parameter, _)| key.starts_with(parameter))?;
    let suffix = key.strip_prefix(parameter)?;
    let numbered = suffix.bytes().all(|byte| byte.is_ascii_digit()) && !suffix.starts_with('0');
    let named =
        suffix.len() <= 64 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let fits = suffix.is_empty() || (version >= v(25) && numbered) || (version >= v(33) && named);
    (version >= v(since) && fits).then_some((parameter, suffix))
}

/// Reads a query.
pub(crate) fn request(params: &Params, version: Microversion) -> Result<Request, PlacementError> {
    let mut request = Request { nested: version >= v(29), ..Request::default() };
    for (key, value) in params.iter() {
        if let Some((parameter, suffix)) = grouped(key, version) {
            read_group(&mut request, params, version, parameter, suffix, value)?;
            continue;
        }
        let known = match key {
            "limit" => version >= v(16),
            "group_policy" => version >= v(25),
            "root_required" => version >= v(35),
            "same_subtree" => version >= v(36),
            _ => false,
        };
        if !known {
            // Where parameters may have suffixes, anything could have been meant as one.
            return Err(if version >= v(25) { malformed_suffix(key, version) } else { query::unexpected(key) });
        }
    }
    let granular = request.groups.iter().filter(|group| !group.suffix.is_empty()).count();
    if version < v(25) && request.groups.iter().all(|group| group.resources.is_empty()) {
        return Err(PlacementError::invalid("Invalid query string parameters: 'resources' is a required property"));
    }
    read_limit(&mut request, params)?;
    let policy = read_policy(&mut request, params)?;
    read_root(&mut request, params)?;
    read_subtrees(&mut request, params)?;
    if version >= v(36) {
        check_subtrees(&request)?
    } else {
        check_orphans(&request)?
    }
    if version >= v(22) {
        check_conflicts(&request)?;
    }
    if granular > 1 && !policy {
        return Err(PlacementError::invalid(
            "The \"group_policy\" parameter is required when specifying more than one \"resources{N}\" parameter.",
        ));
    }
    Ok(request)
}

fn malformed_suffix(key: &str, version: Microversion) -> PlacementError {
    let suffix = if version >= v(33) { "[a-zA-Z0-9_-]{1,64}" } else { "[1-9][0-9]*" };
    let forms: Vec<String> = GROUPED.iter().map(|(parameter, _)| format!("'^{parameter}({suffix})?$'")).collect();
    PlacementError::invalid(format!(
        "Invalid query string parameters: '{key}' does not match any of the regexes: {}",
        forms.join(", ")
    ))
}

fn read_group(
    request: &mut Request,
    params: &Params,
    version: Microversion,
    parameter: &str,
    suffix: &str,
    value: &str,
) -> Result<(), PlacementError> {
    let place = request.groups.iter().position(|group| group.suffix == suffix).unwrap_or_else(|| {
        request.groups.push(Group { suffix: suffix.to_owned(), ..Group::default() });
        request.groups.len() - 1
    });
    let Some(group) = request.groups.get_mut(place) else { return Ok(()) };
    match parameter {
        "resources" => group.resources = query::resources(value)?,
        "required" => {
            let traits = query::traits(params, suffix, version)?;
            (group.required, group.forbidden) = (traits.required, traits.forbidden);
        }
        "member_of" => {
            let aggregates = query::aggregates(params, suffix, version)?;
            (group.member_of, group.forbidden_aggregates) = (aggregates.member_of, aggregates.forbidden);
        }
        _ => group.in_tree = Some(query::uuid("in_tree", value)?),
    }
    Ok(())
}

fn read_limit(request: &mut Request, params: &Params) -> Result<(), PlacementError> {
    let Some(text) = params.get("limit") else { return Ok(()) };
    let positive = !text.starts_with('0') && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !positive {
        return Err(PlacementError::invalid(format!(
            "Invalid query string parameters: limit is {text:?}, no number of 1 or more. Failed validating 'pattern'."
        )));
    }
    // What is larger than any number is no limit.
    request.limit = Some(text.parse().unwrap_or(usize::MAX));
    Ok(())
}

/// Whether there is a policy.
fn read_policy(request: &mut Request, params: &Params) -> Result<bool, PlacementError> {
    match params.get("group_policy") {
        None => return Ok(false),
        Some("isolate") => request.isolate = true,
        Some("none") => {}
        Some(other) => {
            return Err(PlacementError::invalid(format!(
                "Invalid query string parameters: '{other}' is not one of ['none', 'isolate']"
            )));
        }
    }
    Ok(true)
}

fn read_root(request: &mut Request, params: &Params) -> Result<(), PlacementError> {
    let all = params.all("root_required");
    let Some(value) = all.first() else { return Ok(()) };
    if all.len() > 1 {
        return Err(PlacementError::bad(DUPLICATE_KEY, "Query parameter 'root_required' may be specified only once."));
    }
    let traits = query::one_required(value, true, false)?;
    request.root_required = traits.required.into_iter().flatten().collect();
    request.root_forbidden = traits.forbidden;
    let conflicts: Vec<&str> =
        request.root_required.iter().filter(|name| request.root_forbidden.contains(name)).map(String::as_str).collect();
    if !conflicts.is_empty() {
        let message =
            format!("Conflicting required and forbidden traits found in root_required: {}", conflicts.join(", "));
        return Err(PlacementError::bad(BAD_VALUE, message));
    }
    Ok(())
}

fn read_subtrees(request: &mut Request, params: &Params) -> Result<(), PlacementError> {
    for value in params.all("same_subtree") {
        let mut places: Vec<usize> = Vec::new();
        for suffix in value.split(',').map(str::trim) {
            if suffix.is_empty() {
                let message = "Empty string (unsuffixed group) can not be specified in `same_subtree`.";
                return Err(PlacementError::bad(BAD_VALUE, message));
            }
            let place = request.groups.iter().position(|group| group.suffix == suffix);
            // An unknown suffix is complained about later: a query without any resources comes first.
            places.push(place.unwrap_or(usize::MAX));
        }
        request.same_subtrees.push(places);
    }
    Ok(())
}

/// Since 1.36 a group may do without resources if a subtree is to contain its provider.
fn check_subtrees(request: &Request) -> Result<(), PlacementError> {
    if request.groups.iter().all(|group| group.resources.is_empty()) {
        return Err(PlacementError::bad(
            MISSING_VALUE,
            "There must be at least one resources or resources[$S] parameter.",
        ));
    }
    let named: Vec<usize> = request.same_subtrees.iter().flatten().copied().collect();
    let bare =
        request.groups.iter().enumerate().filter(|(place, group)| group.resources.is_empty() && !named.contains(place));
    let bare: Vec<&str> = bare.map(|(_, group)| group.suffix.as_str()).collect();
    if !bare.is_empty() {
        let message = format!(
            "Resourceless suffixed group request should be specified in `same_subtree` query param, and these are not: {bare:?}."
        );
        return Err(PlacementError::bad(BAD_VALUE, message));
    }
    if named.contains(&usize::MAX) {
        let suffixes: Vec<&str> = request.groups.iter().map(|group| group.suffix.as_str()).collect();
        let message =
            format!("Real suffixes should be specified in `same_subtree`: one of them is not among {suffixes:?}.");
        return Err(PlacementError::bad(BAD_VALUE, message));
    }
    Ok(())
}

/// Before 1.36 each group needs resources.
fn check_orphans(request: &Request) -> Result<(), PlacementError> {
    let orphans = |parameter: &str, has: fn(&Group) -> bool| {
        let found = request.groups.iter().filter(|group| group.resources.is_empty() && has(group));
        found.map(|group| format!("{parameter}{}", group.suffix)).collect::<Vec<_>>().join(", ")
    };
    let traits = orphans("required", |group| !group.required.is_empty());
    if !traits.is_empty() {
        let message =
            format!("Traits need resources in their group. Found the following orphaned traits keys: {traits}");
        return Err(PlacementError::invalid(message));
    }
    let aggregates =
        orphans("member_of", |group| !group.member_of.is_empty() || !group.forbidden_aggregates.is_empty());
    if !aggregates.is_empty() {
        let message = format!(
            "All member_of parameters must be associated with resources. Found the following orphaned member_of keys: {aggregates}"
        );
        return Err(PlacementError::invalid(message));
    }
    if request.groups.is_empty() {
        return Err(PlacementError::invalid(
            "At least one request group (`resources` or `resources{$S}`) is required.",
        ));
    }
    if request.groups.iter().any(|group| group.resources.is_empty()) {
        return Err(PlacementError::invalid("All request groups must specify resources."));
    }
    Ok(())
}

/// A trait can't be required and forbidden.
fn check_conflicts(request: &Request) -> Result<(), PlacementError> {
    let mut conflicts: Vec<String> = Vec::new();
    for group in &request.groups {
        for any in group.required.iter().filter(|any| any.iter().all(|name| group.forbidden.contains(name))) {
            conflicts.push(format!("required{}: ({})", group.suffix, any.join(", ")));
        }
    }
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(PlacementError::invalid(format!("Traits can't be required and forbidden at once: {}", conflicts.join("; "))))
}

#[cfg(test)]
mod tests;
