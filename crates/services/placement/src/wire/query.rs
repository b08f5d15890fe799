//! What queries of providers and of candidates have in common: amounts, traits, aggregates.

use ferrostack_auth::Microversion;
use ferrostack_http::Params;
use uuid::Uuid;

use super::v;
use crate::PlacementError;

/// Classes and amounts in the order in which they were asked for.
pub(crate) type Resources = Vec<(String, i64)>;

/// Traits that are wanted (one of each list) and not wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    pub(crate) required: Vec<Vec<String>>,
    pub(crate) forbidden: Vec<String>,
}

/// Aggregates that are wanted (one of each list) and not wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Aggregates {
    pub(crate) member_of: Vec<Vec<Uuid>>,
    pub(crate) forbidden: Vec<Uuid>,
}

fn invalid(text: impl std::fmt::Display) -> PlacementError {
    PlacementError::invalid(format!("Invalid query string parameters: {text}"))
}

/// Refuses a key that this route does not have at this microversion.
pub(crate) fn unexpected(key: &str) -> PlacementError {
    invalid(format!("Additional properties are not allowed ('{key}' was unexpected)"))
}

/// Refuses keys other than these.
pub(crate) fn only(params: &Params, allowed: &[&str]) -> Result<(), PlacementError> {
    match params.iter().find(|(key, _)| !allowed.contains(key)) {
        Some((key, _)) => Err(unexpected(key)),
        None => Ok(()),
    }
}

/// The last value of a key that counts only once.
pub(crate) fn last<'a>(params: &'a Params, key: &str) -> Option<&'a str> {
    params.all(key).last().copied()
}

/// A UUID in any of its usual forms.
pub(crate) fn uuid(key: &str, text: &str) -> Result<Uuid, PlacementError> {
    Uuid::try_parse(text.trim())
        .map_err(|_| invalid(format!("Expected '{key}' parameter to be a format of uuid. Got: {text}")))
}

/// `VCPU:1,MEMORY_MB:512`.
pub(crate) fn resources(text: &str) -> Result<Resources, PlacementError> {
    let malformed = |got: &str| {
        PlacementError::invalid(format!(
            "Badly formed resources parameter. Expected resources query string parameter in form: CLASS:AMOUNT,CLASS:AMOUNT. Got: {got}."
        ))
    };
    if text.trim().is_empty() {
        return Err(malformed("empty string"));
    }
    let mut resources: Resources = Vec::new();
    for part in text.split(',') {
        let (class, number) =
            part.split_once(':').filter(|(_, number)| !number.contains(':')).ok_or_else(|| malformed(part))?;
        let amount: i64 = number.trim().parse().map_err(|_| {
            PlacementError::invalid(format!(
                "Requested resource {class} expected positive integer amount. Got: {number}."
            ))
        })?;
        if amount < 1 {
            return Err(PlacementError::invalid(format!(
                "Requested resource {class} requires amount >= 1. Got: {amount}."
            )));
        }
        match resources.iter_mut().find(|(known, _)| known == class) {
            Some((_, known)) => *known = amount,
            None => resources.push((class.to_owned(), amount)),
        }
    }
    Ok(resources)
}

/// All values of `required` (with a group's suffix): before 1.39 only the last one counts, before 1.22 `!` is refused.
pub(crate) fn traits(params: &Params, suffix: &str, version: Microversion) -> Result<Traits, PlacementError> {
    let all = params.all(&format!("required{suffix}"));
    let counted = if version >= v(39) { all.as_slice() } else { all.last().map_or(&[][..], std::slice::from_ref) };
    let mut traits = Traits::default();
    for value in counted {
        let one = one_required(value, version >= v(22), version >= v(39))?;
        traits.required.extend(one.required);
        traits.forbidden.extend(one.forbidden);
    }
    Ok(traits)
}

/// One value of `required`: `A,!B`, or `in:A,B`.
pub(crate) fn one_required(value: &str, may_forbid: bool, may_any: bool) -> Result<Traits, PlacementError> {
    let form = if may_forbid { "HW_CPU_X86_VMX,!CUSTOM_MAGIC" } else { "HW_CPU_X86_VMX,CUSTOM_MAGIC" };
    if let Some(list) = value.strip_prefix("in:") {
        if !may_any {
            return Err(invalid(format!(
                "The format 'in:HW_CPU_X86_VMX,CUSTOM_MAGIC' only supported since microversion 1.39. Got: {value}"
            )));
        }
        let any: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
        if any.iter().any(String::is_empty) {
            return Err(invalid(format!("one of the alternatives in {value} is empty.")));
        }
        if any.iter().any(|name| name.starts_with('!')) {
            return Err(invalid(format!("alternatives can't be forbidden ones. Got: {value}")));
        }
        return Ok(Traits { required: vec![any], forbidden: Vec::new() });
    }
    let mut traits = Traits::default();
    for name in value.split(',').map(str::trim) {
        let forbidden = name.starts_with('!');
        let name = name.trim_start_matches('!').to_owned();
        if name.is_empty() {
            return Err(invalid(format!(
                "Expected 'required' parameter value of the form: {form}. Got: {value}, where a trait is empty."
            )));
        }
        if forbidden && !may_forbid {
            return Err(invalid(format!("Expected 'required' parameter value of the form: {form}. Got: {value}")));
        }
        if forbidden { traits.forbidden.push(name) } else { traits.required.push(vec![name]) }
    }
    Ok(traits)
}

/// All values of `member_of` (with a group's suffix): several since 1.24, `!` since 1.32.
pub(crate) fn aggregates(params: &Params, suffix: &str, version: Microversion) -> Result<Aggregates, PlacementError> {
    let values = params.all(&format!("member_of{suffix}"));
    if values.len() > 1 && version < v(24) {
        return Err(PlacementError::invalid(format!("Multiple member_of{suffix} parameters are not supported")));
    }
    let mut aggregates = Aggregates::default();
    for value in values {
        let (forbids, rest) = value.strip_prefix('!').map_or((false, value), |rest| (true, rest));
        let list: Vec<&str> = match rest.strip_prefix("in:") {
            Some(list) => list.split(',').collect(),
            None if rest.contains(',') => {
                return Err(PlacementError::invalid(format!(
                    "Multiple values for 'member_of' must be prefixed with the 'in:' or '!in:' keyword using the valid microversion. Got: {value}"
                )));
            }
            None => vec![rest],
        };
        let parse = |text: &&str| {
            Uuid::try_parse(text)
                .map_err(|_| invalid(format!("Expected 'member_of' parameter to contain valid UUID(s). Got: {text}")))
        };
        let list = list.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        if !forbids {
            aggregates.member_of.push(list);
        } else if version < v(32) {
            return Err(PlacementError::invalid(format!(
                "Forbidden member_of{suffix} parameters are not supported in the specified microversion"
            )));
        } else {
            aggregates.forbidden.extend(list);
        }
    }
    Ok(aggregates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_positive_amounts() {
        assert_eq!(resources("VCPU:1,MEMORY_MB:512").unwrap(), [("VCPU".to_owned(), 1), ("MEMORY_MB".to_owned(), 512)]);
        assert_eq!(resources("VCPU:1,VCPU:2").unwrap(), [("VCPU".to_owned(), 2)]);
        for text in ["", "VCPU", "VCPU:", "VCPU:0", "VCPU:-1", "VCPU:1:2", "VCPU:one", "VCPU:1,"] {
            assert!(resources(text).is_err(), "{text}");
        }
    }

    #[test]
    fn traits_are_wanted_unwanted_or_alternatives() {
        let parse = |query: &str, minor| traits(&Params::parse(query), "1", v(minor));
        let found = parse("required1=A,!B&required1=in:C,D", 39).unwrap();
        assert_eq!(found.required, [vec!["A".to_owned()], vec!["C".to_owned(), "D".to_owned()]]);
        assert_eq!(found.forbidden, ["B"]);
        assert_eq!(parse("required1=A&required1=B", 38).unwrap().required, [vec!["B".to_owned()]]);
        assert!(parse("required1=in:C,D", 38).is_err());
        assert!(parse("required1=!A", 21).is_err());
        for text in ["", "A,,B", "!", "in:A,", "in:A,!B"] {
            assert!(parse(&format!("required1={text}"), 39).is_err(), "{text}");
        }
    }

    #[test]
    fn aggregates_are_lists_of_uuids() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let parse = |query: &str, minor| aggregates(&Params::parse(query), "", v(minor));
        let found = parse(&format!("member_of=in:{a},{b}&member_of={a}&member_of=!{b}"), 32).unwrap();
        assert_eq!(found.member_of, [vec![a, b], vec![a]]);
        assert_eq!(found.forbidden, [b]);
        assert!(parse(&format!("member_of=!{b}"), 31).is_err());
        assert!(parse(&format!("member_of={a}&member_of={b}"), 23).is_err());
        assert!(parse(&format!("member_of={a},{b}"), 39).is_err());
        assert!(parse("member_of=nonsense", 39).is_err());
    }
}
