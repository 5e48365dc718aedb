//! `reregister keygen`: a key pair for one approver.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey};
use pem::Pem;
use serde_json::{Value, json};

/// Make a key to sign approvals with (ES256): the private key for one person, the public one for the policy.
#[derive(clap::Args)]
pub struct Keygen {
    /// The key's id, which every approval names and the policy gives to one person
    #[arg(long)]
    kid: String,

    /// Where the private key goes, PKCS#8 in PEM, readable by you alone; must not exist
    #[arg(long, value_name = "FILE.pem")]
    private: PathBuf,

    /// Where the public key goes, as a JWK set
    #[arg(long, value_name = "FILE.json")]
    public: PathBuf,

    /// Add the public key to the set that is in the file already
    #[arg(long)]
    append: bool,
}

impl Keygen {
    /// Writes the public key last, so that a set never holds a key that nobody has.
    pub fn run(self) -> anyhow::Result<()> {
        ensure!(!self.kid.trim().is_empty(), "--kid is empty");
        let mut set = if self.append {
            read_set(&self.public)?
        } else {
            ensure!(
                !self.public.exists(),
                "{} exists; --append adds to it",
                self.public.display()
            );
            Vec::new()
        };
        ensure!(
            !set.iter()
                .any(|key| key.get("kid").and_then(Value::as_str) == Some(&self.kid)),
            "{} already has a key {}",
            self.public.display(),
            self.kid
        );

        let private =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| anyhow!("no key could be generated"))?;
        set.push(public_key(&self.kid, private.as_ref())?);
        let pem = pem::encode(&Pem::new("PRIVATE KEY", private.as_ref()));
        write_private(&self.private, &pem)?;
        if let Err(error) = write_set(&self.public, set) {
            let _ = fs::remove_file(&self.private);
            return Err(error);
        }
        eprintln!(
            "key {}: private in {}, public in {}",
            self.kid,
            self.private.display(),
            self.public.display()
        );
        Ok(())
    }
}

/// The public half as a JWK (RFC 7517, section 4).
fn public_key(kid: &str, pkcs8: &[u8]) -> anyhow::Result<Value> {
    let mut jwk = Jwk::from_encoding_key(&EncodingKey::from_ec_der(pkcs8), Algorithm::ES256)?;
    jwk.common.key_id = Some(kid.to_owned());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(serde_json::to_value(jwk)?)
}

fn read_set(file: &Path) -> anyhow::Result<Vec<Value>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let set: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;
    match set.get("keys").and_then(Value::as_array) {
        Some(keys) => Ok(keys.clone()),
        None => bail!(
            "{} is not a JWK set: it has no list of keys",
            file.display()
        ),
    }
}

fn write_private(file: &Path, pem: &str) -> anyhow::Result<()> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut file| file.write_all(pem.as_bytes()));
    written.with_context(|| format!("cannot write the private key to {}", file.display()))
}

/// Replaces the file in one step: a set that is being read is never half-written.
fn write_set(file: &Path, keys: Vec<Value>) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(&json!({"keys": keys}))?;
    text.push('\n');
    let draft = file.with_added_extension("new");
    fs::write(&draft, text)
        .and_then(|()| fs::rename(&draft, file))
        .with_context(|| format!("cannot write the public key to {}", file.display()))
}
