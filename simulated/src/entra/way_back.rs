//! How a browser brings an answer of the login back to the app: in the query or the fragment of the redirect URI, or in
//! a form that it posts there (<https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html>).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a form leaves as it is (<https://url.spec.whatwg.org/#application-x-www-form-urlencoded-percent-encode-set>).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

impl ResponseMode {
    pub(super) fn named(name: &str) -> Option<ResponseMode> {
        match name {
            "query" => Some(ResponseMode::Query),
            "fragment" => Some(ResponseMode::Fragment),
            "form_post" => Some(ResponseMode::FormPost),
            _ => None,
        }
    }
}

/// An answer on its way to the app.
#[derive(Clone, Debug)]
pub(super) struct WayBack {
    uri: String,
    mode: ResponseMode,
    fields: Vec<(&'static str, String)>,
}

impl WayBack {
    /// A redirect URI without a path gets a slash.
    pub(super) fn new(
        redirect_uri: &str,
        mode: ResponseMode,
        fields: Vec<(&'static str, String)>,
    ) -> WayBack {
        let rest = redirect_uri.split_once("://");
        let rest = rest.map_or(redirect_uri, |(_, rest)| rest);
        let slash = if rest.contains('/') { "" } else { "/" };
        WayBack {
            uri: format!("{redirect_uri}{slash}"),
            mode,
            fields,
        }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(key, _)| *key == name);
        field.map(|(_, value)| value.as_str())
    }

    /// Where a form is posted, and its fields; `None` if the browser is redirected.
    pub(super) fn form(&self) -> Option<(&str, &[(&'static str, String)])> {
        (self.mode == ResponseMode::FormPost).then_some((&self.uri, &self.fields))
    }

    /// The address that the browser opens next. A form is not part of it.
    pub(super) fn location(&self) -> String {
        let separator = match self.mode {
            ResponseMode::FormPost => return self.uri.clone(),
            ResponseMode::Fragment => '#',
            ResponseMode::Query if self.uri.contains('?') => '&',
            ResponseMode::Query => '?',
        };
        let parts: Vec<_> = self
            .fields
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, KEPT)))
            .collect();
        format!("{}{separator}{}", self.uri, parts.join("&"))
    }
}

/// The scheme and host of a URI.
pub(super) fn origin(uri: &str) -> String {
    let parts: Vec<_> = uri.split('/').take(3).collect();
    parts.join("/")
}
