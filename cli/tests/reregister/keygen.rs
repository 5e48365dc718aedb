use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::{TestDir, text};

#[test]
fn the_private_key_is_readable_by_its_owner_alone_and_the_public_one_holds_nothing_private() {
    let dir = TestDir::with_key();
    let mode = fs::metadata(dir.path("key.pem"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let pem = fs::read_to_string(dir.path("key.pem")).unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"));

    let set = dir.json("jwks.json");
    let key = &set["keys"][0];
    assert_eq!(key["kid"], "megan-1");
    assert_eq!((&key["alg"], &key["use"]), (&"ES256".into(), &"sig".into()));
    assert_eq!((&key["kty"], &key["crv"]), (&"EC".into(), &"P-256".into()));
    assert_eq!(key.get("d"), None);
}

#[test]
fn neither_key_is_ever_overwritten() {
    let dir = TestDir::with_key();
    let (key, set) = (
        fs::read(dir.path("key.pem")).unwrap(),
        dir.json("jwks.json"),
    );
    let refusal = dir.refusal("keygen --kid megan-2 --private other.pem --public jwks.json");
    assert!(refusal.contains("--append"), "{refusal}");
    assert!(!dir.path("other.pem").exists());
    let refusal = dir.refusal("keygen --kid megan-2 --private key.pem --public jwks.json --append");
    assert!(refusal.contains("key.pem"), "{refusal}");
    assert_eq!(fs::read(dir.path("key.pem")).unwrap(), key);
    assert_eq!(
        dir.json("jwks.json"),
        set,
        "no public key without its private one"
    );
}

#[test]
fn appending_keeps_the_keys_that_are_there_and_refuses_an_id_that_is_taken() {
    let dir = TestDir::with_key();
    let first = dir.json("jwks.json")["keys"][0].clone();
    let more = dir.run("keygen --kid diego-1 --private diego.pem --public jwks.json --append");
    assert!(more.status.success(), "{}", text(&more.stderr));
    let set = dir.json("jwks.json");
    assert_eq!(set["keys"][0], first);
    assert_eq!(set["keys"][1]["kid"], "diego-1");
    assert_eq!(set["keys"].as_array().unwrap().len(), 2);

    let refusal =
        dir.refusal("keygen --kid diego-1 --private again.pem --public jwks.json --append");
    assert!(refusal.contains("already has a key diego-1"), "{refusal}");
    assert!(!dir.path("again.pem").exists());
}

#[test]
fn a_file_that_is_no_key_set_is_left_as_it_is() {
    let dir = TestDir::new();
    dir.write("jwks.json", r#"{"notes": []}"#);
    let refusal = dir.refusal("keygen --kid a --private a.pem --public jwks.json --append");
    assert!(refusal.contains("not a JWK set"), "{refusal}");
    assert!(!dir.path("a.pem").exists());
}

#[test]
fn a_private_key_without_a_public_one_is_not_left_behind() {
    let dir = TestDir::new();
    let refusal = dir.refusal("keygen --kid a --private a.pem --public missing/jwks.json");
    assert!(refusal.contains("missing/jwks.json"), "{refusal}");
    assert!(!dir.path("a.pem").exists());
}
