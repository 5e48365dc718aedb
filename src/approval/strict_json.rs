//! JSON as RFC 7519, section 4 wants it: an object with two members of one name is no claims set.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Whether the bytes are one JSON value, in UTF-8, in which no object names a member twice, at any depth.
///
/// Parsers differ in which of two members they believe, and that difference is an attack.
pub fn is_strict(json: &[u8]) -> bool {
    std::str::from_utf8(json).is_ok() && serde_json::from_slice::<Strict>(json).is_ok()
}

struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Strict, D::Error> {
        input.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name) {
                return Err(A::Error::custom("duplicate member"));
            }
            map.next_value::<Strict>()?;
        }
        Ok(Strict)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strict, A::Error> {
        while seq.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
        Ok(Strict)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict)
    }
    fn visit_str<E>(self, _: &str) -> Result<Strict, E> {
        Ok(Strict)
    }
    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }
}

#[cfg(test)]
mod tests {
    use super::is_strict;

    #[test]
    fn a_member_that_comes_twice_is_refused_at_any_depth_and_in_any_spelling() {
        assert!(is_strict(br#"{"a":1,"b":{"a":[{"a":null}]}}"#));
        for twice in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[{"a":1},{"b":1,"b":2}]}"#,
        ] {
            assert!(!is_strict(twice.as_bytes()), "{twice}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_refused_even_in_a_member_that_nobody_reads() {
        assert!(!is_strict(b"{\"a\":\"\xff\"}"));
        assert!(!is_strict(br#"{"a":"\ud800"}"#));
    }
}
