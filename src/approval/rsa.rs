//! Whether an RSA public key is strong: long enough, with a sane exponent, and not made by the chips of CVE-2017-15361
//! (ROCA).

use std::ops::RangeInclusive;

/// 2048 bits at least (NIST SP 800-131A), and no more than a verifier should have to work with.
const MODULUS_BYTES: RangeInclusive<usize> = 256..=1024;

/// NIST SP 800-56B, section 6.2: from 65537 on, and odd.
const SMALLEST_EXPONENT: u64 = 65_537;

/// The primes by which the keys of those chips give themselves away: modulo each of them such a key is a power
/// of 65537. (Nemec et al., "The Return of Coppersmith's Attack", 2017, section 2.2.) A key made otherwise
/// looks like that to all of them once in a hundred million.
const ROCA_PRIMES: [u64; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether the modulus and the exponent, both big-endian, make a key to trust.
pub fn is_sound(modulus: &[u8], exponent: &[u8]) -> bool {
    let leading = modulus.iter().take_while(|byte| **byte == 0).count();
    MODULUS_BYTES.contains(&modulus.len().saturating_sub(leading))
        && exponent_is_sound(exponent)
        && !is_roca(modulus)
}

fn exponent_is_sound(exponent: &[u8]) -> bool {
    // Eight bytes hold every exponent that anybody uses.
    let small = exponent.len() <= 8;
    let value = exponent
        .iter()
        .fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    small && value >= SMALLEST_EXPONENT && value % 2 == 1
}

fn is_roca(modulus: &[u8]) -> bool {
    ROCA_PRIMES.iter().all(|prime| {
        let rest = modulus
            .iter()
            .fold(0, |rest, byte| (rest * 256 + u64::from(*byte)) % prime);
        is_power_of_65537(rest, *prime)
    })
}

fn is_power_of_65537(rest: u64, prime: u64) -> bool {
    let mut power = 1;
    for _ in 0..prime {
        if power == rest {
            return true;
        }
        power = power * 65_537 % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL_EXPONENT: [u8; 3] = [1, 0, 1];

    #[test]
    fn a_modulus_has_2048_to_8192_bits_and_zeros_in_front_of_it_do_not_count() {
        for (zeros, bytes, sound) in [
            (0, 255, false),
            (0, 256, true),
            (0, 1024, true),
            (0, 1025, false),
            (1, 255, false),
            (1, 256, true),
            (8, 1024, true),
        ] {
            let modulus = [vec![0; zeros], vec![0xff; bytes]].concat();
            assert_eq!(
                is_sound(&modulus, &USUAL_EXPONENT),
                sound,
                "{zeros} zeros, {bytes} bytes"
            );
        }
    }

    #[test]
    fn an_exponent_is_odd_at_least_65537_and_of_at_most_eight_bytes() {
        for (exponent, sound) in [
            (&[1, 0, 1][..], true),
            (&[1, 0, 3], true),
            (&[0xff; 8], true),
            (&[], false),
            (&[1], false),
            (&[3], false),
            (&[0xff, 0xff], false),
            (&[1, 0, 0], false),
            (&[1, 0, 2], false),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 1], false),
            (&[1, 0, 0, 0, 0, 0, 1, 0, 1], false),
        ] {
            assert_eq!(is_sound(&[0xff; 256], exponent), sound, "{exponent:?}");
        }
    }
}
