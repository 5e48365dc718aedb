//! From a signature in ASN.1, as AWS KMS gives it, to the one in a JWS.

/// The tag of a SEQUENCE (X.690, section 8.9).
const SEQUENCE: u8 = 0x30;

/// The tag of an INTEGER (X.690, section 8.3).
const INTEGER: u8 = 0x02;

/// Half of a signature over P-256: one coordinate's length (RFC 7518, section 3.4).
const HALF: usize = 32;

/// `r` and `s`, 32 bytes each, one after the other (RFC 7518, section 3.4), of an `Ecdsa-Sig-Value` in DER (RFC 3279,
/// section 2.2.3). Nothing if it is anything else.
pub fn r_and_s(der: &[u8]) -> Option<[u8; 2 * HALF]> {
    let (integers, after) = element(SEQUENCE, der)?;
    let (r, integers) = element(INTEGER, integers)?;
    let (s, more) = element(INTEGER, integers)?;
    if !after.is_empty() || !more.is_empty() {
        return None;
    }
    let mut both = [0; 2 * HALF];
    let (first, second) = both.split_at_mut(HALF);
    put(r, first)?;
    put(s, second)?;
    Some(both)
}

/// The content of an element with this tag, and what comes after it. A signature over P-256 is at most 72 bytes, so
/// there is no length in the long form.
fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, bytes) = bytes.split_first()?;
    let (&length, bytes) = bytes.split_first()?;
    if found != tag || length >= 0x80 {
        return None;
    }
    bytes.split_at_checked(usize::from(length))
}

/// A positive integer, right-aligned. DER writes it in as few bytes as it takes, with a zero in front where the first
/// bit would make it negative.
fn put(integer: &[u8], field: &mut [u8]) -> Option<()> {
    let magnitude = match integer {
        [] | [0] => return None,
        [0, next, ..] if *next < 0x80 => return None,
        [0, magnitude @ ..] => magnitude,
        [first, ..] if *first >= 0x80 => return None,
        magnitude => magnitude,
    };
    let from = field.len().checked_sub(magnitude.len())?;
    field.get_mut(from..)?.copy_from_slice(magnitude);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED, EcdsaKeyPair, KeyPair as _,
        UnparsedPublicKey,
    };
    use std::collections::BTreeSet;

    fn sequence(r: &[u8], s: &[u8]) -> Vec<u8> {
        let mut content = Vec::new();
        for integer in [r, s] {
            content.extend([INTEGER, integer.len() as u8]);
            content.extend(integer);
        }
        let mut der = vec![SEQUENCE, content.len() as u8];
        der.extend(content);
        der
    }

    #[test]
    fn short_integers_get_their_leading_zeros_and_padded_ones_lose_theirs() {
        // r has its highest bit set, so DER puts a zero in front; s is 30 bytes long.
        let mut r = vec![0, 0x80];
        r.extend([7; 31]);
        let s = [5; 30];
        let both = r_and_s(&sequence(&r, &s)).unwrap();
        assert_eq!(both[..32], r[1..]);
        assert_eq!(both[32..34], [0, 0]);
        assert_eq!(both[34..], s);
        let small = r_and_s(&sequence(&[1], &[0, 0xff])).unwrap();
        assert_eq!((small[31], small[63]), (1, 0xff));
        assert!(
            small[..31]
                .iter()
                .chain(&small[32..63])
                .all(|byte| *byte == 0)
        );
    }

    #[test]
    fn whatever_is_not_der_of_two_positive_integers_of_that_size_is_nothing() {
        let good = sequence(&[1], &[2]);
        assert!(r_and_s(&good).is_some());
        for end in 0..good.len() {
            assert_eq!(r_and_s(&good[..end]), None, "cut off at {end}");
        }
        let after = [good.as_slice(), &[0]].concat();
        let mut third = sequence(&[1], &[2]);
        third.extend([INTEGER, 1, 3]);
        third[1] += 3;
        let mut long_form = good.clone();
        long_form[1] = 0x81;
        let mut set = good.clone();
        set[0] = 0x31;
        let mut bits = good.clone();
        bits[2] = 0x03;
        for (bad, why) in [
            (after, "something after it"),
            (third, "a third integer"),
            (long_form, "the long form"),
            (set, "no sequence"),
            (bits, "no integer"),
            (sequence(&[], &[2]), "an integer without a value"),
            (sequence(&[0], &[2]), "zero"),
            (sequence(&[0x80], &[2]), "negative"),
            (sequence(&[0, 1], &[2]), "a zero too many"),
            (sequence(&[1; 33], &[2]), "33 bytes"),
            (sequence(&[1], &[1; 33]), "33 bytes"),
        ] {
            assert_eq!(r_and_s(&bad), None, "{why}");
        }
    }

    #[test]
    fn signatures_in_asn_1_verify_as_fixed_ones_whatever_their_length() {
        let (random, message) = (SystemRandom::new(), b"header.claims");
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
        let public =
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref().to_vec());
        let mut lengths = BTreeSet::new();
        for _ in 0..1_000 {
            let der = key.sign(&random, message).unwrap();
            lengths.insert(der.as_ref().len());
            let fixed = r_and_s(der.as_ref()).unwrap();
            public.verify(message, &fixed).unwrap();
        }
        assert!(lengths.len() > 2, "{lengths:?}");
    }
}
