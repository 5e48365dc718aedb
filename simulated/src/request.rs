//! An HTTP request as plain data: what a sender would put on the wire.

/// An HTTP request in memory. Nothing here sends it: [`crate::function_url::event`] turns it into an event for
/// Lambda, and a test with an HTTP client can copy the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// In upper case: `POST`.
    pub method: String,
    /// Percent-encoded, with its leading slash and without the query.
    pub path: String,
    /// As it stands after the question mark; empty if there is none.
    pub query: String,
    /// In the order of sending. The same name may come twice.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    #[must_use]
    pub fn get(path: &str) -> Request {
        Request::new("GET", path, Vec::new())
    }

    /// A POST of these bytes, without any header, so also without a content type.
    #[must_use]
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Request {
        Request::new("POST", path, body.into())
    }

    /// A POST of these bytes as `application/json`.
    #[must_use]
    pub fn post_json(path: &str, body: impl Into<Vec<u8>>) -> Request {
        Request::post(path, body).header("Content-Type", "application/json")
    }

    /// A request with this method and these bytes.
    #[must_use]
    pub fn new(method: &str, path: &str, body: Vec<u8>) -> Request {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body,
        }
    }

    /// Adds a header at the end, even if there is one of the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Removes every header of this name, in any case.
    #[must_use]
    pub fn without(mut self, name: &str) -> Request {
        self.headers
            .retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self
    }

    /// The first header of this name, in any case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_split_from_the_path() {
        let request = Request::get("/resets/1?verbose=true");
        assert_eq!(
            (request.path.as_str(), request.query.as_str()),
            ("/resets/1", "verbose=true")
        );
    }

    #[test]
    fn headers_are_found_and_removed_in_any_case_and_duplicates_are_kept() {
        let request = Request::post_json("/", "{}")
            .header("X-Twice", "a")
            .header("x-twice", "b");
        assert_eq!(request.value("X-TWICE"), Some("a"));
        assert_eq!(request.headers.len(), 3);
        assert_eq!(
            request.without("x-Twice").headers,
            [("Content-Type".to_owned(), "application/json".to_owned())]
        );
    }
}
