//! Whether an Ed25519 public key is a point that only the holder of a private key can sign for.

/// The prime of the field, 2^255 - 19, is 32 bytes of these, little-endian, but for the first and the last.
const PRIME: (u8, u8, u8) = (0xed, 0xff, 0x7f);

/// The `y` of the eight points of small order, little-endian and without the sign of `x` (RFC 8032, section 5.1.2). Under
/// such a key a signature that was made without any private key fits one text in eight at least.
const SMALL_ORDER: [[u8; 32]; 5] = [
    // Order 4: y is 0.
    [0; 32],
    // Order 1: y is 1.
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    // Order 8, twice.
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    // Order 2: y is -1.
    {
        let mut minus_one = [0xff; 32];
        minus_one[0] = 0xec;
        minus_one[31] = 0x7f;
        minus_one
    },
];

/// Without the top bit, which is the sign of `x`.
pub fn without_sign(mut point: [u8; 32]) -> [u8; 32] {
    let [.., last] = &mut point;
    *last &= 0x7f;
    point
}

/// Whether the bytes are the one spelling of a point, and of one whose order is large.
pub fn is_sound(point: [u8; 32]) -> bool {
    let y = without_sign(point);
    is_reduced(y) && !SMALL_ORDER.contains(&y)
}

/// Whether `y` is below the prime. Above it there are second spellings of 19 points, of small order some of them.
fn is_reduced(y: [u8; 32]) -> bool {
    let (first, middle, last) = PRIME;
    let [y_first, y_middle @ .., y_last] = y;
    y_last < last || y_first < first || y_middle.iter().any(|byte| *byte < middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both_signs(y: [u8; 32]) -> [[u8; 32]; 2] {
        let mut negative = y;
        negative[31] |= 0x80;
        [y, negative]
    }

    #[test]
    fn each_of_the_eight_points_of_small_order_is_refused() {
        let points: Vec<[u8; 32]> = SMALL_ORDER.into_iter().flat_map(both_signs).collect();
        // Two are second spellings: where x is 0 it has no sign.
        assert_eq!(points.len(), 8 + 2);
        for point in points {
            assert!(!is_sound(point), "{}", hex::encode(point));
        }
    }

    #[test]
    fn a_second_spelling_of_a_point_is_refused() {
        for first in 0xed..=0xff {
            let mut y = [0xff; 32];
            (y[0], y[31]) = (first, 0x7f);
            for point in both_signs(y) {
                assert!(!is_sound(point), "{}", hex::encode(point));
            }
        }
    }

    #[test]
    fn the_key_of_the_standard_and_the_largest_y_that_is_no_small_order_are_accepted() {
        // RFC 8032, section 7.1, test 1.
        let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let mut known = [0; 32];
        hex::decode_to_slice(key, &mut known).unwrap();
        let mut largest = [0xff; 32];
        (largest[0], largest[31]) = (0xeb, 0x7f);
        // Each is below the prime by one of its bytes alone.
        let (mut by_last, mut by_middle) = ([0xff; 32], [0xff; 32]);
        by_last[31] = 0x7e;
        (by_middle[17], by_middle[31]) = (0xfe, 0x7f);
        for point in [known, largest, by_last, by_middle]
            .into_iter()
            .flat_map(both_signs)
        {
            assert!(is_sound(point), "{}", hex::encode(point));
        }
    }
}
