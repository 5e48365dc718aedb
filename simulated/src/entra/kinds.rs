//! The types of authentication methods that Graph has, with the collection and the fields of each.
//!
//! Names, collections and fields are those of Graph's own schema
//! (<https://learn.microsoft.com/graph/api/resources/authenticationmethods-overview>).

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Cannot be deleted.
    Password,
    /// A phone number: mobile, alternate mobile or office.
    Phone,
    MicrosoftAuthenticator,
    /// A third-party app that shows one-time codes.
    SoftwareOath,
    /// A token that shows one-time codes, assigned by an administrator.
    HardwareOath,
    /// A passkey.
    Fido2,
    WindowsHelloForBusiness,
    /// A platform credential of macOS.
    PlatformCredential,
    /// An external MFA provider.
    External,
    /// An address for self-service password reset.
    Email,
    TemporaryAccessPass,
    /// A QR code with a PIN.
    QrCodePin,
    /// A type that Graph does not have yet: it is listed, and has no collection.
    Unknown,
}

impl Kind {
    /// Every kind that has a collection of its own.
    pub(super) const ADDRESSABLE: [Kind; 12] = [
        Kind::Password,
        Kind::Phone,
        Kind::MicrosoftAuthenticator,
        Kind::SoftwareOath,
        Kind::HardwareOath,
        Kind::Fido2,
        Kind::WindowsHelloForBusiness,
        Kind::PlatformCredential,
        Kind::External,
        Kind::Email,
        Kind::TemporaryAccessPass,
        Kind::QrCodePin,
    ];

    /// The name in the users file. Graph's type is this name followed by `AuthenticationMethod`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Password => "password",
            Kind::Phone => "phone",
            Kind::MicrosoftAuthenticator => "microsoftAuthenticator",
            Kind::SoftwareOath => "softwareOath",
            Kind::HardwareOath => "hardwareOath",
            Kind::Fido2 => "fido2",
            Kind::WindowsHelloForBusiness => "windowsHelloForBusiness",
            Kind::PlatformCredential => "platformCredential",
            Kind::External => "external",
            Kind::Email => "email",
            Kind::TemporaryAccessPass => "temporaryAccessPass",
            Kind::QrCodePin => "qrCodePin",
            Kind::Unknown => "unknown",
        }
    }

    /// The segment of the path for methods of this kind.
    pub(super) fn collection(self) -> String {
        match self {
            Kind::External => "externalAuthenticationMethods".to_owned(),
            Kind::QrCodePin => "qrCodePinMethod".to_owned(),
            other => format!("{}Methods", other.name()),
        }
    }

    /// Whether the collection exists only under `/beta`.
    pub(super) fn beta_only(self) -> bool {
        matches!(self, Kind::HardwareOath | Kind::QrCodePin)
    }

    /// Whether v1.0 lists the type: it lists "only the methods supported on this API version"
    /// (<https://learn.microsoft.com/graph/api/authentication-list-methods>), and its schema has no hardware token.
    pub(super) fn in_v1(self) -> bool {
        self != Kind::HardwareOath
    }

    /// The fields, each with the JSON of its default.
    pub(super) fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Kind::Password => &[("password", "null")],
            Kind::Phone => &[
                ("phoneNumber", "null"),
                ("phoneType", "\"mobile\""),
                ("smsSignInState", "\"notAllowedByPolicy\""),
            ],
            Kind::MicrosoftAuthenticator => &[
                ("displayName", "null"),
                ("deviceTag", "\"SoftwareTokenActivated\""),
                ("phoneAppVersion", "null"),
            ],
            Kind::SoftwareOath => &[("secretKey", "null")],
            Kind::HardwareOath => &[("device", r#"{"status": "activated"}"#)],
            Kind::Fido2 => &[
                ("displayName", "null"),
                ("model", "null"),
                ("aaGuid", "null"),
                ("attestationCertificates", "[]"),
                ("attestationLevel", "\"attested\""),
                ("passkeyType", "\"deviceBound\""),
            ],
            Kind::WindowsHelloForBusiness => {
                &[("displayName", "null"), ("keyStrength", "\"normal\"")]
            }
            Kind::PlatformCredential => &[
                ("displayName", "null"),
                ("keyStrength", "\"normal\""),
                ("platform", "\"macOS\""),
            ],
            Kind::External => &[("displayName", "null"), ("configurationId", "null")],
            Kind::Email => &[("emailAddress", "null")],
            Kind::TemporaryAccessPass => &[
                ("temporaryAccessPass", "null"),
                ("startDateTime", "null"),
                ("lifetimeInMinutes", "60"),
                ("isUsableOnce", "false"),
                ("isUsable", "true"),
                ("methodUsabilityReason", "\"EnabledByPolicy\""),
            ],
            Kind::QrCodePin | Kind::Unknown => &[],
        }
    }
}

/// Which of a person's phone numbers a method is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneType {
    Mobile,
    /// Only in addition to [`PhoneType::Mobile`].
    AlternateMobile,
    Office,
}

impl PhoneType {
    pub(super) const ALL: [PhoneType; 3] = [
        PhoneType::Mobile,
        PhoneType::AlternateMobile,
        PhoneType::Office,
    ];

    /// Graph's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            PhoneType::Mobile => "mobile",
            PhoneType::AlternateMobile => "alternateMobile",
            PhoneType::Office => "office",
        }
    }

    /// The id, which is the same for all people
    /// (<https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod>).
    pub fn id(self) -> &'static str {
        match self {
            PhoneType::Mobile => "3179e48a-750b-4051-897c-87b9720928f7",
            PhoneType::AlternateMobile => "b6332ec1-7057-4abe-9331-3d72feddfe41",
            PhoneType::Office => "e37fc753-ff3b-4958-9484-eaa9425c82bc",
        }
    }
}

/// The second factor for which Entra asks a person by default
/// (`userDefaultAuthenticationMethod`, <https://learn.microsoft.com/graph/api/resources/signinpreferences>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DefaultMethod {
    /// A notification of the Authenticator app.
    Push,
    /// A code of an app or a token.
    Oath,
    VoiceMobile,
    VoiceAlternateMobile,
    VoiceOffice,
    /// A text message to the mobile.
    Sms,
}

/// Which message Graph gives for refusing to delete the default method: clients report two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefaultRefusal {
    /// "The requested authentication method id of […] matches the user's current default authentication
    /// method…" (<https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/1888>).
    #[default]
    Matches,
    /// "Cannot delete default method with other methods configured…"
    /// (<https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/2913>).
    OthersConfigured,
}

impl DefaultRefusal {
    pub(super) fn text(self, id: &str) -> String {
        match self {
            DefaultRefusal::Matches => format!(
                "The requested authentication method id of [{id}] matches the user's current \
                 default authentication method, and cannot be deleted until the default \
                 authentication method is changed"
            ),
            DefaultRefusal::OthersConfigured => {
                "Cannot delete default method with other methods configured. Please change \
                 default method before deletion."
                    .to_owned()
            }
        }
    }
}
