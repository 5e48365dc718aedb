//! `reregister keygen`: a key pair for one approver, or the public half of one in AWS KMS.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey};
use pem::Pem;
use reregister_mfa::ids::Kid;
use serde_json::{Value, json};

use crate::kms::KmsKey;
use crate::names::name;
use crate::streams::print_message;

/// Make a key to sign approvals with (ES256): the private key for one person, the public one for the policy.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  reregister keygen --kid olga-2026 --private ~/olga.pem --public keys/on-call.jwks.json
  reregister keygen --kid ada-2026 --private ~/ada.pem --public keys/on-call.jwks.json --append")]
pub struct Keygen {
    /// The key's id, which every approval names and the policy gives to one person
    #[arg(long, value_parser = name::<Kid>)]
    kid: Kid,

    /// A new file for the private key, PKCS#8 in PEM, readable by you alone
    #[arg(long, value_name = "FILE.pem", required_unless_present = "kms_key")]
    private: Option<PathBuf>,

    /// Use a key in AWS KMS (ECC_NIST_P256), which cannot be copied, instead of making one; needs kms:GetPublicKey
    #[arg(long, value_name = "ARN", conflicts_with = "private")]
    kms_key: Option<KmsKey>,

    /// Where the public key goes, as a JWK set
    #[arg(long, value_name = "FILE.json")]
    public: PathBuf,

    /// Add the public key to the set that is in the file already
    #[arg(long)]
    append: bool,
}

impl Keygen {
    /// Writes the public key last, so that a set never holds one whose private key was not written.
    pub fn run(self) -> anyhow::Result<()> {
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
                .any(|key| key.get("kid").and_then(Value::as_str) == Some(self.kid.as_ref())),
            "{} already has a key {}",
            self.public.display(),
            self.kid
        );

        let private = match (&self.private, &self.kms_key) {
            (_, Some(kms)) => {
                set.push(set_entry(&self.kid, kms.public_key()?)?);
                write_set(&self.public, set)?;
                "in AWS KMS".to_owned()
            }
            (Some(private), None) => {
                let public = make_key_pair(private)?;
                let written = set_entry(&self.kid, public).and_then(|public| {
                    set.push(public);
                    write_set(&self.public, set)
                });
                if let Err(error) = written {
                    let _ = fs::remove_file(private);
                    return Err(error);
                }
                format!("in {}", private.display())
            }
            (None, None) => bail!("--private or --kms-key is missing"),
        };
        print_message(format_args!(
            "key {}: private {private}, public in {}",
            self.kid,
            self.public.display()
        ));
        Ok(())
    }
}

/// Makes a key pair, writes the private key to the file and returns the public one.
fn make_key_pair(file: &Path) -> anyhow::Result<Jwk> {
    let private =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| anyhow!("no key could be generated"))?;
    let key = EncodingKey::from_ec_der(private.as_ref());
    let public = Jwk::from_encoding_key(&key, Algorithm::ES256)?;
    let pem = pem::encode(&Pem::new("PRIVATE KEY", private.as_ref()));
    write_private(file, &pem)?;
    Ok(public)
}

/// A public key as an entry of a set (RFC 7517, section 4).
fn set_entry(kid: &Kid, mut jwk: Jwk) -> anyhow::Result<Value> {
    jwk.common.key_id = Some(kid.to_string());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    jwk.common.key_algorithm = Some(KeyAlgorithm::ES256);
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
