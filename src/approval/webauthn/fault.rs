//! Why the signature of a passkey is not accepted.

/// What is wrong with an assertion. It quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyFault {
    /// The third part of the token is not what the format says.
    #[error("the third part is not strict JSON of authenticator_data, client_data and signature")]
    Shape,
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// No strict JSON, or a member of another type.
    #[error("the client data cannot be read")]
    ClientData,
    /// Such as what a browser signs when a passkey is made.
    #[error("the client data has another type than webauthn.get")]
    Type,
    /// It was signed for another token.
    #[error("the challenge is not that of this token")]
    Challenge,
    #[error("it was signed on a page of another origin")]
    Origin,
    /// The page was in a frame of another origin, whose owner can choose what is shown around it.
    #[error("it was signed in a frame of another origin")]
    CrossOrigin,
    #[error("the authenticator data is cut off")]
    CutOff,
    #[error("it was signed for another domain (rp_id)")]
    RelyingParty,
    #[error("the authenticator did not notice a person (UP)")]
    NoPresence,
    #[error("the authenticator did not verify the person (UV)")]
    NoVerification,
    /// WebAuthn Level 3, section 6.1.3: a passkey that cannot be copied is not copied.
    #[error("it says that it is backed up and cannot be backed up (BE, BS)")]
    Backup,
    /// The page asks for no extension, and an assertion has no public key in it.
    #[error("the authenticator data has more than an assertion needs (AT, ED)")]
    MoreData,
    #[error("bytes follow the authenticator data")]
    Trailing,
    #[error("the signature does not match")]
    Signature,
}
