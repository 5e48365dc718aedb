//! Project Wycheproof's JSON web signature and key suites, through our own verifier and key loader.
//!
//! Where we answer otherwise than a vector's label there is a reason, and each is named here.

use serde_json::{Value, json};

use super::issuer::Algorithm;
use super::jwks::KeySet;
use super::jws::Jws;

/// Labels that contradict the vectors themselves.
const WRONG_LABELS: [(u64, &str, &str); 8] = [
    (
        346,
        "invalid",
        "the key is for PS256, the header says PS384",
    ),
    (
        347,
        "invalid",
        "the key is for ES521, which is no algorithm",
    ),
    (
        350,
        "invalid",
        "the key is for PS256, the header says PS384",
    ),
    (
        351,
        "invalid",
        "the key is for ES521, which is no algorithm",
    ),
    (
        367,
        "valid",
        "byte for byte the same as 357, which is valid",
    ),
    (
        370,
        "valid",
        "byte for byte the same as 357, which is valid",
    ),
    (
        372,
        "invalid",
        "a question mark in the header is no base64url",
    ),
    (
        373,
        "invalid",
        "a question mark in the payload is no base64url",
    ),
];

/// Algorithms that approvals do not have: the verifier of an HMAC can also make it, and of the others one
/// length is enough. Valid signatures by them are refused, because their keys are never loaded.
const NOT_OURS: [&str; 7] = [
    "HS256", "HS384", "HS512", "RS384", "RS512", "PS384", "PS512",
];

const ALL: [Algorithm; 4] = [
    Algorithm::ES256,
    Algorithm::PS256,
    Algorithm::RS256,
    Algorithm::Ed25519,
];

struct Tally {
    vectors: usize,
    as_labelled: usize,
    not_ours: usize,
}

fn run(suite: &str) -> Tally {
    let suite: Value = serde_json::from_str(suite).unwrap();
    let mut tally = Tally {
        vectors: 0,
        as_labelled: 0,
        not_ours: 0,
    };
    for group in suite["testGroups"].as_array().unwrap() {
        let key = group
            .get("public")
            .or_else(|| group.get("private"))
            .unwrap();
        let set = if key.get("keys").is_some() {
            key.clone()
        } else {
            json!({ "keys": [key] })
        };
        let keys = KeySet::parse(set.to_string().as_bytes(), &ALL);
        for test in group["tests"].as_array().unwrap() {
            let id = test["tcId"].as_u64().unwrap();
            let accepted = keys.as_ref().is_ok_and(|keys| {
                Jws::parse(test["jws"].as_str().unwrap()).is_ok_and(|jws| jws.verify(keys).is_ok())
            });
            let label = WRONG_LABELS
                .iter()
                .find(|(wrong, ..)| *wrong == id && suite["numberOfTests"] == 401)
                .map_or_else(|| test["result"].as_str().unwrap(), |(_, right, _)| right);
            tally.vectors += 1;
            if accepted == (label == "valid") {
                tally.as_labelled += 1;
            } else {
                let algorithms: Vec<&str> = set["keys"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(|key| key["alg"].as_str())
                    .collect();
                assert!(!accepted, "{id} is accepted and {label}: {test}");
                assert!(
                    algorithms
                        .iter()
                        .all(|algorithm| NOT_OURS.contains(algorithm)),
                    "{id} is refused and {label}: {test}"
                );
                tally.not_ours += 1;
            }
        }
    }
    tally
}

#[test]
fn of_401_signature_vectors_each_is_judged_as_labelled_or_has_a_named_reason() {
    let tally = run(include_str!(
        "../../tests/data/wycheproof/json_web_signature_test.json"
    ));
    assert_eq!(
        (tally.vectors, tally.as_labelled, tally.not_ours),
        (401, 375, 26)
    );
}

#[test]
fn of_26_key_vectors_each_is_judged_as_labelled_or_has_a_named_reason() {
    let tally = run(include_str!(
        "../../tests/data/wycheproof/json_web_key_test.json"
    ));
    assert_eq!(
        (tally.vectors, tally.as_labelled, tally.not_ours),
        (26, 22, 4)
    );
}

#[test]
fn with_the_keys_of_our_own_algorithms_no_valid_signature_is_refused() {
    let suite: Value = serde_json::from_str(include_str!(
        "../../tests/data/wycheproof/json_web_signature_test.json"
    ))
    .unwrap();
    let mut seen = 0;
    for group in suite["testGroups"].as_array().unwrap() {
        let key = group
            .get("public")
            .or_else(|| group.get("private"))
            .unwrap();
        let ours = matches!(key["alg"].as_str(), Some("RS256" | "PS256" | "ES256"));
        let valid = group["tests"].as_array().unwrap().iter().filter(|test| {
            let wrong = WRONG_LABELS.iter().any(|(id, ..)| test["tcId"] == *id);
            ours && test["result"] == "valid" && !wrong
        });
        for test in valid {
            let keys =
                KeySet::parse(json!({ "keys": [key] }).to_string().as_bytes(), &ALL).unwrap();
            let jws = Jws::parse(test["jws"].as_str().unwrap()).unwrap();
            assert!(jws.verify(&keys).is_ok(), "{test}");
            seen += 1;
        }
    }
    assert_eq!(seen, 16);
}
