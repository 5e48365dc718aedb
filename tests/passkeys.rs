//! A second implementation judges assertions of passkeys as the product does: Yubico's fido2, on good ones and on ones that
//! were changed before or after they were signed. Where it accepts more there is a rule that it does not have.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reregister_mfa::approval::{
    ApprovalError, Audiences, InvalidToken, IssuerPolicy, KeySet, PasskeyFault, authenticate,
    parse_unverified,
};
use serde_json::{Value, json};
use simulated::approval::{Draft, ON_CALL_AUDIENCE, WEBHOOK_AUDIENCE};
use simulated::passkey::{Assertion, FLAGS_AT, Passkey, third_part};

const ISS: &str = "https://passkeys.contoso.example";
const ORIGIN: &str = "https://mfa.contoso.example";

/// Numbers that are the same in every run (Marsaglia's xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What stands in the client data, and what a change puts there.
const IN_CLIENT_DATA: [(&str, &str); 21] = [
    ("webauthn.get", "webauthn.create"),
    ("webauthn.get", "webauthn.get "),
    ("\"type\"", "\"Type\""),
    (ORIGIN, "https://evil.example"),
    (ORIGIN, "https://mfa.contoso.example:443"),
    (ORIGIN, "https://mfa.contoso.example/"),
    (ORIGIN, "https:\\/\\/mfa.contoso.example"),
    ("https", "\\u0068ttps"),
    ("\"crossOrigin\":false", "\"crossOrigin\":true"),
    ("\"crossOrigin\":false", "\"crossOrigin\":null"),
    (",\"crossOrigin\":false", ""),
    (
        "\"crossOrigin\":false",
        "\"crossOrigin\":false,\"topOrigin\":\"https://evil.example\"",
    ),
    (
        "\"crossOrigin\":false",
        "\"crossOrigin\":true,\"topOrigin\":\"https://evil.example\"",
    ),
    (
        "\"origin\":",
        "\"origin\":\"https://evil.example\",\"origin\":",
    ),
    ("\"type\":", "\"type\":\"webauthn.create\",\"type\":"),
    ("\"challenge\":\"", "\"challenge\":\"A"),
    ("\",\"origin\"", "=\",\"origin\""),
    ("{", "{ \"more\" : [1, {\"a\":null}] , "),
    ("{", "\u{feff}{"),
    ("}", "}}"),
    ("}", ",}"),
];

/// Changes what is signed.
fn before(chance: &mut Chance, assertion: &mut Assertion) {
    let data = &mut assertion.authenticator_data;
    match chance.below(8) {
        0 => data[FLAGS_AT] = chance.byte(),
        1 => data[FLAGS_AT] ^= 1 << chance.below(8),
        2 => data[chance.below(32)] ^= 1 << chance.below(8),
        3 => data[33 + chance.below(4)] = chance.byte(),
        4 => data.truncate(chance.below(37)),
        5 => data.extend((0..=chance.below(70)).map(|_| 0xa0)),
        _ => {
            let (from, to) = chance.of(&IN_CLIENT_DATA);
            assertion.client_data = assertion.client_data.replacen(from, to, 1);
        }
    }
}

/// Changes what was signed, or the signature.
fn after(chance: &mut Chance, assertion: &mut Assertion, signature: &mut Vec<u8>) {
    match chance.below(6) {
        0 => {
            let at = chance.below(signature.len());
            signature[at] ^= 1 << chance.below(8);
        }
        1 => signature.truncate(chance.below(signature.len())),
        2 => signature.push(chance.byte()),
        3 => {
            let at = chance.below(assertion.authenticator_data.len());
            assertion.authenticator_data[at] ^= 1 << chance.below(8);
        }
        4 => assertion.client_data.push(' '),
        _ => {
            let (from, to) = chance.of(&IN_CLIENT_DATA);
            assertion.client_data = assertion.client_data.replacen(from, to, 1);
        }
    }
}

fn policy(passkey: &Passkey) -> IssuerPolicy {
    let line = passkey.policy("olga.oncall@contoso.example");
    serde_json::from_value(json!({
        "iss": ISS,
        "keys": { "webauthn": { "rp_id": "mfa.contoso.example", "origin": ORIGIN } },
        "algorithms": ["ES256", "Ed25519", "RS256"],
        "domain": "phones",
        "key": { passkey.kid(): line },
    }))
    .unwrap()
}

/// What the product says.
fn judge(passkey: &Passkey, token: &str) -> Result<(), PasskeyFault> {
    let policy = policy(passkey);
    let keys = KeySet::of_passkeys(&policy, policy.keys.relying_party().unwrap()).unwrap();
    let audiences = Audiences {
        webhook: WEBHOOK_AUDIENCE.to_owned(),
        on_call: ON_CALL_AUDIENCE.to_owned(),
        desk: None,
    };
    let unverified = parse_unverified(token).unwrap();
    match authenticate(&unverified, &policy, &keys, &audiences) {
        Ok(_) => Ok(()),
        Err(ApprovalError::InvalidToken(InvalidToken::Passkey(fault))) => Err(fault),
        Err(other) => panic!("{other}"),
    }
}

/// Why the product may refuse what the second implementation accepts.
fn own_rule(fault: PasskeyFault) -> Option<&'static str> {
    Some(match fault {
        PasskeyFault::CrossOrigin => "it does not look at crossOrigin and topOrigin",
        PasskeyFault::ClientData => "it takes the last of two members, and null for false",
        PasskeyFault::Challenge => "it takes a challenge with padding",
        PasskeyFault::Backup => "it does not compare BE and BS",
        PasskeyFault::MoreData => "it reads a credential and extensions in an assertion",
        _ => return None,
    })
}

/// What is signed of an assertion.
fn parts(assertion: &Assertion) -> (String, Vec<u8>) {
    (
        assertion.client_data.clone(),
        assertion.authenticator_data.clone(),
    )
}

fn second_opinion(cases: &[Value]) -> Vec<String> {
    let python = std::env::var("PYTHON").expect("PYTHON is set by make test");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/passkeys/second.py");
    let mut child = Command::new(python)
        .args(["-B", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs Yubico's fido2: make test"]
fn a_second_implementation_agrees_on_good_and_changed_assertions() {
    let count = std::env::var("PASSKEY_CASES").map_or(2000, |count| count.parse().unwrap());
    let passkeys = [
        Passkey::es256(ISS, "olga-phone", ORIGIN),
        Passkey::ed25519(ISS, "olga-phone", ORIGIN),
        Passkey::rs256(ISS, "olga-phone", ORIGIN),
    ];
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let (mut cases, mut ours) = (Vec::new(), Vec::new());
    let mut changed = 0;
    while changed < count {
        let passkey = chance.of(&passkeys);
        let draft = Draft::new(1_790_000_000).audience(ON_CALL_AUDIENCE);
        let signed = passkey.approve(&draft);
        let (signed, _) = signed.rsplit_once('.').unwrap();
        let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, signed.as_bytes());
        let mut assertion = passkey.assertion(challenge.as_ref());
        let good = parts(&assertion);
        let kind = chance.below(10);
        if kind < 6 {
            before(&mut chance, &mut assertion);
        }
        let mut signature = passkey.sign_assertion(&assertion);
        let signed_so = signature.clone();
        if kind > 6 {
            after(&mut chance, &mut assertion, &mut signature);
        }
        // A change may have found nothing to change.
        changed += usize::from(parts(&assertion) != good || signature != signed_so);
        let token = format!("{signed}.{}", third_part(&assertion, &signature));
        ours.push(judge(passkey, &token));
        cases.push(json!({
            "rp_id": passkey.rp_id(),
            "origin": ORIGIN,
            "jwk": passkey.public_key(),
            "challenge": URL_SAFE_NO_PAD.encode(challenge),
            "client_data": URL_SAFE_NO_PAD.encode(&assertion.client_data),
            "authenticator_data": URL_SAFE_NO_PAD.encode(&assertion.authenticator_data),
            "signature": URL_SAFE_NO_PAD.encode(signature),
        }));
    }
    let theirs = second_opinion(&cases);
    assert_eq!(theirs.len(), ours.len());
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    for ((ours, theirs), case) in ours.iter().zip(&theirs).zip(&cases) {
        let line = match (ours, theirs == "accepted") {
            (Ok(()), true) => "both accept".to_owned(),
            (Err(_), false) => "both refuse".to_owned(),
            (Ok(()), false) => panic!("only the product accepts: {theirs}: {case}"),
            (Err(fault), true) => own_rule(*fault)
                .unwrap_or_else(|| panic!("only the product refuses: {fault}: {case}"))
                .to_owned(),
        };
        *tally.entry(line).or_default() += 1;
    }
    println!("{tally:#?}");
    for line in ["both accept", "both refuse"] {
        assert!(
            tally
                .get(line)
                .is_some_and(|count| *count > ours.len() / 10),
            "{tally:?}"
        );
    }
}
