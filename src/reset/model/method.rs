//! Authentication methods, as Microsoft calls them.

use std::fmt;

use nutype::nutype;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::Malformed;

fn check_method_id(text: &str) -> Result<(), Malformed> {
    let plain = text
        .bytes()
        .all(|b| (0x21..=0x7e).contains(&b) && !matches!(b, b'/' | b'\\' | b'?' | b'#' | b'%'));
    (plain && (1..=256).contains(&text.len()) && text != "." && text != "..")
        .then_some(())
        .ok_or(Malformed("the id of an authentication method"))
}

/// The id of one method of one person. Phones have the same three ids for everybody.
#[nutype(
    validate(with = check_method_id, error = Malformed),
    derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Display, AsRef, TryFrom, Serialize, Deserialize)
)]
pub struct MethodId(String);

impl MethodId {
    /// A name of our own for a method whose id cannot be read: the same for the same bytes.
    pub fn unreadable(bytes: &[u8]) -> MethodId {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        #[expect(clippy::expect_used, reason = "hex digits are always an id")]
        MethodId::try_new(format!("unreadable-{}", hex::encode(digest))).expect("hex digits")
    }
}

/// A method that a person has registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// Its id.
    pub id: MethodId,
    /// What it is.
    pub kind: MethodKind,
    /// Which of several it is, for people: a device's name, the last digits of a number. Never a full number.
    pub label: Option<String>,
    /// When it was registered, where Graph says so.
    pub created: Option<Timestamp>,
}

impl Method {
    /// Whether `other` is this very registration. Of phones and e-mail addresses an id alone does not tell, since
    /// everybody's have the same: what is registered anew has the old id. Of all others it does, and nothing else
    /// does: a device's name and date change while it is the same.
    pub fn is_same_registration(&self, other: &Method) -> bool {
        let dates_agree = match (self.created, other.created) {
            (Some(one), Some(another)) => one == another,
            _ => true,
        };
        match self.kind {
            MethodKind::Phone(_) | MethodKind::Email => {
                self.has_id_of(other) && self.label == other.label && dates_agree
            }
            _ => self.has_id_of(other),
        }
    }

    /// Whether `other` goes by the same name.
    pub fn has_id_of(&self, other: &Method) -> bool {
        self.id == other.id && self.kind == other.kind
    }
}

/// The types of Microsoft Graph's `authenticationMethod`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are Microsoft's names")]
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
    /// A type that this version does not know: left in place and named.
    Unknown(String),
}

/// `authenticationPhoneType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are Microsoft's names")]
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
            MethodKind::Unknown(odata_type) => odata_type,
        })
    }
}
