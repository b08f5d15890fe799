//! JSON Schemas put together at compile time from the schemas of attributes.

/// The schema of a kind of attribute. Booleans and numbers may also come as text, as clients send them.
macro_rules! property {
    (name) => {
        r#"{"type": ["string", "null"], "maxLength": 255}"#
    };
    (text) => {
        r#"{"type": "string", "maxLength": 255}"#
    };
    (flag) => {
        r#"{"enum": [true, false, "true", "True", "TRUE", "false", "False", "FALSE", 0, 1, "0", "1"]}"#
    };
    (nullable_flag) => {
        r#"{"enum": [true, false, "true", "True", "TRUE", "false", "False", "FALSE", 0, 1, "0", "1", null]}"#
    };
    (number) => {
        r#"{"type": ["integer", "string"], "pattern": "^-?[0-9]{1,10}$"}"#
    };
    (nullable_number) => {
        r#"{"type": ["integer", "string", "null"], "pattern": "^-?[0-9]{1,10}$"}"#
    };
    (uuid) => {
        r#"{"type": "string", "format": "uuid"}"#
    };
    (nullable_uuid) => {
        r#"{"type": ["string", "null"], "format": "uuid"}"#
    };
    (project) => {
        r#"{"type": "string", "maxLength": 255}"#
    };
    (nullable_text) => {
        r#"{"type": ["string", "null"], "maxLength": 255}"#
    };
    (address) => {
        r#"{"type": ["string", "null"], "maxLength": 45}"#
    };
    (null) => {
        r#"{"type": "null"}"#
    };
    (object) => {
        r#"{"type": ["object", "null"]}"#
    };
    (uuids) => {
        r#"{"type": ["array", "null"], "items": {"type": "string", "format": "uuid"}, "uniqueItems": false}"#
    };
    (texts) => {
        r#"{"type": ["array", "null"], "items": {"type": "string", "maxLength": 255}}"#
    };
    (objects) => {
        r#"{"type": ["array", "null"], "items": {"type": "object"}}"#
    };
    (no_items) => {
        r#"{"type": ["array", "null"], "maxItems": 0}"#
    };
    (number_or_text) => {
        r#"{"type": ["integer", "string", "null"]}"#
    };
}

/// `{"NAME": {...}}` with these attributes and no others.
macro_rules! single_schema {
    ($name:literal, [$($required:literal),*], {$first:literal: $first_kind:ident $(, $attribute:literal: $kind:ident)* $(,)?}) => {
        concat!(
            r#"{"type": "object", "required": [""#, $name, r#""], "additionalProperties": false, "properties": {""#, $name, r#"": "#,
            crate::wire::schema::object!([$($required),*], {$first: $first_kind $(, $attribute: $kind)*}),
            "}}"
        )
    };
}

/// `{"NAME": {...}}` or `{"COLLECTION": [{...}]}`, one of them.
macro_rules! bulk_schema {
    ($name:literal, $collection:literal, [$($required:literal),*], {$first:literal: $first_kind:ident $(, $attribute:literal: $kind:ident)* $(,)?}) => {
        concat!(
            r##"{"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false, "$defs": {"one": "##,
            crate::wire::schema::object!([$($required),*], {$first: $first_kind $(, $attribute: $kind)*}),
            r#"}, "properties": {""#, $name, r##"": {"$ref": "#/$defs/one"}, ""##, $collection,
            r##"": {"type": "array", "minItems": 1, "maxItems": 500, "items": {"$ref": "#/$defs/one"}}}}"##
        )
    };
}

/// An object with these attributes and no others.
macro_rules! object {
    ([], {$first:literal: $first_kind:ident $(, $attribute:literal: $kind:ident)*}) => {
        concat!(
            r#"{"type": "object", "additionalProperties": false, "properties": {""#, $first, r#"": "#,
            crate::wire::property!($first_kind) $(, r#", ""#, $attribute, r#"": "#, crate::wire::property!($kind))*, "}}"
        )
    };
    ([$one:literal $(, $more:literal)*], {$first:literal: $first_kind:ident $(, $attribute:literal: $kind:ident)*}) => {
        concat!(
            r#"{"type": "object", "required": [""#, $one, "\"" $(, ", \"", $more, "\"")*, r#"], "additionalProperties": false, "properties": {""#,
            $first, r#"": "#, crate::wire::property!($first_kind) $(, r#", ""#, $attribute, r#"": "#, crate::wire::property!($kind))*, "}}"
        )
    };
}

pub(crate) use {bulk_schema, object, property, single_schema};
