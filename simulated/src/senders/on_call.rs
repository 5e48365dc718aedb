//! An engineer on call, or their script. They do not sign the request: the approval is their credential.

use serde_json::json;

use crate::request::Request;

/// A POST with an approval as bearer token (RFC 6750, section 2.1), and with a second approval in the body.
#[must_use]
pub fn post(path: &str, approval: &str, second: Option<&str>) -> Request {
    let request = match second {
        Some(second) => Request::post_json(path, json!({"approvals": [second]}).to_string()),
        None => Request::post(path, Vec::new()),
    };
    with_bearer(request, approval)
}

/// A GET with an approval as bearer token.
#[must_use]
pub fn get(path: &str, approval: &str) -> Request {
    with_bearer(Request::get(path), approval)
}

fn with_bearer(request: Request, approval: &str) -> Request {
    request.header("Authorization", format!("Bearer {approval}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_approval_is_in_the_header_and_the_second_in_the_body() {
        let one = post("/resets", "a.b.c", None);
        assert_eq!(one.value("authorization"), Some("Bearer a.b.c"));
        assert!(one.body.is_empty());
        let two = post("/resets", "a.b.c", Some("d.e.f"));
        assert_eq!(two.body, br#"{"approvals":["d.e.f"]}"#);
    }
}
