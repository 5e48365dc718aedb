//! How a person was verified: which channel, to which address of theirs, from which directory.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::numeric_date::numeric_date;
use super::reason::Reason;
use crate::clock::Timestamp;
use crate::ids::PersonRef;

/// One entry of `verification`: a verifier verified the target, in this way, at this time.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Entry")]
pub struct Verification {
    /// In which way.
    pub evidence: Evidence,
    /// Who did it.
    pub verified_by: PersonRef,
    /// When.
    pub verified_at: Timestamp,
    /// What the verifier's records call it.
    pub reference: Option<String>,
}

/// The way. A contact that the caller gave and questions about knowledge are no ways: that is how help
/// desks are talked into a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Evidence {
    /// The verifier called.
    PhoneCall {
        /// Which of the target's numbers.
        via: PhoneLine,
        /// Where the number is from.
        contact_source: ContactSource,
    },
    /// The verifier wrote and got an answer.
    SecureMessage {
        /// With what.
        via: Messenger,
        /// Where the address is from.
        contact_source: ContactSource,
    },
    /// Face to face, by video.
    VideoCall {
        /// Where the address is from.
        contact_source: ContactSource,
    },
    /// Face to face.
    InPerson,
    /// The target's manager vouched: `verified_by`, as the directory has to say, too.
    ManagerAttestation {
        /// Where the manager's address is from.
        contact_source: ContactSource,
    },
    /// Microsoft Entra Verified ID.
    VerifiedId,
}

/// A number of the target's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PhoneLine {
    /// At work.
    Desk,
    /// At home.
    Home,
    /// A mobile.
    Mobile,
}

/// A means of writing to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Messenger {
    Slack,
    Teams,
    Telegram,
    Signal,
    Sms,
}

/// Who says that the contact is the target's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ContactSource {
    /// The company's directory.
    CompanyDirectory,
    /// The phone book.
    PhoneBook,
    /// In a pinch, a colleague who knows the target. Accepted with a warning.
    Colleague,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    method: VerificationMethod,
    via: Option<String>,
    contact_source: Option<ContactSource>,
    verified_by: PersonRef,
    #[serde(deserialize_with = "numeric_date")]
    verified_at: Timestamp,
    reference: Option<String>,
}

/// The way alone, without its particulars.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum VerificationMethod {
    PhoneCall,
    SecureMessage,
    VideoCall,
    InPerson,
    ManagerAttestation,
    VerifiedId,
}

/// Why a method, a `via` and a `contact_source` together are no evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    #[error("this method wants a via")]
    ViaMissing,
    /// It belongs to another method.
    #[error("via does not fit the method")]
    ViaUnfit,
    /// The method has none.
    #[error("via belongs to phone_call and secure_message")]
    ViaUnexpected,
    #[error("this method wants a contact_source")]
    ContactSourceMissing,
    /// The method has none.
    #[error("in_person and verified_id have no contact_source")]
    ContactSourceUnexpected,
}

/// Why an entry of `verification` was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum EntryError {
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    #[error("reference takes 1 to 64 of A-Za-z0-9._-, not 7 digits in a row")]
    Reference,
}

impl TryFrom<Entry> for Verification {
    type Error = EntryError;

    fn try_from(entry: Entry) -> Result<Verification, EntryError> {
        let evidence = Evidence::new(entry.method, entry.via.as_deref(), entry.contact_source)?;
        if !entry.reference.as_deref().is_none_or(is_reference) {
            return Err(EntryError::Reference);
        }
        Ok(Verification {
            evidence,
            verified_by: entry.verified_by,
            verified_at: entry.verified_at,
            reference: entry.reference,
        })
    }
}

fn via<'a, T: Deserialize<'a>>(text: Option<&'a str>) -> Result<T, EvidenceError> {
    let text = text.ok_or(EvidenceError::ViaMissing)?;
    T::deserialize(serde::de::value::BorrowedStrDeserializer::<
        serde::de::value::Error,
    >::new(text))
    .map_err(|_| EvidenceError::ViaUnfit)
}

/// Seven digits in a row, or in groups without a letter, would be a phone number, which is not to be written into records.
fn is_reference(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let is_digit = |b: &u8| b.is_ascii_digit();
    let has_run = |bytes: &[u8]| bytes.windows(7).any(|run| run.iter().all(is_digit));
    let has_letter = text.bytes().any(|b| b.is_ascii_alphabetic());
    let digits = text.bytes().filter(is_digit).count();
    (1..=64).contains(&text.len())
        && text.bytes().all(plain)
        && !has_run(text.as_bytes())
        && (has_letter || digits < 7)
}

impl Evidence {
    /// The evidence that an approval's members describe.
    ///
    /// # Errors
    /// The first member that does not belong to the method, or that it lacks; `via` is looked at first.
    pub fn new(
        method: VerificationMethod,
        via_text: Option<&str>,
        contact_source: Option<ContactSource>,
    ) -> Result<Evidence, EvidenceError> {
        let contact_source = contact_source.ok_or(EvidenceError::ContactSourceMissing);
        Ok(match method {
            VerificationMethod::PhoneCall => Evidence::PhoneCall {
                via: via(via_text)?,
                contact_source: contact_source?,
            },
            VerificationMethod::SecureMessage => Evidence::SecureMessage {
                via: via(via_text)?,
                contact_source: contact_source?,
            },
            _ if via_text.is_some() => return Err(EvidenceError::ViaUnexpected),
            VerificationMethod::VideoCall => Evidence::VideoCall {
                contact_source: contact_source?,
            },
            VerificationMethod::ManagerAttestation => Evidence::ManagerAttestation {
                contact_source: contact_source?,
            },
            _ if contact_source.is_ok() => return Err(EvidenceError::ContactSourceUnexpected),
            VerificationMethod::InPerson => Evidence::InPerson,
            VerificationMethod::VerifiedId => Evidence::VerifiedId,
        })
    }

    /// Whether it may have reached only the person who now holds the phone.
    fn reaches_a_phone(self) -> bool {
        matches!(
            self,
            Evidence::PhoneCall {
                via: PhoneLine::Mobile,
                ..
            } | Evidence::SecureMessage {
                via: Messenger::Sms | Messenger::Signal | Messenger::Telegram,
                ..
            }
        )
    }

    /// Whether it says anything about the person, given what happened to their phone.
    pub fn counts(self, reason: Option<Reason>) -> bool {
        !(reason.is_some_and(Reason::out_of_hand) && self.reaches_a_phone())
    }

    /// The way alone.
    pub fn method(self) -> VerificationMethod {
        match self {
            Evidence::PhoneCall { .. } => VerificationMethod::PhoneCall,
            Evidence::SecureMessage { .. } => VerificationMethod::SecureMessage,
            Evidence::VideoCall { .. } => VerificationMethod::VideoCall,
            Evidence::InPerson => VerificationMethod::InPerson,
            Evidence::ManagerAttestation { .. } => VerificationMethod::ManagerAttestation,
            Evidence::VerifiedId => VerificationMethod::VerifiedId,
        }
    }

    /// Whether it is the word of the target's manager.
    pub fn is_by_manager(self) -> bool {
        matches!(self, Evidence::ManagerAttestation { .. })
    }

    /// Whether it is a text message.
    pub fn is_sms(self) -> bool {
        matches!(
            self,
            Evidence::SecureMessage {
                via: Messenger::Sms,
                ..
            }
        )
    }

    /// Whether the contact is a colleague's word.
    pub fn is_hearsay(self) -> bool {
        match self {
            Evidence::PhoneCall { contact_source, .. }
            | Evidence::SecureMessage { contact_source, .. }
            | Evidence::VideoCall { contact_source }
            | Evidence::ManagerAttestation { contact_source } => {
                contact_source == ContactSource::Colleague
            }
            Evidence::InPerson | Evidence::VerifiedId => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(mut entry: serde_json::Value) -> Result<Evidence, String> {
        entry["verified_by"] = "vera@contoso.com".into();
        entry["verified_at"] = 1_790_000_000.into();
        serde_json::from_value::<Verification>(entry)
            .map(|verification| verification.evidence)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn knowledge_questions_and_a_contact_from_the_caller_are_no_evidence() {
        assert!(read(json!({"method": "knowledge_questions"})).is_err());
        assert!(
            read(json!({"method": "phone_call", "via": "desk", "contact_source": "caller"}))
                .is_err()
        );
        assert!(read(json!({"method": "in_person", "note": "knew the birthday"})).is_err());
    }

    #[test]
    fn each_method_wants_just_the_members_that_belong_to_it() {
        assert_eq!(
            read(json!({"method": "phone_call", "via": "desk", "contact_source": "phone_book"})),
            Ok(Evidence::PhoneCall {
                via: PhoneLine::Desk,
                contact_source: ContactSource::PhoneBook
            })
        );
        assert_eq!(read(json!({"method": "in_person"})), Ok(Evidence::InPerson));
        for wrong in [
            json!({"method": "phone_call", "contact_source": "phone_book"}),
            json!({"method": "phone_call", "via": "slack", "contact_source": "phone_book"}),
            json!({"method": "phone_call", "via": "desk"}),
            json!({"method": "video_call"}),
            json!({"method": "video_call", "via": "teams", "contact_source": "phone_book"}),
            json!({"method": "in_person", "contact_source": "phone_book"}),
            json!({"method": "in_person", "via": "desk"}),
            json!({"method": "verified_id", "contact_source": "phone_book"}),
            json!({"method": "verified_id", "via": "desk"}),
            json!({"method": "manager_attestation"}),
            json!({"method": "manager_attestation", "via": "desk", "contact_source": "phone_book"}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_names_for_the_command_line_are_those_in_an_approval() {
        fn read<T: serde::de::DeserializeOwned + VariantNames>() {
            for name in T::VARIANTS {
                assert!(serde_json::from_value::<T>(json!(name)).is_ok(), "{name}");
            }
        }
        read::<VerificationMethod>();
        read::<PhoneLine>();
        read::<Messenger>();
        read::<ContactSource>();
        read::<Reason>();
    }

    #[test]
    fn a_reference_that_could_be_a_phone_number_is_refused() {
        assert!(is_reference("CALL-2026-123456"));
        assert!(!is_reference("+491701234567"));
        assert!(!is_reference("x1234567"));
        assert!(!is_reference("425-555-0112"));
        assert!(!is_reference("123456.7890.1234"));
        assert!(!is_reference("two words"));
    }

    #[test]
    fn a_call_to_the_mobile_that_was_stolen_proves_nothing() {
        let mobile = Evidence::PhoneCall {
            via: PhoneLine::Mobile,
            contact_source: ContactSource::CompanyDirectory,
        };
        assert!(!mobile.counts(Some(Reason::Stolen)));
        assert!(!mobile.counts(Some(Reason::Lost)));
        assert!(mobile.counts(Some(Reason::Replaced)));
        assert!(mobile.counts(None));
        assert!(Evidence::InPerson.counts(Some(Reason::Stolen)));
    }

    #[test]
    fn a_colleagues_word_is_hearsay_whatever_the_contact_is_for_and_a_directory_is_not() {
        for (contact_source, expected) in [
            (ContactSource::Colleague, true),
            (ContactSource::PhoneBook, false),
            (ContactSource::CompanyDirectory, false),
        ] {
            for evidence in [
                Evidence::PhoneCall {
                    via: PhoneLine::Desk,
                    contact_source,
                },
                Evidence::SecureMessage {
                    via: Messenger::Teams,
                    contact_source,
                },
                Evidence::VideoCall { contact_source },
                Evidence::ManagerAttestation { contact_source },
            ] {
                assert_eq!(evidence.is_hearsay(), expected, "{evidence:?}");
            }
        }
        assert!(!Evidence::InPerson.is_hearsay());
        assert!(!Evidence::VerifiedId.is_hearsay());
    }

    #[test]
    fn a_messenger_or_a_line_counts_after_a_theft_only_if_it_is_not_on_the_phone_alone() {
        let contact_source = ContactSource::CompanyDirectory;
        for (via, counts) in [
            (Messenger::Slack, true),
            (Messenger::Teams, true),
            (Messenger::Telegram, false),
            (Messenger::Signal, false),
            (Messenger::Sms, false),
        ] {
            let message = Evidence::SecureMessage {
                via,
                contact_source,
            };
            assert_eq!(message.counts(Some(Reason::Stolen)), counts, "{via:?}");
            assert_eq!(message.is_sms(), via == Messenger::Sms, "{via:?}");
        }
        for (via, counts) in [
            (PhoneLine::Desk, true),
            (PhoneLine::Home, true),
            (PhoneLine::Mobile, false),
        ] {
            let call = Evidence::PhoneCall {
                via,
                contact_source,
            };
            assert_eq!(call.counts(Some(Reason::Stolen)), counts, "{via:?}");
        }
    }

    #[test]
    fn a_reference_has_1_to_64_plain_characters_and_at_most_six_digits_in_a_row() {
        for good in ["x", &"x".repeat(64), "CALL_2026.a-1", "x123456y123456"] {
            assert!(is_reference(good), "{good}");
        }
        for wrong in ["", &"x".repeat(65), "a/b", "a+b", "caf\u{e9}", "1234567"] {
            assert!(!is_reference(wrong), "{wrong}");
        }
    }
}
