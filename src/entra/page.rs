//! Lists as OData gives them, page by page. What does not certainly say that it is whole is no list: a person is
//! standard, or a method gone, because a list lacks something.

use serde_json::{Map, Value};

use super::errors::UNREADABLE;
use crate::reset::ports::DirectoryError;

/// The most that all pages of a list may hold together, in bytes.
const LARGEST_LIST: usize = 8 * 1024 * 1024;

/// The most items of a list: more than the groups that Entra allows a person.
const MOST_ITEMS: usize = 20_000;

/// What was read of a list so far. What its items are is decided item by item.
#[derive(Default)]
pub struct Pages {
    items: Vec<Value>,
    bytes: usize,
    /// How many items there are in all, as far as a page says so.
    count: usize,
}

impl Pages {
    /// Takes the next page, which came in so many bytes. Gives the link to the one after it.
    pub fn take(
        &mut self,
        page: Map<String, Value>,
        bytes: usize,
    ) -> Result<Option<String>, DirectoryError> {
        let (mut value, mut next) = (None, None);
        for (name, member) in page {
            match (name.as_str(), member) {
                ("value", Value::Array(items)) => value = Some(items),
                ("@odata.nextLink", Value::String(link)) => next = Some(link),
                ("@odata.nextLink", Value::Null) => {}
                ("value" | "@odata.nextLink", _) => return Err(UNREADABLE),
                (name, member) => match Meaning::of(name) {
                    Meaning::GoesOn => return Err(UNREADABLE),
                    Meaning::Count => self.count = self.count.max(number(&member)?),
                    Meaning::None => {}
                },
            }
        }
        self.items.extend(value.ok_or(UNREADABLE)?);
        self.bytes = self.bytes.saturating_add(bytes);
        let is_too_large = self.bytes > LARGEST_LIST || self.items.len() > MOST_ITEMS;
        if is_too_large {
            return Err(UNREADABLE);
        }
        Ok(next)
    }

    /// The items, once there is no next page.
    pub fn whole(self) -> Result<Vec<Value>, DirectoryError> {
        if self.count > self.items.len() {
            return Err(UNREADABLE);
        }
        Ok(self.items)
    }
}

/// What another member of a page says about the list.
enum Meaning {
    /// There is more of it. A list of changes, which a delta link ends, lacks what has not changed.
    GoesOn,
    Count,
    None,
}

impl Meaning {
    /// The same annotation is `@odata.nextLink`, `@nextLink` (OData 4.01) and `odata.nextLink`, and a proxy may change its
    /// capitals.
    fn of(name: &str) -> Meaning {
        let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let letters = letters.to_ascii_lowercase();
        if letters.contains("nextlink") || letters.contains("deltalink") {
            Meaning::GoesOn
        } else if letters.ends_with("count") {
            Meaning::Count
        } else {
            Meaning::None
        }
    }
}

/// A count is a number, or a text with one (OData, `IEEE754Compatible`).
fn number(count: &Value) -> Result<usize, DirectoryError> {
    match count {
        Value::Null => Ok(0),
        Value::Number(number) => number.to_string().parse().map_err(|_| UNREADABLE),
        Value::String(text) => text.parse().map_err(|_| UNREADABLE),
        _ => Err(UNREADABLE),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn take(pages: &mut Pages, page: Value) -> Result<Option<String>, DirectoryError> {
        let Value::Object(page) = page else {
            panic!("{page}")
        };
        pages.take(page, 1000)
    }

    #[test]
    fn a_page_that_says_in_any_spelling_that_there_is_more_is_no_whole_list() {
        for name in [
            "@nextLink",
            "odata.nextLink",
            "nextLink",
            "@odata.NextLink",
            "@Odata.nextlink",
            "@odata.nextLink ",
            "@odata.next_link",
            "@odata.deltaLink",
            "@deltaLink",
        ] {
            let page = json!({"value": [], name: "https://graph.microsoft.com/v1.0/next"});
            assert_eq!(take(&mut Pages::default(), page), Err(UNREADABLE), "{name}");
        }
        let more = json!({"@odata.context": "x", "value": [], "@odata.nextLink": "next", "@microsoft.graph.tips": "x"});
        let next = take(&mut Pages::default(), more);
        assert_eq!(next, Ok(Some("next".to_owned())));
    }

    #[test]
    fn a_list_with_fewer_items_than_it_counts_is_no_whole_list() {
        for name in ["@odata.count", "@count", "odata.count", "@odata.Count"] {
            for (count, is_whole) in [
                (json!(2), true),
                (json!("2"), true),
                (json!(1), true),
                (Value::Null, true),
                (json!(3), false),
                (json!("3"), false),
                (json!(1e300), false),
                (json!(-1), false),
                (json!([2]), false),
            ] {
                let mut pages = Pages::default();
                let first = json!({"value": [1], name: count, "@odata.nextLink": "next"});
                let read = take(&mut pages, first)
                    .and_then(|_| take(&mut pages, json!({"value": [2]})))
                    .and_then(|_| pages.whole());
                assert_eq!(read.is_ok(), is_whole, "{name}: {count}");
            }
        }
    }

    #[test]
    fn a_list_is_bounded_over_all_its_pages() {
        let page = || json!({"value": vec![0; 999], "@odata.nextLink": "next"});
        let mut pages = Pages::default();
        let read = (0..21).map(|_| take(&mut pages, page()));
        assert_eq!(read.filter(Result::is_err).count(), 1, "the last one");

        let mut pages = Pages::default();
        let small = || Map::from_iter([("value".to_owned(), json!([0]))]);
        for _ in 0..2 {
            assert_eq!(pages.take(small(), LARGEST_LIST / 2), Ok(None));
        }
        assert_eq!(pages.take(small(), 1), Err(UNREADABLE));
    }
}
