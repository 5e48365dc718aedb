//! What the browser says it had signed, for which page and which text (WebAuthn Level 3, section 5.8.1).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::fault::PasskeyFault;
use crate::json;

/// The members that are known. Browsers may add others, and Chromium does so at times, to keep readers from comparing
/// with a template.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    ceremony: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

/// Checks that a page of exactly this origin asked for a signature of exactly this challenge.
pub fn check(client_data: &[u8], challenge: &[u8], origin: &str) -> Result<(), PasskeyFault> {
    let value = json::parse(client_data).map_err(|_| PasskeyFault::ClientData)?;
    // Whatever is in it: a page that is in no frame has none.
    let has_top_origin = value.get("topOrigin").is_some();
    let data: ClientData = json::of_value(value).map_err(|_| PasskeyFault::ClientData)?;
    if data.ceremony != "webauthn.get" {
        return Err(PasskeyFault::Type);
    }
    let wanted = URL_SAFE_NO_PAD.encode(challenge);
    verify_slices_are_equal(data.challenge.as_bytes(), wanted.as_bytes())
        .map_err(|_| PasskeyFault::Challenge)?;
    if data.origin != origin {
        return Err(PasskeyFault::Origin);
    }
    if data.cross_origin || has_top_origin {
        return Err(PasskeyFault::CrossOrigin);
    }
    Ok(())
}
