//! Authentication methods, as Microsoft calls them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::clock::Timestamp;
pub use crate::ids::MethodId;

impl MethodId {
    /// A name for a method whose id cannot be read: the same for the same bytes.
    pub fn unreadable(bytes: &[u8]) -> MethodId {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        #[expect(clippy::expect_used, reason = "hex digits are always an id")]
        MethodId::try_new(format!("{UNREADABLE}{}", hex::encode(digest))).expect("hex digits")
    }

    /// Whether it is such a name. The directory knows no method by it.
    pub fn is_unreadable(&self) -> bool {
        self.as_ref().starts_with(UNREADABLE)
    }
}

const UNREADABLE: &str = "unreadable-";

/// An authentication method that a person has registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    pub id: MethodId,
    pub kind: MethodKind,
    /// Which of several it is, for people: a device's name, the last digits of a number. Never a full number.
    pub label: Option<String>,
    /// When it was registered, where Graph says so.
    pub created: Option<Timestamp>,
    /// Of a passkey: whether it is in Microsoft Authenticator on a phone. Records of earlier versions do not say it, and
    /// earlier versions ignore it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_authenticator: bool,
}

impl Method {
    /// When it was registered, in whole seconds: a list may leave out the fraction that another one gives.
    fn created_second(&self) -> Option<i64> {
        self.created.map(Timestamp::as_second)
    }

    /// Whether `other` is the same registration. Phones and e-mail addresses of all people have the same ids, and one that
    /// is registered anew has the old id, so label and date are compared as well, where both have them: a list that leaves
    /// them out shows no other phone. For all others the id decides alone: a device's name and date change while it is the
    /// same.
    pub fn is_same_registration(&self, other: &Method) -> bool {
        let dates_agree = may_be_equal(self.created_second(), other.created_second());
        let labels_agree = may_be_equal(self.label.as_deref(), other.label.as_deref());
        match self.kind {
            MethodKind::Phone(_) | MethodKind::Email => {
                self.has_id_of(other) && labels_agree && dates_agree
            }
            MethodKind::Password
            | MethodKind::MicrosoftAuthenticator
            | MethodKind::SoftwareOath
            | MethodKind::HardwareOath
            | MethodKind::Passkey
            | MethodKind::WindowsHello
            | MethodKind::PlatformCredential
            | MethodKind::External
            | MethodKind::TemporaryAccessPass
            | MethodKind::QrCodePin
            | MethodKind::Unreadable
            | MethodKind::Unknown(_) => self.has_id_of(other),
        }
    }

    /// Whether `other` is this registration and cannot be a newer one: its id is no other's, or the dates are the same.
    pub fn is_certainly(&self, other: &Method) -> bool {
        let has_own_id = !matches!(self.kind, MethodKind::Phone(_) | MethodKind::Email);
        let same_date = self.created.is_some() && self.created_second() == other.created_second();
        self.is_same_registration(other) && (has_own_id || same_date)
    }

    /// Whether the directory showed it in a way that does not tell which method it is, or of what type.
    pub fn is_unreadable(&self) -> bool {
        self.kind == MethodKind::Unreadable || self.id.is_unreadable()
    }

    /// Whether `other` has the same id and kind. A kind that one version of this program knows and another does not is the
    /// same under the same id, so that an upgrade in the middle of a reset makes no method disappear.
    pub fn has_id_of(&self, other: &Method) -> bool {
        let kinds_agree = match (&self.kind, &other.kind) {
            (MethodKind::Unknown(_) | MethodKind::Unreadable, _)
            | (_, MethodKind::Unknown(_) | MethodKind::Unreadable) => true,
            (one, another) => one == another,
        };
        self.id == other.id && kinds_agree
    }
}

/// Where one of the two is not known, they may be.
fn may_be_equal<T: PartialEq>(one: Option<T>, another: Option<T>) -> bool {
    match (one, another) {
        (Some(one), Some(another)) => one == another,
        _ => true,
    }
}

/// The types of Microsoft Graph's `authenticationMethod`. In a record, a type that another version wrote and this one does
/// not know is [`MethodKind::Unknown`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumCount)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum MethodKind {
    Password,
    Phone(PhoneType),
    MicrosoftAuthenticator,
    SoftwareOath,
    HardwareOath,
    /// `fido2AuthenticationMethod`: what people know as a passkey or a security key.
    Passkey,
    WindowsHello,
    PlatformCredential,
    External,
    Email,
    TemporaryAccessPass,
    QrCodePin,
    /// What is listed in a way that does not tell its type, so that it may be one that has to go: left in place and named,
    /// and the reset is not complete.
    Unreadable,
    /// A type that this version does not know: left in place and named.
    Unknown(String),
}

impl Serialize for MethodKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MethodKind::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for MethodKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MethodKind, D::Error> {
        let stored = Value::deserialize(deserializer)?;
        MethodKind::deserialize(&stored).or_else(|error| match stored {
            Value::String(kind) => Ok(MethodKind::Unknown(kind)),
            Value::Object(kind) if kind.len() == 1 => Ok(MethodKind::Unknown(
                kind.into_iter().map(|(kind, _)| kind).collect(),
            )),
            _ => Err(serde::de::Error::custom(error)),
        })
    }
}

/// `authenticationPhoneType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneType {
    Mobile,
    AlternateMobile,
    Office,
}

impl fmt::Display for MethodKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MethodKind::Password => "Password",
            MethodKind::Phone(PhoneType::Mobile) => "Mobile phone",
            MethodKind::Phone(PhoneType::AlternateMobile) => "Alternate mobile phone",
            MethodKind::Phone(PhoneType::Office) => "Office phone",
            MethodKind::MicrosoftAuthenticator => "Microsoft Authenticator",
            MethodKind::SoftwareOath => "Software OATH token",
            MethodKind::HardwareOath => "Hardware OATH token",
            MethodKind::Passkey => "Passkey",
            MethodKind::WindowsHello => "Windows Hello for Business",
            MethodKind::PlatformCredential => "Platform credential",
            MethodKind::External => "External authentication method",
            MethodKind::Email => "Email",
            MethodKind::TemporaryAccessPass => "Temporary Access Pass",
            MethodKind::QrCodePin => "QR code",
            MethodKind::Unreadable => "Method that cannot be read",
            MethodKind::Unknown(odata_type) => odata_type,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn method(kind: Value) -> Method {
        let stored = json!({"id": "0f0f", "kind": kind, "label": null, "created": null});
        serde_json::from_value(stored).unwrap()
    }

    #[test]
    fn a_kind_that_another_version_stored_is_unknown_and_the_record_can_be_read() {
        for kind in [json!("hologram"), json!({"hologram": "blue"})] {
            let unknown = MethodKind::Unknown("hologram".to_owned());
            assert_eq!(method(kind).kind, unknown);
        }
    }

    #[test]
    fn a_method_whose_kind_only_one_version_knows_is_the_same_registration() {
        let one = method(json!({"unknown": "#microsoft.graph.fido2AuthenticationMethod"}));
        let another = method(json!("passkey"));
        assert!(one.is_same_registration(&another) && another.is_same_registration(&one));
    }

    #[test]
    fn a_phone_under_its_old_id_is_the_old_one_for_certain_only_by_its_date() {
        let dated = |kind: Value, created: Option<&str>| Method {
            created: created.map(|time| time.parse().unwrap()),
            ..method(kind)
        };
        let phone = |created| dated(json!({"phone": "mobile"}), created);
        let day = Some("2026-11-24T09:00:00Z");
        assert!(phone(day).is_certainly(&phone(day)));
        for (one, another) in [(None, None), (None, day), (day, None)] {
            assert!(phone(one).is_same_registration(&phone(another)));
            assert!(!phone(one).is_certainly(&phone(another)));
        }
        let token = dated(json!("software_oath"), None);
        assert!(token.is_certainly(&token));
    }

    #[test]
    fn every_kind_is_stored_as_it_was_before() {
        let phone = MethodKind::Phone(PhoneType::AlternateMobile);
        let unknown = MethodKind::Unknown("#x".to_owned());
        let stored = serde_json::to_value([MethodKind::Passkey, phone, unknown]).unwrap();
        let expected = json!(["passkey", {"phone": "alternate_mobile"}, {"unknown": "#x"}]);
        assert_eq!(stored, expected);
    }
}
