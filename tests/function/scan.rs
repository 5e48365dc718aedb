//! What must not be where a deployment writes.

/// A place where something was written: its name, and all that is there.
#[derive(Debug)]
pub struct Place {
    pub name: String,
    pub text: String,
}

impl Place {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Place {
        Place {
            name: name.into(),
            text: text.into(),
        }
    }
}

/// What a place must not have.
#[derive(Debug, Clone)]
pub enum Secret {
    /// Such as a code or a bearer.
    Text(String),
    /// A telephone number, however it is written.
    Number(String),
}

/// How all that is signed as a JWT begins: `{"`, in base64.
const SIGNED: &str = "eyJ";

/// Where the id_tokens are that sign.
pub const SIGNATURES: &str = "item desk-signature#";

/// What was found where it must not be: the place, and what it has.
pub fn found(places: &[Place], secrets: &[Secret]) -> Vec<String> {
    let mut found = Vec::new();
    for Place { name, text } in places {
        let digits = without_marks(text);
        for secret in secrets {
            let is_there = match secret {
                Secret::Text(secret) => text.contains(secret),
                Secret::Number(number) => digits.contains(&national(number)),
            };
            if is_there {
                found.push(format!("{name}: {secret:?}"));
            }
        }
        if text.contains(SIGNED) && !name.starts_with(SIGNATURES) {
            found.push(format!("{name}: something that is signed"));
        }
    }
    found
}

/// A number without its country's code, in digits: the rest is the same however it is written.
fn national(number: &str) -> String {
    let (_, national) = number.split_once(' ').unwrap_or(("", number));
    without_marks(national)
}

/// Without what people write between the digits of a number.
fn without_marks(text: &str) -> String {
    text.replace([' ', '-', '(', ')', '/', '\u{a0}'], "")
}

#[test]
fn what_is_planted_is_found_in_each_place_and_in_each_writing() {
    let secrets = [
        Secret::Text("the-code".to_owned()),
        Secret::Number("+1 4255550150".to_owned()),
    ];
    let names = ["log", "item desk-draft#1", SIGNATURES, "queue", "note"];
    for planted in [
        "{\"code\":\"the-code\"}",
        "+1 4255550150",
        "14255550150",
        "(425) 555-0150",
        "token: eyJhbGciOi",
    ] {
        for name in names {
            let places = names.map(|one| {
                let text = if one == name {
                    planted
                } else {
                    "number ends in 50"
                };
                Place::new(one, text)
            });
            let found = found(&places, &secrets);
            if name == SIGNATURES && planted.contains(SIGNED) {
                assert!(found.is_empty(), "{found:?}");
            } else {
                assert_eq!(found.len(), 1, "{planted} in {name}: {found:?}");
                assert!(found[0].starts_with(name), "{found:?}");
            }
        }
    }
}
