//! The pages for passkeys: the one that makes a passkey, and the on-call page with the part that approves with one. They
//! are made once, from static files and the policy, and have no data of any person.

use serde::Serialize;

use super::static_page::StaticPage;

const ENROLMENT: &str = include_str!("passkey.html");

// The parts that the on-call page has beside its own.
const FORM: &str = include_str!("passkey_form.html");
const STYLE: &str = include_str!("passkey_form.css");
const SCRIPT: &str = include_str!("passkey_form.js");

/// Where the form stands in the on-call page.
const HERE: &str = "<!-- passkey -->";

/// Where the settings stand in a page.
const SETTINGS: &str = "data-settings=\"{}\"";

/// What the pages have to know of the policy. It is the same for every visitor.
#[derive(Debug, Clone, Serialize)]
pub struct PasskeySettings {
    /// The issuer of the passkeys, by its name in policy.toml and by its `iss`.
    pub name: String,
    pub iss: String,
    pub rp_id: String,
    /// The only address at which they sign.
    pub origin: String,
    pub algorithms: Vec<&'static str>,
    /// `aud` on call; absent if passkeys do not count there.
    pub on_call: Option<String>,
    /// `aud` in a ticket; absent if passkeys do not count there.
    pub ticket: Option<String>,
    /// By name and id; empty if there is one, which an approval need not name.
    pub tenants: Vec<(String, String)>,
}

/// The page that makes a passkey.
pub fn enrolment(settings: &PasskeySettings) -> StaticPage {
    with_settings(ENROLMENT, settings)
}

/// The on-call page, with the form where passkeys count.
pub fn on_call(page: &str, settings: &PasskeySettings) -> StaticPage {
    match settings.on_call.is_some() || settings.ticket.is_some() {
        true => with_settings(&with_form(page), settings),
        false => with_settings(page, settings),
    }
}

fn with_settings(html: &str, settings: &PasskeySettings) -> StaticPage {
    let json = serde_json::to_string(settings).unwrap_or_default();
    let attribute = format!("data-settings=\"{}\"", escaped(&json));
    StaticPage::new(html.replacen(SETTINGS, &attribute, 1))
}

fn with_form(page: &str) -> String {
    page.replacen("</head>", &format!("<style>{STYLE}</style>\n</head>"), 1)
        .replacen(HERE, FORM.trim_end(), 1)
        .replacen("</body>", &format!("<script>{SCRIPT}</script>\n</body>"), 1)
}

/// As the value of an attribute.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::static_page::ON_CALL;
    use super::*;

    fn settings() -> PasskeySettings {
        PasskeySettings {
            name: "passkeys".to_owned(),
            iss: "https://passkeys.example/?a=1&b=\"<script>".to_owned(),
            rp_id: "mfa.contoso.example".to_owned(),
            origin: "https://mfa.contoso.example".to_owned(),
            algorithms: vec!["ES256"],
            on_call: Some("on call".to_owned()),
            ticket: None,
            tenants: Vec::new(),
        }
    }

    #[test]
    fn the_on_call_page_has_the_form_only_where_a_passkey_counts() {
        let page = on_call(ON_CALL, &settings());
        assert!(page.html().contains("id=\"passkey\""));
        assert!(!page.html().contains(HERE));
        let policy = page.policy();
        for directive in ["script-src", "style-src"] {
            let hashes = policy.split("; ").find(|one| one.starts_with(directive));
            assert_eq!(hashes.unwrap().matches("'sha256-").count(), 2);
        }
        let nowhere = PasskeySettings {
            on_call: None,
            ..settings()
        };
        assert_eq!(on_call(ON_CALL, &nowhere).html(), ON_CALL);
    }

    #[test]
    fn the_settings_are_text_and_never_markup() {
        for page in [on_call(ON_CALL, &settings()), enrolment(&settings())] {
            assert!(page.html().contains("a=1&amp;b=\\&quot;&lt;script&gt;"));
            assert!(!page.html().contains(SETTINGS));
        }
    }

    #[test]
    fn nothing_of_the_parts_comes_from_elsewhere_is_kept_or_paints() {
        let parts = [ENROLMENT, FORM, STYLE, SCRIPT].join("\n");
        for word in [
            "://",
            "src=",
            "@import",
            "url(",
            "innerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "cookie",
            "postMessage",
            "window.open",
            " style=",
            " onclick=",
        ] {
            assert!(!parts.contains(word), "{word}");
        }
        assert!(!parts.contains('\r'));
    }

    #[test]
    fn both_pages_are_small_enough_for_a_bad_line() {
        assert!(on_call(ON_CALL, &settings()).html().len() < 72 * 1024);
        assert!(enrolment(&settings()).html().len() < 20 * 1024);
    }
}
