//! Changes of a record, by mistake and by attackers. Each is found.

use reregister_mfa::clock::{self, Timestamp};
use reregister_mfa::evidence_record::{
    End, Ended, EvidenceFault, EvidenceRecord, MethodEnd, Proof, Remark, Signatures, Why, verify,
};

use super::{DAY, record_of_desk, record_of_tokens, verified};

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// The places in a JSON text where a member of an object begins and ends, comma excluded.
fn members(text: &str) -> Vec<(usize, usize)> {
    let (mut found, mut open) = (Vec::new(), Vec::new());
    let (mut in_text, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => open.push((at + 1, byte == b'{')),
            b',' | b'}' | b']' => {
                let Some((begin, is_object)) = open.pop() else {
                    continue;
                };
                if is_object && begin < at {
                    found.push((begin, at));
                }
                if byte == b',' {
                    open.push((at + 1, is_object));
                }
            }
            _ => {}
        }
    }
    found
}

/// A change of a record; `other` is another record.
fn mutated(record: &str, other: &str, numbers: &mut Numbers) -> (&'static str, Vec<u8>) {
    let mut bytes = record.as_bytes().to_vec();
    let at = numbers.below(bytes.len());
    let places = members(record);
    let (begin, end) = places[numbers.below(places.len())];
    let member = &record[begin..end];
    let what = match numbers.below(9) {
        0 => {
            bytes[at] ^= 1 << numbers.below(7);
            "a bit"
        }
        1 => {
            bytes.remove(at);
            "a byte less"
        }
        2 => {
            bytes.insert(at, bytes[at]);
            "a byte twice"
        }
        3 => {
            // Between two members it changes nothing but the bytes.
            bytes.insert(begin, b' ');
            "white space"
        }
        4 => {
            let twice = format!("{member},{member}");
            bytes.splice(begin..end, twice.into_bytes());
            "a member twice"
        }
        5 => {
            let end = end + usize::from(record.as_bytes()[end] == b',');
            bytes.drain(begin..end);
            "a member less"
        }
        6 => {
            let theirs = members(other);
            let (from, to) = theirs[numbers.below(theirs.len())];
            bytes.splice(begin..end, other.as_bytes()[from..to].iter().copied());
            "a member of another record"
        }
        7 => {
            let added = format!("{member},\"more\":null");
            bytes.splice(begin..end, added.into_bytes());
            "a member more"
        }
        _ => {
            let (other_begin, other_end) = places[numbers.below(places.len())];
            let (first, second) = if begin < other_begin {
                ((begin, end), (other_begin, other_end))
            } else {
                ((other_begin, other_end), (begin, end))
            };
            if first.1 <= second.0 {
                let text = format!(
                    "{}{}{}{}{}",
                    &record[..first.0],
                    &record[second.0..second.1],
                    &record[first.1..second.0],
                    &record[first.0..first.1],
                    &record[second.1..]
                );
                bytes = text.into_bytes();
            } else {
                bytes.push(b'\n');
            }
            "the order"
        }
    };
    (what, bytes)
}

#[tokio::test]
async fn each_of_a_thousand_changes_of_a_record_is_found() {
    let ((desk, _), (tokens, _)) = (record_of_desk().await, record_of_tokens().await);
    for record in [&desk, &tokens] {
        verified(record);
    }
    let mut numbers = Numbers(0x5DEE_CE66_D1CE_4E5B);
    let mut changed = 0;
    while changed < 1000 {
        for (record, other) in [(&desk, &tokens), (&tokens, &desk)] {
            let (what, bytes) = mutated(record, other, &mut numbers);
            if bytes == record.as_bytes() {
                continue;
            }
            changed += 1;
            let text = String::from_utf8_lossy(&bytes);
            assert!(verify(&bytes).is_err(), "{what}: {text}");
        }
    }
}

/// A change by an attacker who has read how records are made, and makes the digests anew.
type Forgery = fn(&mut EvidenceRecord, &EvidenceRecord);

fn days_later(at: Timestamp) -> Timestamp {
    clock::after(at, 3 * DAY)
}

#[tokio::test]
async fn a_change_that_contradicts_what_was_signed_is_found_although_the_digests_were_made_anew() {
    let ((desk, _), (tokens, _)) = (record_of_desk().await, record_of_tokens().await);
    let (desk, tokens) = (verified(&desk).record, verified(&tokens).record);
    let forgeries: [(&str, Forgery); 24] = [
        ("ticket", |one, _| {
            one.request.ticket = "HELP-43".try_into().unwrap()
        }),
        ("channel", |one, other| {
            one.request.channel = other.request.channel
        }),
        ("arrival", |one, _| {
            one.request.received_at = days_later(one.request.received_at)
        }),
        ("person", |one, other| {
            one.judged.target = other.judged.target;
            one.judged.target_name = other.judged.target_name.clone();
        }),
        ("scope", |one, _| one.judged.scope.keep_sessions ^= true),
        ("reason", |one, _| {
            one.judged.reason = Some(reregister_mfa::approval::Reason::Broken);
        }),
        ("no approval", |one, _| one.approvals.approvals.clear()),
        ("one approval less", |one, _| {
            one.judged.tier = "holds the role Global Administrator".to_owned();
            one.approvals.approvals.truncate(1);
        }),
        ("an approval twice", |one, _| {
            let first = one.approvals.approvals[0].clone();
            one.approvals.approvals.push(first);
        }),
        ("an approval of another reset", |one, other| {
            one.approvals.approvals = other.approvals.approvals.clone();
        }),
        ("a signature of another reset", |one, other| {
            one.approvals.approvals[0].signed = other.approvals.approvals[0].signed.clone();
        }),
        ("keys", |one, other| {
            one.approvals.approvals[0].kept.keys = other.approvals.approvals[0].kept.keys.clone();
        }),
        ("no key", |one, _| {
            one.approvals.approvals[0].kept.keys.clear()
        }),
        ("terms", |one, other| {
            one.approvals.approvals[0].kept.terms = other.approvals.approvals[0].kept.terms.clone();
        }),
        ("the approver is the person", |one, _| {
            one.approvals.approvals[0].approver = one.judged.target;
        }),
        ("no verifier", |one, _| {
            one.approvals.approvals[0].verifiers.clear()
        }),
        ("a part of another reset", |one, other| {
            one.done = other.done.clone()
        }),
        ("ended before it began", |one, _| {
            one.done.finished_at = clock::before(one.done.finished_at, DAY);
        }),
        ("something else is gone", |one, _| {
            for done in &mut one.done.methods {
                if done.outcome.status == MethodEnd::Kept {
                    done.outcome.status = MethodEnd::Removed;
                    done.outcome.proof = Some(Proof::AbsentFromList);
                    done.outcome.why = None;
                }
            }
        }),
        ("without proof", |one, _| {
            one.done
                .methods
                .iter_mut()
                .for_each(|done| done.outcome.proof = None);
        }),
        ("kept, and it had to go", |one, _| {
            let outcome = &mut one.done.methods[0].outcome;
            (outcome.status, outcome.proof) = (MethodEnd::Kept, None);
            outcome.why = Some(Why::NotMfa);
        }),
        ("failed, for a reason of keeping", |one, _| {
            one.done.state = End::NeedsHuman;
            let outcome = &mut one.done.methods[0].outcome;
            (outcome.status, outcome.proof) = (MethodEnd::Failed, None);
            outcome.why = Some(Why::ButtonLeavesIt);
        }),
        ("completed, and ended early", |one, _| {
            one.done.warnings.push(Remark::NoLongerAllowed);
            let (code, detail) = ("changed_meanwhile".to_owned(), String::new());
            one.done.ended_because = Some(Ended { code, detail });
        }),
        ("ended early, for no reason", |one, _| {
            one.done.state = End::NeedsHuman;
            one.done.warnings.push(Remark::NoLongerAllowed);
        }),
    ];
    for (what, forge) in forgeries {
        for (record, other) in [(&desk, &tokens), (&tokens, &desk)] {
            let mut forged = record.clone();
            forge(&mut forged, other);
            let text = forged.text().unwrap();
            assert!(verify(text.as_bytes()).is_err(), "{what}: {text}");
        }
    }
}

#[tokio::test]
async fn each_byte_of_what_was_signed_counts_although_the_digests_were_made_anew() {
    let ((desk, _), (tokens, _)) = (record_of_desk().await, record_of_tokens().await);
    let mut numbers = Numbers(0x2545_F491_4F6C_DD1D);
    let mut changed = 0;
    for record in [verified(&desk).record, verified(&tokens).record] {
        for _ in 0..200 {
            let mut forged = record.clone();
            let part = &mut forged.approvals.approvals[0];
            let text = match &mut part.signed {
                Signatures::Token { token } => token,
                Signatures::Desk {
                    approval,
                    verification,
                    ..
                } => match numbers.below(4) {
                    0 => &mut approval.draft,
                    1 => &mut approval.token,
                    2 => &mut verification.draft,
                    _ => &mut verification.token,
                },
            };
            let at = numbers.below(text.len());
            let letter = char::from(b'a' + u8::try_from(numbers.below(26)).unwrap());
            if text.as_bytes()[at] == letter as u8 {
                continue;
            }
            text.replace_range(at..=at, &letter.to_string());
            changed += 1;
            let text = forged.text().unwrap();
            assert!(verify(text.as_bytes()).is_err(), "{text}");
        }
    }
    assert!(changed > 300);
}

#[tokio::test]
async fn a_word_that_the_function_does_not_write_makes_a_record_unreadable() {
    let (desk, _) = record_of_desk().await;
    verified(&desk);
    for (word, other) in [
        (r#""state":"completed""#, r#""state":"running""#),
        (
            r#""sessions":{"status":"revoked""#,
            r#""sessions":{"status":"banana""#,
        ),
        (
            r#""outcome":{"status":"kept""#,
            r#""outcome":{"status":"zapped""#,
        ),
        (r#""why":"not_mfa""#, r#""why":"whatever""#),
        (r#""proof":"absent_from_list""#, r#""proof":"hearsay""#),
        (r#""can_register":"yes""#, r#""can_register":"banana""#),
        (r#""warnings":[]"#, r#""warnings":["nonsense"]"#),
    ] {
        let forged = desk.replacen(word, other, 1);
        assert_ne!(forged, desk, "{word}");
        let fault = verify(forged.as_bytes()).unwrap_err();
        assert!(
            matches!(fault, EvidenceFault::Unreadable(_)),
            "{other}: {fault}"
        );
    }
}
