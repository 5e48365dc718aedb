//! What the authenticator says of the person and of the passkey (WebAuthn Level 3, section 6.1).

use super::fault::PasskeyFault;

// The flags, by bit.
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED_CREDENTIAL: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// What counts of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticatorData {
    /// How often the passkey has signed; 0 where it does not count.
    pub sign_count: u32,
    /// Whether it may be copied to other devices.
    pub backup_eligible: bool,
}

/// Reads the data of an assertion for this domain: 32 bytes of its hash, the flags, and the counter. Nothing else is in
/// it, since nothing else was asked for.
pub fn read(bytes: &[u8], rp_id_hash: &[u8; 32]) -> Result<AuthenticatorData, PasskeyFault> {
    let (hash, rest) = bytes
        .split_first_chunk::<32>()
        .ok_or(PasskeyFault::CutOff)?;
    let ([flags, count @ ..], rest) = rest.split_first_chunk::<5>().ok_or(PasskeyFault::CutOff)?;
    if hash != rp_id_hash {
        return Err(PasskeyFault::RelyingParty);
    }
    let is_set = |flag: u8| flags & flag != 0;
    if !is_set(USER_PRESENT) {
        return Err(PasskeyFault::NoPresence);
    }
    if !is_set(USER_VERIFIED) {
        return Err(PasskeyFault::NoVerification);
    }
    if is_set(BACKED_UP) && !is_set(BACKUP_ELIGIBLE) {
        return Err(PasskeyFault::Backup);
    }
    if is_set(ATTESTED_CREDENTIAL) || is_set(EXTENSIONS) {
        return Err(PasskeyFault::MoreData);
    }
    if !rest.is_empty() {
        return Err(PasskeyFault::Trailing);
    }
    Ok(AuthenticatorData {
        sign_count: u32::from_be_bytes(*count),
        backup_eligible: is_set(BACKUP_ELIGIBLE),
    })
}
