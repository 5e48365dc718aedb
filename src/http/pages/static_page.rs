//! A page, and the Content Security Policy that binds what may run and look in it to its own bytes, so that text which
//! comes from elsewhere, such as the name of a device, can never become a script.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A page, and what it may do.
pub struct StaticPage {
    html: Cow<'static, str>,
    policy: HeaderValue,
}

impl StaticPage {
    pub fn new(html: impl Into<Cow<'static, str>>) -> StaticPage {
        let html = html.into();
        // A page whose policy cannot be a header runs nothing.
        let policy = HeaderValue::from_str(&policy(&html))
            .unwrap_or(HeaderValue::from_static("default-src 'none'"));
        StaticPage { html, policy }
    }

    pub fn answer(&self) -> Response {
        let headers = [
            (
                CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            ),
            (CONTENT_SECURITY_POLICY, self.policy.clone()),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            // A page that has opened this one keeps no reference to it.
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                HeaderValue::from_static("same-origin"),
            ),
            (
                STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=31536000"),
            ),
        ];
        (headers, self.html.clone()).into_response()
    }
}

#[cfg(test)]
impl StaticPage {
    pub fn html(&self) -> &str {
        &self.html
    }

    pub fn policy(&self) -> &str {
        self.policy.to_str().unwrap()
    }
}

/// What the page may do: run its own script, look as its own style says, and ask where it is from. Its icon is empty
/// and in the page itself, since browsers ask for one.
fn policy(page: &str) -> String {
    let script = hashes(page, "script");
    let style = hashes(page, "style");
    format!(
        "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
}

/// The hash of each such element, at least one.
fn hashes(page: &str, element: &str) -> String {
    let mut hashes = Vec::new();
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut rest = page;
    while let Some((_, after)) = rest.split_once(&open) {
        let (inside, after) = after.split_once(&close).unwrap_or_default();
        hashes.push(format!("'sha256-{}'", hash(inside)));
        rest = after;
    }
    if hashes.is_empty() {
        hashes.push(format!("'sha256-{}'", hash("")));
    }
    hashes.join(" ")
}

/// The very bytes between an element's tags, as a browser hashes them. Of an element that is not there, nothing.
#[cfg(test)]
fn inside<'a>(page: &'a str, element: &str) -> &'a str {
    page.split_once(&format!("<{element}>"))
        .and_then(|(_, rest)| rest.split_once(&format!("</{element}>")))
        .map_or("", |(inside, _)| inside)
}

fn hash(text: &str) -> String {
    STANDARD.encode(digest(&SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::of_policy::ON_CALL as PAGE;
    use super::*;

    /// The page without what is in its script and its style.
    fn markup() -> String {
        PAGE.replace(inside(PAGE, "script"), "")
            .replace(inside(PAGE, "style"), "")
            .to_lowercase()
    }

    /// Every word that begins an attribute or text, such as `class="row"`.
    fn has_attribute(markup: &str, is: impl Fn(&str) -> bool) -> bool {
        markup
            .split(|letter: char| letter.is_whitespace() || "\"'/<>".contains(letter))
            .filter_map(|word| word.split_once('='))
            .any(|(name, _)| is(name))
    }

    #[test]
    fn there_is_one_script_and_one_style_which_the_policy_names() {
        for element in ["script", "style"] {
            assert_eq!(markup().matches(&format!("<{element}")).count(), 1);
            assert_eq!(markup().matches(&format!("</{element}>")).count(), 1);
            assert!(inside(PAGE, element).len() > 1000);
            let hash = hash(inside(PAGE, element));
            assert!(policy(PAGE).contains(&format!("{element}-src 'sha256-{hash}'")));
        }
        // Browsers hash what they have parsed, and parsing makes \r\n into \n.
        assert!(!PAGE.contains('\r'));
    }

    #[test]
    fn a_hash_is_what_a_browser_takes() {
        // Content Security Policy Level 3, section 8.3, has this hash of this script.
        assert_eq!(
            hash("alert('Hello, world.');"),
            "qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }

    #[test]
    fn a_page_without_a_script_runs_nothing() {
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert!(policy("<p>").contains(&format!("script-src 'sha256-{empty}'")));
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        let icon = r#"<link rel="icon" href="data:,">"#;
        assert!(PAGE.contains(icon));
        let page = PAGE.replace(icon, "").to_lowercase();
        for word in [
            "://",
            "src=",
            "href=",
            "url(",
            "@import",
            "javascript:",
            "<link",
            "<iframe",
            "<base",
        ] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn no_attribute_runs_or_paints() {
        let markup = markup();
        assert!(has_attribute(&markup, |name| name == "class"));
        assert!(!has_attribute(&markup, |name| name == "style"));
        assert!(!has_attribute(&markup, |name| name.starts_with("on")));
    }

    #[test]
    fn what_the_server_says_is_text_and_nothing_is_kept() {
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "createContextualFragment",
            "DOMParser",
            "srcdoc",
            "eval(",
            "new Function",
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "cookie",
            "caches.",
            "serviceWorker",
            "postMessage",
            "window.open",
        ] {
            assert!(!PAGE.contains(word), "{word}");
        }
    }

    #[test]
    fn it_is_small_enough_for_a_bad_line() {
        assert!(PAGE.len() < 52 * 1024);
    }

    #[test]
    fn it_is_not_framed_and_sends_no_referrer() {
        let answer = StaticPage::new(PAGE).answer();
        let header = |name: &str| answer.headers()[name].to_str().unwrap();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-frame-options"), "DENY");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"));
        assert!(policy.ends_with(
            "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'"
        ));
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert!(header("strict-transport-security").starts_with("max-age="));
        assert!(!policy.contains("unsafe"));
    }
}
