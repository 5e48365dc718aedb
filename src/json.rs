//! JSON from outside: objects are objects, names are texts, and no member comes twice.
//!
//! serde alone is more lenient than the documentation of any format here: it takes a list for an object, member by
//! member, and `{"lost": null}` for the name `lost`. Of a member that comes twice parsers believe different ones. What
//! one reader takes for something else than another reader is an attack, so every door reads JSON through this module;
//! webhooks, of which only what is needed may fail, through `webhook/json.rs`.

mod path;
mod shaped;
mod unambiguous;

use serde::de::DeserializeOwned;
use serde_json::Value;

use shaped::Shaped;
use unambiguous::Unambiguous;

/// Why bytes are not the JSON that was asked for. It says where, and never what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// No JSON, or a member comes twice in one object.
    #[error("not JSON, or a member that comes twice, at line {line}, column {column}")]
    Unreadable { line: usize, column: usize },
    /// A part is missing, or has another shape.
    #[error("missing or of another shape: {at}")]
    Shape {
        /// Which part, as a path; `.` is the whole.
        at: String,
    },
}

impl JsonError {
    /// Where it is wrong: a place in the text, or the path of a part.
    pub fn place(self) -> String {
        match self {
            JsonError::Unreadable { line, column } => format!("line {line}, column {column}"),
            JsonError::Shape { at } => at,
        }
    }
}

/// The value that the bytes are.
///
/// # Errors
/// [`JsonError::Unreadable`].
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let unreadable = |line, column| JsonError::Unreadable { line, column };
    // serde_json looks at the texts that are read, and not at those that are passed over.
    if let Err(error) = std::str::from_utf8(bytes) {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let lines = before.split(|byte| *byte == b'\n');
        let column = lines.clone().next_back().map_or(0, <[u8]>::len);
        return Err(unreadable(lines.count(), column + 1));
    }
    serde_json::from_slice::<Unambiguous>(bytes)
        .map(|Unambiguous(value)| value)
        .map_err(|error| unreadable(error.line(), error.column()))
}

/// A value as a type.
///
/// # Errors
/// [`JsonError::Shape`].
pub fn of_value<T: DeserializeOwned>(value: Value) -> Result<T, JsonError> {
    serde_path_to_error::deserialize(Shaped(value)).map_err(|error| {
        let path = path::shown(&error.path().to_string());
        let at = match (error.inner().missing, path.as_str()) {
            (None, _) => path,
            (Some(name), ".") => name.to_owned(),
            // serde names only the parent of what is missing.
            (Some(name), parent) => format!("{parent}.{name}"),
        };
        JsonError::Shape { at }
    })
}

/// The bytes as a type.
///
/// # Errors
/// [`JsonError`].
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    of_value(parse(bytes)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        inner: Inner,
        #[serde(default)]
        list: Vec<Inner>,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        name: Name,
        text: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Name {
        Lost,
    }

    fn wrong_at<T: DeserializeOwned + std::fmt::Debug>(value: Value) -> String {
        read::<T>(value.to_string().as_bytes()).unwrap_err().place()
    }

    #[test]
    fn what_is_of_the_documented_shape_is_read_at_any_depth() {
        let inner = || Inner {
            name: Name::Lost,
            text: None,
        };
        let value = json!({"inner": {"name": "lost", "text": null, "more": [1.5, -1, true]},
            "list": [{"name": "lost"}], "of": {"others": u64::MAX}});
        assert_eq!(
            read(value.to_string().as_bytes()),
            Ok(Outer {
                inner: inner(),
                list: vec![inner()],
                rest: BTreeMap::from([("of".to_owned(), json!({"others": u64::MAX}))]),
            })
        );
    }

    #[test]
    fn a_list_is_no_object_and_an_object_is_no_name_at_any_depth() {
        for (value, place) in [
            (json!([{"name": "lost"}]), "."),
            (json!({"inner": ["lost", null]}), "inner"),
            (json!({"inner": {"name": {"lost": null}}}), "inner.name"),
            (json!({"inner": {"name": ["lost"]}}), "inner.name"),
            (json!({"inner": {"name": 0}}), "inner.name"),
            (
                json!({"inner": {"name": "lost", "text": ["x"]}}),
                "inner.text",
            ),
            (
                json!({"inner": {"name": "lost"}, "list": [["lost", null]]}),
                "list[0]",
            ),
            (
                json!({"inner": {"name": "lost"}, "list": {"name": "lost"}}),
                "list",
            ),
        ] {
            assert_eq!(wrong_at::<Outer>(value.clone()), place, "{value}");
        }
        // A list of one length.
        assert_eq!(read::<[u8; 1]>(b"[1]"), Ok([1]));
        assert!(read::<[u8; 1]>(b"[1, 2]").is_err());
    }

    #[test]
    fn what_is_missing_is_named_with_its_parents() {
        assert_eq!(wrong_at::<Outer>(json!({})), "inner");
        assert_eq!(wrong_at::<Outer>(json!({"inner": {}})), "inner.name");
    }

    #[test]
    fn a_member_that_comes_twice_is_refused_at_any_depth_and_in_any_spelling() {
        assert!(parse(br#"{"a":1,"b":{"a":[{"a":null}]}}"#).is_ok());
        for twice in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[{"a":1},{"b":1,"b":2}]}"#,
        ] {
            assert!(parse(twice.as_bytes()).is_err(), "{twice}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_line_and_column() {
        for (bytes, place) in [
            (&b""[..], "line 1, column 0"),
            (b"{\n  \"a\": x\n}", "line 2, column 8"),
            (b"{} {}", "line 1, column 4"),
            (b"{\"a\":1,\n\"a\":2}", "line 2, column 3"),
            (b"{\n\"a\":\"\xff\"}", "line 2, column 6"),
        ] {
            assert_eq!(parse(bytes).unwrap_err().place(), place);
        }
        // A text that is no Unicode.
        assert!(parse(br#"{"a":"\ud800"}"#).is_err());
    }
}
