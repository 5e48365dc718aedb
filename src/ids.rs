//! Names of things, each a type that cannot hold a wrong value.
//!
//! Parsed once, at the edge; past it no string is checked again.

use std::fmt;
use std::str::FromStr;

use nutype::nutype;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::names::is_invisible;

/// Why a text is not the name that it was read as. It never holds the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct Malformed(pub &'static str);

fn is(text: &str, length: std::ops::RangeInclusive<usize>, extra: &[u8]) -> bool {
    length.contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || extra.contains(&b))
}

/// A text that is a name of something, checked once.
macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $check:ident: $is:expr, $what:literal $(, $sanitize:ident)?) => {
        fn $check(text: &str) -> Result<(), Malformed> {
            let is: fn(&str) -> bool = $is;
            is(text).then_some(()).ok_or(Malformed($what))
        }

        $(#[$doc])*
        #[nutype(
            $(sanitize(with = $sanitize),)?
            validate(with = $check, error = Malformed),
            derive(
                Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Display, AsRef, TryFrom,
                Serialize, Deserialize
            )
        )]
        pub struct $name(String);
    };
}

text_name!(
    /// `iss`: who signed an approval (RFC 7519, section 4.1.1), compared byte by byte.
    Issuer, check_issuer: |text| {
        (1..=255).contains(&text.len()) && text.bytes().all(|b| (0x21..=0x7e).contains(&b))
    },
    "an issuer of 1 to 255 printable ASCII characters"
);
text_name!(
    /// `kid`: which key of an issuer signed (RFC 7515, section 4.1.4). It only ever selects among known keys.
    Kid, check_kid: |text| {
        // The names of keys in Azure Key Vault and in AWS KMS are addresses of up to some 150 characters.
        (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    },
    "a kid of 1 to 256 printable ASCII characters"
);
text_name!(
    /// `jti`: the approval's own name, used once together with its issuer (RFC 7519, section 4.1.7).
    Jti, check_jti: |text| is(text, 8..=128, b"._:-"),
    "a jti of 8 to 128 characters of A-Za-z0-9._:-"
);
text_name!(
    /// The id of a draft: 128 random bits in hexadecimal.
    DraftId, check_draft_id: |text| {
        text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    },
    "the id of a draft, which has 32 characters of 0-9a-f"
);
text_name!(
    /// A ticket's key as its system prints it: `HELP-42`, `RITM0010072`.
    TicketKey, check_ticket: |text| is(text, 1..=64, b"._-"),
    "a ticket key of 1 to 64 characters of A-Za-z0-9._-"
);
impl TicketKey {
    /// Whether both name one ticket: to Jira and ServiceNow, capital letters make no other key.
    pub fn is_same(&self, other: &TicketKey) -> bool {
        self.as_ref().eq_ignore_ascii_case(other.as_ref())
    }

    /// As ticket systems print it.
    pub fn in_capitals(self) -> TicketKey {
        TicketKey::try_new(self.as_ref().to_ascii_uppercase()).unwrap_or(self)
    }
}

impl Upn {
    /// Whether this name is the same person's: capital letters make no other.
    pub fn is_same(&self, name: &str) -> bool {
        self.as_ref().eq_ignore_ascii_case(name)
    }
}

text_name!(
    /// A name that policy.toml gives to a section: a source, a tenant, an issuer, a trust domain.
    Label, check_label: |text| {
        is(text, 1..=32, b"-") && !text.bytes().any(|b| b.is_ascii_uppercase())
    },
    "a name of 1 to 32 characters of a-z0-9-"
);
text_name!(
    /// Name or ARN of a secret in AWS Secrets Manager (API reference, `CreateSecret`: `Name`). Not secret itself.
    SecretName, check_secret_name: |text| is(text, 1..=512, b"/_+=.@:-"),
    "the name or ARN of a secret in Secrets Manager"
);
text_name!(
    /// A table of ServiceNow, by its name and not by its label.
    Table, check_table: |text| {
        is(text, 1..=80, b"_") && !text.bytes().any(|b| b.is_ascii_uppercase())
    },
    "a table of 1 to 80 characters of a-z0-9_"
);
text_name!(
    /// The id of one method of one person. Phones have the same three ids for every person. One that is a GUID is the same
    /// in capitals.
    MethodId, check_method_id: |text| {
        let plain = |b: u8| {
            (0x21..=0x7e).contains(&b) && !matches!(b, b'/' | b'\\' | b'?' | b'#' | b'%')
        };
        (1..=256).contains(&text.len()) && text.bytes().all(plain) && text != "." && text != ".."
    },
    "the id of an authentication method",
    guid_in_small_letters
);
text_name!(
    /// A user principal name. It may change hands, so it is resolved to an [`ObjectId`] once and then forgotten.
    Upn, check_upn: |text| {
        // Entra allows letters, digits and '.-_!#^~ (Microsoft Learn, "Plan and troubleshoot User Principal Name changes").
        // Letters of other scripts may pass; what has no shape of its own makes one name look like another.
        let plain = |c: char| match c.is_ascii() {
            true => c.is_ascii_graphic() && !"/\\?%\"<>".contains(c),
            false => c.is_alphanumeric() && !is_invisible(c),
        };
        let (name, domain) = text.split_once('@').unwrap_or_default();
        text.len() <= 320
            && text.chars().all(plain)
            && !name.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
    },
    "a user principal name such as jane@contoso.com"
);

/// An address that a secret may be sent to, or keys may come from: https, or http on this machine alone; without
/// a user name or password, which can make one host look like another, and without a fragment, which is never sent.
pub fn trusted_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let safe = url.scheme() == "https" || (url.scheme() == "http" && here);
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (safe && plain).then_some(url)
}

/// Only the canonical form of a UUID; `Uuid::parse_str` also takes braces, URNs and bare digits.
pub fn canonical(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok())?
}

/// Others tell capitals from small letters: the id of a passkey is base64url.
fn guid_in_small_letters(text: String) -> String {
    canonical(&text).map_or(text, |guid| guid.hyphenated().to_string())
}

macro_rules! uuid_name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                canonical(text).map($name).ok_or(Malformed($what))
            }
        }
        impl TryFrom<String> for $name {
            type Error = Malformed;
            fn try_from(text: String) -> Result<Self, Malformed> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.to_string()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

uuid_name!(
    /// An Entra object id: the one name of a person that never changes hands.
    ObjectId, "an Entra object id (a UUID)"
);
uuid_name!(
    /// An Entra tenant id.
    TenantId, "an Entra tenant id (a UUID)"
);
uuid_name!(
    /// The name of one reset in the ledger and in `GET /resets/{id}`.
    ResetId, "a reset id (a UUID)"
);

impl ResetId {
    pub fn random() -> ResetId {
        ResetId(Uuid::new_v4())
    }
}

impl DraftId {
    /// A new one; `None` if there are no random numbers.
    pub fn random() -> Option<DraftId> {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).ok()?;
        DraftId::try_from(hex::encode(bytes)).ok()
    }
}

/// What stands for an approval that was signed at the desk, in a ticket or a request: `desk:` and the id of its draft. It
/// proves nothing; what was signed is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(DraftId);

impl Reference {
    const PREFIX: &str = "desk:";

    pub fn to(draft: DraftId) -> Reference {
        Reference(draft)
    }

    /// The reference in a text that is one; `None` for any other text, such as a token.
    pub fn read(text: &str) -> Option<Reference> {
        let id = text.strip_prefix(Reference::PREFIX)?;
        DraftId::try_from(id).ok().map(Reference)
    }

    /// The draft of the approval.
    pub fn draft(&self) -> &DraftId {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Reference::PREFIX, self.0)
    }
}

/// A SHA-256 in hexadecimal: what names a thing that has no other name that is signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    pub fn of(bytes: &[u8]) -> Digest {
        use aws_lc_rs::digest::{SHA256, digest};
        Digest(hex::encode(digest(&SHA256, bytes)))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person as an approval, a ticket or the policy writes them: by object id or by user principal name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PersonRef {
    Id(ObjectId),
    Upn(Upn),
}

impl PersonRef {
    /// The object id, if that is what names the person.
    pub fn id(&self) -> Option<ObjectId> {
        match self {
            PersonRef::Id(id) => Some(*id),
            PersonRef::Upn(_) => None,
        }
    }
}

impl TryFrom<String> for PersonRef {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        if let Ok(id) = text.parse() {
            return Ok(PersonRef::Id(id));
        }
        Upn::try_from(text)
            .map(PersonRef::Upn)
            .map_err(|_| Malformed("an object id or a user principal name"))
    }
}

impl From<PersonRef> for String {
    fn from(person: PersonRef) -> String {
        person.to_string()
    }
}

impl fmt::Display for PersonRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PersonRef::Id(id) => id.fmt(f),
            PersonRef::Upn(upn) => upn.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_an_object_id_or_a_upn_and_nothing_else() {
        let person = |text: &str| PersonRef::try_from(text.to_owned());
        assert!(matches!(
            person("6E7B768E-07E2-4810-8459-485F84F8F204"),
            Ok(PersonRef::Id(id)) if id.to_string() == "6e7b768e-07e2-4810-8459-485f84f8f204"
        ));
        assert!(matches!(person("jane@contoso.com"), Ok(PersonRef::Upn(_))));
        // Entra allows ASCII alone. What directories of its kind allow besides is not decided here.
        for odd in [
            "o'neil+x&y@contoso.com",
            "jürgen.日本@contoso.com",
            "$cash@contoso.com",
        ] {
            assert!(matches!(person(odd), Ok(PersonRef::Upn(_))), "{odd}");
        }
        assert!(matches!(
            person("jmorgan_fabrikam.com#EXT#@contoso.onmicrosoft.com"),
            Ok(PersonRef::Upn(_))
        ));
        for wrong in [
            "",
            "jane",
            "jane@contoso.com/../x",
            "a@b@c",
            "jane @contoso.com",
            // They look like jane@contoso.com, or like another text than they are.
            "jane\u{200b}@contoso.com",
            "jane\u{ad}@contoso.com",
            "ja\u{200d}ne@contoso.com",
            "jane@contoso.com\u{feff}",
            "\u{202e}enaj@contoso.com",
            "jane@\u{2066}contoso.com",
            "jane\u{3164}@contoso.com",
            "jane\u{fe0f}@contoso.com",
            "jane\u{e0041}@contoso.com",
            "jane\u{e000}@contoso.com",
            "{6e7b768e-07e2-4810-8459-485f84f8f204}",
            "6e7b768e07e248108459485f84f8f204",
        ] {
            assert!(person(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_jti_is_long_enough_to_be_unguessable_and_short_enough_to_be_a_key() {
        assert!(Jti::try_from("12345678").is_ok());
        assert!(Jti::try_from("1234567").is_err());
        assert!(Jti::try_from("x".repeat(129)).is_err());
        assert!(Jti::try_from("1234 5678").is_err());
        assert!(Jti::try_from("1234#5678").is_err());
    }

    #[test]
    fn the_id_of_a_method_is_the_same_in_capitals_if_it_is_a_guid() {
        let id = |text: &str| MethodId::try_from(text.to_owned()).unwrap();
        let guid = "b1000000-0000-4000-8000-00000b00000e";
        assert_eq!(id(&guid.to_uppercase()), id(guid));
        let stored: MethodId = serde_json::from_value(guid.to_uppercase().into()).unwrap();
        assert_eq!(stored, id(guid));
        for base64url in ["-2_GRUcKaUGr6nSBRJsBAQ2", "b1000000000040008000"] {
            assert_eq!(id(base64url).as_ref(), base64url);
            assert_ne!(id(&base64url.to_uppercase()), id(base64url));
        }
    }
}
