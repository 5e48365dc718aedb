//! Issuers whose keys are passkeys.

use serde_json::{Value, json};
use simulated::passkey::Passkey;

use crate::document::Document;
use crate::{TOUR, parse, refusal_with};

const ORIGIN: &str = "https://mfa.contoso.example";
const OLGA: &str = "olga.oncall@contoso.example";

fn issuer(keys: Value) -> Value {
    json!({
        "iss": "https://passkeys.contoso.example",
        "keys": { "webauthn": { "rp_id": "mfa.contoso.example", "origin": ORIGIN } },
        "algorithms": ["ES256", "RS256", "Ed25519"],
        "domain": "phones",
        "key": keys,
    })
}

fn passkey(kid: &str) -> Passkey {
    Passkey::es256("https://passkeys.contoso.example", kid, ORIGIN)
}

/// Why the tour's policy is refused with an issuer that has Olga's passkey and this change.
fn refused(change: impl FnOnce(Document) -> Document) -> String {
    let line = passkey("olga-phone").policy(OLGA);
    refusal_with(|policy| {
        change(policy.add("issuers.passkeys", issuer(json!({ "olga-phone": line }))))
    })
}

const LINE: &str = "issuers.passkeys.key.olga-phone";

#[test]
fn an_issuer_may_have_passkeys_of_each_kind_and_none_yet() {
    let iss = "https://passkeys.contoso.example";
    let keys = json!({
        "olga-phone": Passkey::es256(iss, "olga-phone", ORIGIN).policy(OLGA),
        "olga-laptop": Passkey::rs256(iss, "olga-laptop", ORIGIN).policy(OLGA),
        "olga-key": Passkey::ed25519(iss, "olga-key", ORIGIN).policy(OLGA),
    });
    for keys in [keys, json!({})] {
        let policy = Document::from_toml(TOUR)
            .add("issuers.passkeys", issuer(keys))
            .push("on_call.issuers", "passkeys");
        let policy = parse(&policy.to_toml()).unwrap();
        let settings = policy.sections.passkey_settings().unwrap();
        assert_eq!(settings.rp_id, "mfa.contoso.example");
        assert_eq!(settings.algorithms, ["ES256", "RS256", "Ed25519"]);
        let on_call = Some("https://mfa.contoso.example/resets");
        assert_eq!(settings.on_call.as_deref(), on_call);
        assert_eq!(settings.ticket, None);
    }
    assert!(parse(TOUR).unwrap().sections.passkey_settings().is_none());
}

#[test]
fn the_owner_of_a_passkey_counts_as_privileged() {
    let line = passkey("olga-phone").policy("pia.phone@contoso.example");
    let policy =
        Document::from_toml(TOUR).add("issuers.passkeys", issuer(json!({ "olga-phone": line })));
    let policy = parse(&policy.to_toml()).unwrap();
    let rules = &policy.sections.tenants.values().next().unwrap().rules;
    let mut people = rules.privileged_people.iter().map(ToString::to_string);
    assert!(people.any(|person| person == "pia.phone@contoso.example"));
}

#[test]
fn a_passkey_without_one_of_its_members_is_refused() {
    for member in ["owner", "credential", "public_key"] {
        let refusal = refused(|policy| policy.remove(&format!("{LINE}.{member}")));
        let said = format!("the passkey olga-phone of issuers.passkeys has no {member}");
        assert!(refusal.contains(&said), "{refusal}");
    }
}

#[test]
fn a_public_key_that_is_weak_private_or_none_is_refused() {
    let public_key = format!("{LINE}.public_key");
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let short = "x".repeat(172);
    for (key, said) in [
        (
            json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": zeros}),
            "small order",
        ),
        (
            json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "x": zeros, "y": zeros}),
            "its public part cannot be read",
        ),
        (
            json!({"kty": "RSA", "alg": "RS256", "n": short, "e": "AQAB"}),
            "less than 2048 bits",
        ),
        (
            json!({"kty": "RSA", "alg": "PS256", "n": short, "e": "AQAB"}),
            "fit no algorithm",
        ),
        (
            json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "x": zeros, "y": zeros, "d": zeros}),
            "unknown field `d`",
        ),
        (json!({"kty": "EC", "x": zeros}), "missing field `alg`"),
    ] {
        let refusal = refused(|policy| policy.remove(&public_key).add(&public_key, key));
        assert!(refusal.contains(said), "{said}: {refusal}");
    }
}

#[test]
fn a_credential_that_is_too_short_or_is_there_twice_is_refused() {
    let refusal = refused(|policy| policy.set(&format!("{LINE}.credential"), "AAAA"));
    assert!(refusal.contains("16 to 1023 bytes"), "{refusal}");
    let twice = passkey("olga-phone").policy(OLGA);
    let refusal = refusal_with(|policy| {
        let keys = json!({ "one": twice, "two": twice });
        policy.add("issuers.passkeys", issuer(keys))
    });
    assert!(
        refusal.contains("has the credential of another key"),
        "{refusal}"
    );
}

#[test]
fn a_page_whose_domain_is_another_one_or_whose_origin_is_none_is_refused() {
    let place = "issuers.passkeys.keys.webauthn";
    for rp_id in [
        "contoso.com",
        "MFA.contoso.example",
        "a.mfa.contoso.example",
        "o.example",
        "example",
        ".contoso.example",
        "",
    ] {
        let refusal = refused(|policy| policy.set(&format!("{place}.rp_id"), rp_id));
        assert!(refusal.contains("rp_id must be the host"), "{refusal}");
    }
    for origin in [
        "https://mfa.contoso.example/",
        "https://mfa.contoso.example:443",
        "https://MFA.contoso.example",
        "http://mfa.contoso.example",
        "mfa.contoso.example",
    ] {
        let refusal = refused(|policy| policy.set(&format!("{place}.origin"), origin));
        assert!(refusal.contains("an origin is https://"), "{refusal}");
    }
    let refusal = refused(|policy| {
        policy
            .set(&format!("{place}.origin"), "http://127.0.0.1:8080")
            .set(&format!("{place}.rp_id"), "127.0.0.1")
    });
    assert!(refusal.contains("rp_id must be the host"), "{refusal}");
    // A domain above the page is a domain of its own.
    let policy = Document::from_toml(TOUR)
        .add("issuers.passkeys", issuer(json!({})))
        .set(&format!("{place}.rp_id"), "contoso.example");
    parse(&policy.to_toml()).unwrap();
}

#[test]
fn passkeys_are_under_one_issuer_and_no_other_keys_are_among_them() {
    let refusal = refused(|policy| {
        let other = Document::from_json(&issuer(json!({})).to_string())
            .set("iss", "https://others.contoso.example");
        let other: Value = serde_json::from_str(&other.to_json()).unwrap();
        policy.add("issuers.zebra", other)
    });
    assert!(refusal.contains("both have passkeys"), "{refusal}");
    let refusal = refusal_with(|policy| {
        let line = passkey("olga-phone").policy(OLGA);
        policy.add("issuers.on-call.key.olga-phone", line)
    });
    let said = "the key olga-phone of issuers.on-call is a passkey";
    assert!(refusal.contains(said), "{refusal}");
}
