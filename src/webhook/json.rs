//! The JSON of senders, read where it is needed and nowhere else: what is odd in members that are not read does no harm.
//! Where it is read, an object is an object, a name comes once, and null is as good as missing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::unreadable::Unreadable;
use crate::names;

/// An object: its members as they came, and where it is.
pub struct Object<'a> {
    /// The path to it; empty for the whole body. Of names that this program reads, never of a sender's own.
    at: String,
    members: BTreeMap<String, &'a RawValue>,
}

/// A body as text. Bytes that are no UTF-8 become marks, so that they harm only the member that they are in.
pub fn text_of(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    String::from_utf8_lossy(body)
}

impl<'a> Object<'a> {
    /// # Errors
    /// [`Unreadable`], if it is not JSON, or not an object.
    pub fn of(body: &'a str) -> Result<Object<'a>, Unreadable> {
        let whole: &RawValue = serde_json::from_str(body).map_err(|error| Unreadable::Shape {
            at: format!(
                "line {}, column {}, where it is not JSON",
                error.line(),
                error.column()
            ),
        })?;
        Object::at(String::new(), whole)
    }

    fn at(at: String, json: &'a RawValue) -> Result<Object<'a>, Unreadable> {
        match serde_json::from_str(json.get()) {
            Ok(Members::Once(members)) => Ok(Object { at, members }),
            Ok(Members::Twice(name)) => {
                let name = names::shown(&name).unwrap_or_default();
                let place = if at.is_empty() { "." } else { at.as_str() };
                Err(Unreadable::Shape {
                    at: format!("{place}, where the name {name} comes twice"),
                })
            }
            Err(_) if at.is_empty() => Err(Unreadable::Shape { at: ".".to_owned() }),
            Err(_) => Err(Unreadable::Shape { at }),
        }
    }

    /// Whether it has a member of this name, null or not.
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Whether the member is missing, or null.
    pub fn is_null(&self, name: &str) -> bool {
        self.get(name).is_none()
    }

    fn get(&self, name: &str) -> Option<&'a RawValue> {
        let member = self.members.get(name).copied();
        member.filter(|json| json.get() != "null")
    }

    fn path(&self, name: &str) -> String {
        if self.at.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.at)
        }
    }

    /// That this member is missing, or of another shape.
    pub fn wrong(&self, name: &str) -> Unreadable {
        Unreadable::Shape {
            at: self.path(name),
        }
    }

    fn read<T: Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, Unreadable> {
        let read = |json: &'a RawValue| serde_json::from_str(json.get());
        let member = self.get(name).map(read).transpose();
        member.map_err(|_| self.wrong(name))
    }

    pub fn object(&self, name: &str) -> Result<Option<Object<'a>>, Unreadable> {
        let member = self.get(name);
        member
            .map(|json| Object::at(self.path(name), json))
            .transpose()
    }

    /// A list of objects; nulls in it are passed over.
    pub fn objects(&self, name: &str) -> Result<Vec<Object<'a>>, Unreadable> {
        let items: Vec<&RawValue> = self.read(name)?.unwrap_or_default();
        let items = items.into_iter().enumerate();
        items
            .filter(|(_, json)| json.get() != "null")
            .map(|(index, json)| Object::at(format!("{}[{index}]", self.path(name)), json))
            .collect()
    }

    pub fn text(&self, name: &str) -> Result<Option<String>, Unreadable> {
        Ok(self.read(name)?.map(|Text(text)| text))
    }

    /// A member that some versions send as a number and some as a text.
    pub fn text_or_number(&self, name: &str) -> Result<Option<String>, Unreadable> {
        match self.get(name) {
            Some(json)
                if json
                    .get()
                    .starts_with(|c: char| c == '-' || c.is_ascii_digit()) =>
            {
                Ok(Some(json.get().to_owned()))
            }
            _ => self.text(name),
        }
    }

    /// A text, or the texts in a list.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Unreadable> {
        match self.get(name) {
            Some(json) if json.get().starts_with('[') => {
                let items: Vec<&RawValue> = self.read(name)?.unwrap_or_default();
                let texts = items.into_iter().filter(|json| json.get() != "null");
                texts
                    .map(|json| serde_json::from_str(json.get()))
                    .map(|read| read.map(|Text(text)| text).map_err(|_| self.wrong(name)))
                    .collect()
            }
            _ => Ok(self.text(name)?.into_iter().collect()),
        }
    }

    /// Whether the member is an object.
    pub fn is_object(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|json| json.get().starts_with('{'))
    }
}

/// The members of an object, or the name of one that comes twice: parsers differ in which of the two they believe.
enum Members<'a> {
    Once(BTreeMap<String, &'a RawValue>),
    Twice(String),
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Members<'de>, D::Error> {
        input.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = BTreeMap::new();
        let mut twice = None;
        while let Some((Text(name), json)) = map.next_entry::<Text, &'de RawValue>()? {
            if members.insert(name.clone(), json).is_some() {
                twice = Some(name);
            }
        }
        Ok(match twice {
            Some(name) => Members::Twice(name),
            None => Members::Once(members),
        })
    }
}

/// A text. Half an emoji, which a field that cuts texts off leaves behind, becomes a mark.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Text, D::Error> {
        input.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Text, E> {
        Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(read: Result<Option<String>, Unreadable>) -> String {
        match read {
            Err(Unreadable::Shape { at }) => at,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_read_may_be_as_odd_as_json_can_be() {
        let nested = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        let body = format!(
            r#"{{"a": "\ud83d", "\ud83d": 1, "b": 1e999, "c": {{"x": 1, "x": 2}}, "d": {nested}, "number": "HELP-1"}}"#
        );
        let object = Object::of(&body).unwrap();
        assert_eq!(object.text("number").unwrap().unwrap(), "HELP-1");
        assert!(object.text("a").unwrap().unwrap().contains('\u{fffd}'));
        let bytes = text_of(b"\xef\xbb\xbf{\"a\": \"\xff\", \"number\": 7}");
        let object = Object::of(&bytes).unwrap();
        assert_eq!(object.text_or_number("number").unwrap().unwrap(), "7");
    }

    #[test]
    fn what_is_not_json_is_named_by_line_and_column() {
        for (body, place) in [
            ("", "line 1, column 0"),
            ("{\n \"a\": tru\n}", "line 3, column 0"),
            ("{} {}", "line 1, column 4"),
            ("{\"a\": \"\n\"}", "line 1, column 7"),
        ] {
            let Err(Unreadable::Shape { at }) = Object::of(body) else {
                panic!("{body}");
            };
            assert!(at.starts_with(place), "{body}: {at}");
        }
    }

    #[test]
    fn an_object_is_an_object_and_a_name_comes_once() {
        for body in ["[]", "[\"HELP-1\"]", "\"x\"", "7", "null"] {
            assert!(Object::of(body).is_err(), "{body}");
        }
        let body = r#"{"issue": {"k\u0065y": 1, "key": 2}, "list": [null, {"a": []}], "n": null}"#;
        let object = Object::of(body).unwrap();
        let Err(Unreadable::Shape { at: twice }) = object.object("issue") else {
            panic!();
        };
        assert_eq!(twice, "issue, where the name key comes twice");
        let list = object.objects("list").unwrap();
        assert_eq!(at(list[0].text("a")), "list[1].a");
        assert!(object.has("n") && object.object("n").unwrap().is_none());
        let long = format!(
            r#"{{"{0}": 1, "{0}": 2}}"#,
            "\u{202e}<".repeat(9) + &"x".repeat(9999)
        );
        let Err(Unreadable::Shape { at }) = Object::of(&long) else {
            panic!();
        };
        assert!(
            at.chars().count() < 120 && !at.contains(['<', '\u{202e}']),
            "{at}"
        );
    }
}
