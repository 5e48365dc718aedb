//! A key in AWS KMS, whose private half never leaves KMS.

use std::str::FromStr;

use anyhow::{Context as _, bail, ensure};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{Builder, Region};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
    EllipticCurveKeyType, Jwk,
};
use p256::PublicKey;
use p256::ecdsa::Signature;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::pkcs8::DecodePublicKey as _;
use reregister_mfa::aws;
use serde_json::Value;

use crate::runtime::block_on;

/// An asymmetric key of AWS KMS, by its ARN, which names its account and region.
#[derive(Debug, Clone)]
pub struct KmsKey {
    arn: String,
    region: String,
}

/// The longest message that KMS hashes itself (AWS, KMS API reference, Sign).
const LONGEST_MESSAGE: usize = 4096;

const WRONG_KIND: &str = "that is no key of the kind ECC_NIST_P256";

impl FromStr for KmsKey {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<KmsKey> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", _, "kms", region, _, resource] = parts.as_slice() else {
            bail!(
                "not the ARN of a key, such as arn:aws:kms:eu-west-1:123456789012:key/1234abcd-..."
            );
        };
        ensure!(
            !region.is_empty() && (resource.starts_with("key/") || resource.starts_with("alias/")),
            "not the ARN of a key in a region"
        );
        Ok(KmsKey {
            arn: text.to_owned(),
            region: (*region).to_owned(),
        })
    }
}

impl KmsKey {
    /// A compact JWS (RFC 7515, section 3.1), with ES256 (RFC 7518, section 3.4).
    pub fn sign(&self, header: &Header, claims: &Value) -> anyhow::Result<String> {
        let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(header)?);
        let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?);
        let message = format!("{header}.{claims}");
        ensure!(
            message.len() <= LONGEST_MESSAGE,
            "the approval is longer than what KMS signs"
        );
        let der = block_on(self.signature(message.as_bytes()))?;
        // In ASN.1 (RFC 3279, section 2.2.3); a JWS has r and s, one after the other (RFC 7518, section 3.4).
        let signature = Signature::from_der(der.as_ref()).context(WRONG_KIND)?;
        let signature = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        Ok(format!("{message}.{signature}"))
    }

    /// The public half (RFC 7518, section 6.2.1).
    pub fn public_key(&self) -> anyhow::Result<Jwk> {
        let der = block_on(self.public_half())?;
        let key = PublicKey::from_public_key_der(der.as_ref()).context(WRONG_KIND)?;
        let point = key.to_sec1_point(false);
        let coordinate = |bytes: Option<_>| bytes.map(|bytes: &_| URL_SAFE_NO_PAD.encode(bytes));
        Ok(Jwk {
            common: CommonParameters::default(),
            algorithm: AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
                key_type: EllipticCurveKeyType::EC,
                curve: EllipticCurve::P256,
                x: coordinate(point.x()).context(WRONG_KIND)?,
                y: coordinate(point.y()).context(WRONG_KIND)?,
            }),
        })
    }

    async fn client(&self) -> Client {
        let config = Builder::from(&aws::config().await)
            .region(Region::new(self.region.clone()))
            .build();
        Client::from_conf(config)
    }

    /// In ASN.1 (RFC 5280, section 4.1.2.7).
    async fn public_half(&self) -> anyhow::Result<Blob> {
        let request = self.client().await.get_public_key().key_id(&self.arn);
        let response = request.send().await.context("KMS gave no public key")?;
        response
            .public_key()
            .cloned()
            .context("KMS answered without a key")
    }

    /// KMS's signature over the message's SHA-256, in ASN.1.
    async fn signature(&self, message: &[u8]) -> anyhow::Result<Blob> {
        let client = self.client().await;
        let signed = client
            .sign()
            .key_id(&self.arn)
            .message(Blob::new(message))
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await
            .context("KMS did not sign: nothing is approved")?;
        signed
            .signature()
            .cloned()
            .context("KMS answered without a signature")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_arn_names_a_key() {
        let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        assert_eq!(arn.parse::<KmsKey>().unwrap().region, "eu-west-1");
        assert!(
            "arn:aws-cn:kms:cn-north-1:1:alias/on-call"
                .parse::<KmsKey>()
                .is_ok()
        );
        for bad in [
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "alias/on-call",
            "arn:aws:kms:eu-west-1:123456789012",
            "arn:aws:s3:eu-west-1:123456789012:key/1234abcd",
            "arn:aws:kms::123456789012:key/1234abcd",
            "arn:aws:kms:eu-west-1:123456789012:grant/1234abcd",
        ] {
            assert!(bad.parse::<KmsKey>().is_err(), "{bad}");
        }
    }
}
