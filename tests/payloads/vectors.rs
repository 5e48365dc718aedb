//! What the schemes accept, seen from outside. The published known answers have keys that are too short for a
//! deployment; they are checked beside the schemes.

use reregister_mfa::clock::Timestamp;
use serde_json::Value;

use crate::{headers, receive, secret, source};

fn vector(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../data/signature-vectors.json")).unwrap();
    all["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .find(|vector| vector["name"] == name)
        .unwrap_or_else(|| panic!("no vector {name}"))
        .clone()
}

/// Whether the vector's bytes are accepted as proof; that they are no ticket is another matter.
fn genuine(scheme: &str, key: &str, pairs: &[(String, String)], body: &[u8], now: i64) -> bool {
    let headers = headers(
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    let source = source(scheme, "x", "");
    receive(
        &source,
        &headers,
        body,
        &secret(key),
        Timestamp::from_second(now).unwrap(),
    )
    .is_ok()
}

const STANDARD: &str = ".standard_webhooks.tolerance = \"5m\"";

#[test]
fn both_published_standard_webhooks_vectors_have_keys_that_are_too_short_for_us() {
    // 24 bytes are the specification's least; RFC 2104 advises the length of the hash.
    for name in [
        "standard-webhooks-v1-msg_p5jXN8AQM9LWM0D4loKWxJek",
        "standard-webhooks-v1-msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
    ] {
        let vector = vector(name);
        let key = vector["secret"].as_str().unwrap();
        let name = reregister_mfa::ids::SecretName::try_from("s").unwrap();
        let text = serde_json::json!({ "current": key }).to_string();
        let read =
            reregister_mfa::webhook::WebhookSecret::parse(&name, &text.into(), Timestamp::now());
        assert!(read.is_err());
    }
}

#[test]
fn one_changed_bit_anywhere_in_what_is_signed_is_no_proof() {
    let key = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let (id, at, body) = (
        "msg_1",
        1_790_000_000,
        br#"{"number":"RITM0010072"}"#.to_vec(),
    );
    let signature =
        simulated::senders::signatures::standard_webhooks_signature(key, id, at, &body).unwrap();
    let pairs = |id: &str, at: &str, signature: &str| {
        vec![
            ("webhook-id".to_owned(), id.to_owned()),
            ("webhook-timestamp".to_owned(), at.to_owned()),
            ("webhook-signature".to_owned(), signature.to_owned()),
        ]
    };
    assert!(genuine(
        STANDARD,
        key,
        &pairs(id, "1790000000", &signature),
        &body,
        at
    ));
    assert!(!genuine(
        STANDARD,
        key,
        &pairs("msg_2", "1790000000", &signature),
        &body,
        at
    ));
    assert!(!genuine(
        STANDARD,
        key,
        &pairs(id, "1790000001", &signature),
        &body,
        at
    ));
    for place in 0..body.len() * 8 {
        let mut changed = body.clone();
        changed[place / 8] ^= 1 << (place % 8);
        assert!(!genuine(
            STANDARD,
            key,
            &pairs(id, "1790000000", &signature),
            &changed,
            at
        ));
    }
    // Six minutes off, either way.
    assert!(!genuine(
        STANDARD,
        key,
        &pairs(id, "1790000000", &signature),
        &body,
        at + 360
    ));
    assert!(!genuine(
        STANDARD,
        key,
        &pairs(id, "1790000000", &signature),
        &body,
        at - 360
    ));
}

#[test]
fn what_servicenows_generate_mac_gives_is_what_we_verify() {
    // The business rule signs id.timestamp.body with the base64 key and puts the base64 MAC behind "v1,".
    let vector = vector("servicenow-t-v1-ascii-escaped-derived");
    let key = format!(
        "whsec_{}",
        base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            vector["secret"].as_str().unwrap()
        )
    );
    let body = vector["body"].as_str().unwrap().as_bytes();
    let signature = simulated::senders::signatures::standard_webhooks_signature(
        &key,
        "abc_3",
        1_790_000_000,
        body,
    )
    .unwrap();
    let pairs = [
        ("webhook-id".to_owned(), "abc_3".to_owned()),
        ("webhook-timestamp".to_owned(), "1790000000".to_owned()),
        ("webhook-signature".to_owned(), signature),
    ];
    assert!(genuine(STANDARD, &key, &pairs, body, 1_790_000_000));
}
