//! A policy beside the key files that it names.

use reregister_mfa::policy::Policy;
use serde_json::{Value, json};

use crate::TOUR;
use crate::document::Document;

/// Why the tour's policy is refused beside these key files.
fn refusal_beside(
    keys: &[(&str, Value)],
    change: impl FnOnce(Document) -> Document,
) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, key) in keys {
        let set = json!({ "keys": key }).to_string();
        std::fs::write(folder.path().join(format!("{name}.jwks.json")), set).unwrap();
    }
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, change(Document::from_toml(TOUR)).to_toml()).unwrap();
    let refusal = Policy::read(&file).err()?.to_string();
    Some(refusal.replace(&folder.path().display().to_string(), ""))
}

#[test]
fn one_key_under_two_issuers_trust_domains_or_owners_is_refused() {
    let key = |kid: &str| simulated::issuer::Issuer::es256("i", kid).jwks()["keys"][0].clone();
    let renamed = |key: &Value, kid: &str| {
        let mut renamed = key.clone();
        renamed["kid"] = json!(kid);
        renamed
    };
    let unchanged = |policy: Document| policy;
    let (desk, olga) = (key("desk-2026"), key("olga-2026"));

    // Each has a key of its own; of the third issuer there is no file yet, and a key may be there twice.
    let good = [
        ("service-desk", json!([desk, desk])),
        ("on-call", json!([olga, key("ada-2026")])),
    ];
    assert_eq!(refusal_beside(&good, unchanged), None);

    let issuers = [
        ("service-desk", json!([desk])),
        (
            "security",
            json!([key("sec-2026"), renamed(&desk, "sec-2027")]),
        ),
    ];
    let domains = [("on-call", json!([olga, renamed(&olga, "ada-2026")]))];
    let owners = |policy: Document| policy.remove("issuers.on-call.key.ada-2026.domain");
    // Where only one of the three differs, that one is enough.
    let only_domains = |policy: Document| {
        let olga = "olga.oncall@contoso.example";
        policy.set("issuers.on-call.key.ada-2026.owner", olga)
    };
    let only_issuers = |policy: Document| policy.set("issuers.security.domain", "service-desk");
    for (keys, change) in [
        (&domains[..], only_domains as fn(Document) -> Document),
        (&issuers[..], only_issuers),
    ] {
        let said = refusal_beside(keys, change).unwrap();
        assert!(said.contains("are one key"), "{said}");
    }
    let said = [
        refusal_beside(&issuers, unchanged).unwrap(),
        refusal_beside(&domains, unchanged).unwrap(),
        refusal_beside(&domains, owners).unwrap(),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    /policy.toml: line 37, column 23: the key desk-2026 of issuers.service-desk and the key sec-2027 of issuers.security are one key: make a new key for one of them
    /policy.toml: line 19, column 18: the key olga-2026 of issuers.on-call and the key ada-2026 of issuers.on-call are one key: make a new key for one of them
    /policy.toml: line 18, column 18: the key olga-2026 of issuers.on-call and the key ada-2026 of issuers.on-call are one key: make a new key for one of them
    ");
}
