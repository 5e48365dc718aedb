//! What a field of an answer is changed into.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};
use strum::IntoEnumIterator as _;

/// In place of what the service would have answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::EnumIter)]
pub enum Odd {
    Absent,
    Null,
    OtherType,
    Empty,
    TooLong,
    /// A text that no version of the documentation has.
    Unknown,
}

impl Odd {
    pub fn all() -> Vec<Odd> {
        Odd::iter().collect()
    }

    /// The odd value; `None` to leave the member out.
    ///
    /// Outer `None`: this field cannot be odd in this way.
    fn of(self, value: &Value) -> Option<Option<Value>> {
        let odd = match (self, value) {
            (Odd::Absent, _) => return Some(None),
            (Odd::Null, _) => Value::Null,
            (Odd::OtherType, Value::String(_)) => json!(7),
            (Odd::OtherType, Value::Number(_)) => json!("seven"),
            (Odd::OtherType, Value::Bool(_)) => json!("yes"),
            (Odd::OtherType, Value::Array(items)) => json!({"0": items}),
            (Odd::OtherType, Value::Object(_)) => json!([value]),
            (Odd::OtherType, Value::Null) => json!({"odd": true}),
            (Odd::Empty, Value::String(_)) => json!(""),
            (Odd::Empty, Value::Object(_)) => json!({}),
            (Odd::Empty, Value::Number(_)) => json!(0),
            (Odd::TooLong, Value::String(_)) => json!("x".repeat(100_000)),
            (Odd::TooLong, Value::Number(_)) => json!(1e300),
            (Odd::TooLong, Value::Array(items)) if !items.is_empty() => {
                let many = items.iter().cycle().take(items.len() * 2_000);
                Value::Array(many.cloned().collect())
            }
            (Odd::TooLong, Value::Object(members)) => {
                let more = (0..2_000).map(|nth| (format!("more{nth}"), Value::Null));
                members.clone().into_iter().chain(more).collect()
            }
            (Odd::Unknown, Value::String(_)) => json!("unknownFutureValue"),
            // An empty list is an answer: there is nothing. Which of two truth values is right only the service knows.
            (Odd::Empty | Odd::TooLong | Odd::Unknown, _) => return None,
        };
        (odd != *value).then_some(Some(odd))
    }
}

impl fmt::Display for Odd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Odd::Absent => "absent",
            Odd::Null => "null",
            Odd::OtherType => "another type",
            Odd::Empty => "empty",
            Odd::TooLong => "too long",
            Odd::Unknown => "unknown",
        })
    }
}

/// A field of the answers to one call: the pointer has `*` for the number of a list's item. The empty pointer is the
/// whole body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    pub call: String,
    pub pointer: String,
}

/// Which of the fields with one pointer are changed: those of all items of a list, or of the last item alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Everywhere,
    LastItem,
}

/// One change of one field.
#[derive(Debug, Clone)]
pub struct Change {
    pub field: Field,
    pub odd: Odd,
    pub at: Where,
}

impl Change {
    /// The changed body, if the change applies to it.
    pub fn apply(&self, body: &Value) -> Option<Vec<u8>> {
        if self.field.pointer.is_empty() {
            let odd = self.odd.of(body)?;
            return Some(odd.map_or_else(Vec::new, |odd| odd.to_string().into_bytes()));
        }
        let path: Vec<&str> = self.field.pointer.split('/').skip(1).collect();
        let mut changed = body.clone();
        self.walk(&mut changed, &path);
        (changed != *body).then(|| changed.to_string().into_bytes())
    }

    fn walk(&self, value: &mut Value, path: &[&str]) {
        let [name, rest @ ..] = path else { return };
        match value {
            Value::Array(items) => {
                let last = items.len().saturating_sub(1);
                let mut kept = Vec::new();
                for (nth, mut item) in std::mem::take(items).into_iter().enumerate() {
                    if self.at == Where::LastItem && nth != last {
                        kept.push(item);
                    } else if rest.is_empty() {
                        // A list without an item is an answer: there is no such thing.
                        let odd = self.odd.of(&item).flatten();
                        kept.push(odd.unwrap_or(item));
                    } else {
                        self.walk(&mut item, rest);
                        kept.push(item);
                    }
                }
                *items = kept;
            }
            Value::Object(members) if rest.is_empty() => {
                if let Some(odd) = members.get(*name).and_then(|old| self.odd.of(old)) {
                    match odd {
                        Some(odd) => members.insert((*name).to_owned(), odd),
                        None => members.remove(*name),
                    };
                }
            }
            Value::Object(members) => {
                if let Some(member) = members.get_mut(*name) {
                    self.walk(member, rest);
                }
            }
            _ => {}
        }
    }
}

/// The pointers of all fields of a body, the body itself among them.
pub fn pointers(body: &Value) -> BTreeSet<String> {
    fn collect(value: &Value, here: &str, all: &mut BTreeSet<String>) {
        all.insert(here.to_owned());
        match value {
            Value::Array(items) => {
                for item in items {
                    collect(item, &format!("{here}/*"), all);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    collect(member, &format!("{here}/{name}"), all);
                }
            }
            _ => {}
        }
    }
    let mut all = BTreeSet::new();
    collect(body, "", &mut all);
    all
}

#[test]
fn a_change_is_of_one_field_and_shows() {
    let body = json!({"value": [{"id": "a", "x": {"y": 1}}, {"id": "b"}]});
    let change = |pointer: &str, odd, at| {
        let field = Field {
            call: String::new(),
            pointer: pointer.to_owned(),
        };
        let changed = Change { field, odd, at }.apply(&body);
        changed.map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert_eq!(
        change("/value/*/id", Odd::Absent, Where::LastItem).unwrap(),
        r#"{"value":[{"id":"a","x":{"y":1}},{}]}"#
    );
    assert_eq!(
        change("/value/*/id", Odd::Null, Where::Everywhere).unwrap(),
        r#"{"value":[{"id":null,"x":{"y":1}},{"id":null}]}"#
    );
    assert_eq!(change("/value/*", Odd::Absent, Where::LastItem), None);
    assert_eq!(
        change("/value/*", Odd::Null, Where::LastItem).unwrap(),
        r#"{"value":[{"id":"a","x":{"y":1}},null]}"#
    );
    assert_eq!(change("", Odd::Absent, Where::Everywhere).unwrap(), "");
    assert_eq!(
        change("/value/*/x/y", Odd::Unknown, Where::Everywhere),
        None
    );
    let all: Vec<String> = pointers(&body).into_iter().collect();
    assert_eq!(
        all,
        [
            "",
            "/value",
            "/value/*",
            "/value/*/id",
            "/value/*/x",
            "/value/*/x/y"
        ]
    );
}
