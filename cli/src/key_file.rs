//! The private key in a file, as keygen writes it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::Value;

/// Signs with the private key in this file.
///
/// # Errors
/// There is no such key.
pub fn sign_with_file(file: &Path, header: &Header, claims: &Value) -> anyhow::Result<String> {
    let key = signing_key(file)?;
    jsonwebtoken::encode(header, claims, &key).context("the approval could not be signed")
}

/// The private key in this file.
///
/// # Errors
/// The file cannot be read, or holds something else.
pub fn signing_key(file: &Path) -> anyhow::Result<EncodingKey> {
    let shown = file.display();
    let key = fs::read(file).with_context(|| format!("cannot read {shown}"))?;
    let text = String::from_utf8_lossy(&key);
    ensure!(
        !text.trim_start().starts_with('{') && !text.contains("PUBLIC KEY"),
        "{shown}: that is the public key: give the .pem that keygen wrote as --private"
    );
    EncodingKey::from_ec_pem(&key)
        .with_context(|| format!("{shown} is no private key that keygen made"))
}
