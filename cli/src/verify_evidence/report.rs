//! What a record proves, as an auditor reads it. The texts in it are an attacker's if the record is: each is shown in one
//! line, without what cannot be seen.

use std::fmt::{Display, Write as _};
use std::path::Path;

use reregister_mfa::approval::{Channel, ContactKind, SignaturePolicy};
use reregister_mfa::evidence_record::{
    EvidenceFault, EvidenceRecord, MethodRead, Proof, Signatures, SignedPart, Signer,
    StatusWithProof, Verified, VerifiedApproval, Why,
};
use reregister_mfa::ids::PersonRef;
use reregister_mfa::names::{is_invisible, shown};
use reregister_mfa::report::how;

use super::beside::{Beside, Compared};
use super::confirmed::Confirmed;

/// Lines of text.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn heading(&mut self, text: impl Display) {
        self.line("", &text.to_string());
    }

    /// A member of the record.
    fn row(&mut self, name: &str, text: impl Display) {
        self.line(&format!("  {name:<13} "), &text.to_string());
    }

    fn item(&mut self, text: impl Display) {
        self.line("  - ", &text.to_string());
    }

    fn line(&mut self, before: &str, text: &str) {
        let one_line = |c: char| if c.is_whitespace() { ' ' } else { c };
        let visible = |c: char| match c {
            c if c.is_control() || is_invisible(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        let text: String = text.chars().map(one_line).map(visible).collect();
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        let _ = writeln!(self.0, "{before}{}", words.join(" "));
    }
}

/// Of a record that proves nothing.
pub fn of_fault(file: &Path, fault: &EvidenceFault) -> String {
    let mut lines = Lines::default();
    lines.heading(format_args!("{}: NOT VERIFIED: {fault}.", file.display()));
    lines.0
}

pub fn of(file: &Path, verified: &Verified, beside: &Beside<'_>) -> (String, Confirmed) {
    let compared = beside.compare(verified);
    let confirmed = compared.confirmed;
    let mut lines = Lines::default();
    let (head, proven) = match confirmed {
        Confirmed::Yes => ("verified", "Proven by this record alone"),
        Confirmed::NotEnough => ("verified, NOT CONFIRMED", "Proven by this record alone"),
        Confirmed::No => (
            "NOT VERIFIED",
            "Of no worth, since it was contradicted; the record alone says",
        ),
    };
    lines.heading(format_args!("{}: {head}", file.display()));
    lines.record(verified);
    lines.heading(proven);
    lines.item("its bytes are whole, and its parts belong to one reset");
    lines.item("its keys made the signatures, over this person, ticket, scope and reason");
    lines.item(
        "taking the arrival and the tier from the function: the approvals were in time, and enough for that tier, in number, accounts and ways of verification",
    );
    lines.item("by what the function wrote: what was done is what was approved");
    if !compared.lines.is_empty() {
        lines.heading("Compared");
    }
    compared.lines.iter().for_each(|line| lines.item(line));
    lines.heading("On trust");
    lines.trust(verified, &compared);
    (lines.0, confirmed)
}

impl Lines {
    fn trust(&mut self, verified: &Verified, compared: &Compared) {
        if !compared.has_known_keys {
            self.item("that these keys were the issuer's or Entra's: compare them with your own copy, --keys");
        }
        if !compared.is_in_trail {
            self.item(
                "that the record is as the function wrote it: compare the audit trail, --trail",
            );
        }
        self.item("what the function read and wrote: the tenant, where the signed text names none; the arrival, the tier, which account a name is, the methods, Graph's answers, whether the person can register");
        self.item("whose each key is, its trust domain and its audience: the policy.toml of this SHA-256 says it");
        let approvals = &verified.approvals;
        if approvals.iter().any(|one| !one.by_one_person) {
            self.item("that two accounts are two people: the function compares employeeId, and the record has none");
        }
        if approvals.iter().any(|one| !one.by_sign_in) {
            self.item("who verified, where they are only named: of an approval by a key, the verifiers did not sign");
        }
        let is_of_key_store = |one: &&VerifiedApproval| !one.by_sign_in && one.passkey.is_none();
        if approvals.iter().any(|one| is_of_key_store(&one)) {
            self.item("of an issuer's token: that its key store signed for this approver");
        }
    }

    fn record(&mut self, verified: &Verified) {
        let EvidenceRecord {
            request,
            judged,
            done,
            approvals,
        } = &verified.record;
        let state: &str = done.state.into();
        self.row("reset", format_args!("{}, {}", request.reset, words(state)));
        if let Some(ended) = &done.ended_because {
            self.row(
                "ended because",
                format_args!("{} ({})", ended.detail, ended.code),
            );
        }
        self.row("can register", words(done.can_register.into()));
        let warnings: Vec<String> = done.warnings.iter().map(|one| words(one.into())).collect();
        self.row("warnings", or_none(warnings.join(", ")));
        self.row("tenant", request.tenant);
        self.row("ticket", &request.ticket);
        let source = request.source.as_ref();
        self.row(
            "came by",
            match request.channel {
                Channel::Webhook => format!(
                    "a ticket, source {}",
                    or_none(source.map(ToString::to_string).unwrap_or_default())
                ),
                Channel::OnCall => "the on-call page or command".to_owned(),
                Channel::Desk => "the desk".to_owned(),
            },
        );
        let [address, agent] = [&request.address, &request.agent].map(name);
        self.row("from", format_args!("address {address}, agent {agent}"));
        self.row(
            "person",
            format_args!(
                "{}, {}, object id {}",
                name(&judged.display_name),
                judged.target_name,
                judged.target
            ),
        );
        self.row("tier", &judged.tier);
        let reason: &str = judged.reason.map_or("no reason", Into::into);
        self.row(
            "approved",
            format_args!("{}, {reason}", String::from(judged.scope)),
        );
        for (what, at) in [
            ("arrived", request.received_at),
            ("claimed", judged.claimed_at),
            ("ended", done.finished_at),
        ] {
            self.row(what, format_args!("{at:.0}"));
        }
        self.row("policy", format_args!("SHA-256 {}", judged.policy_sha256));
        self.row("record", format_args!("SHA-256 {}", verified.sha256));
        let both = verified.approvals.iter().zip(&approvals.approvals);
        for (nth, (approval, part)) in both.enumerate() {
            self.heading(format_args!("Approval {}", nth + 1));
            self.approval(approval, part);
        }
        self.heading("Read before");
        for method in &judged.methods {
            self.item(method_name(method));
        }
        self.heading("Done");
        self.item(format_args!("sessions: {}", outcome(&done.sessions)));
        for one in &done.methods {
            let method = method_name(&one.method);
            self.item(format_args!("{method}: {}", outcome(&one.outcome)));
        }
        if let Some(at) = done.listed_at {
            self.item(format_args!("the list that shows it: asked for at {at:.0}"));
        }
    }

    fn approval(&mut self, approval: &VerifiedApproval, part: &SignedPart) {
        self.row("id", format_args!("{} of {}", part.id.jti, part.id.iss));
        if let Signatures::Desk { reference, .. } = &part.signed {
            self.row("reference", reference);
        }
        self.row("for", &approval.target);
        for one in &approval.verifications {
            let reference = one.reference.as_ref();
            let reference = reference.map(|text| format!("; reference {text}"));
            self.row(
                "verified",
                format_args!(
                    "{:.0} by {}: {}{}",
                    one.at,
                    signer(&one.verifier, part),
                    how(one.evidence),
                    reference.unwrap_or_default()
                ),
            );
        }
        for (kind, what) in [
            (ContactKind::BusinessPhone, "the business phone"),
            (ContactKind::MobilePhone, "the mobile phone"),
        ] {
            if let Some(digits) = approval.contacts.of(kind) {
                let digits = String::from(digits);
                self.row("contact used", format_args!("{what} ending in {digits}"));
            }
        }
        let approver = signer(&approval.approver, part);
        self.row(
            "approved",
            format_args!("{:.0} by {approver}", approval.approved_at),
        );
        self.row(
            "people",
            match (approval.by_one_person, approval.verified_in_another) {
                (true, _) => "ONE person verified and approved",
                (false, true) => "the account that approved verified in the other approval",
                (false, false) => "the account that approved is none of those that verified",
            },
        );
        self.signature(approval, part);
    }

    fn signature(&mut self, approval: &VerifiedApproval, part: &SignedPart) {
        let (kid, domain) = (&approval.kid, &approval.domain);
        match &part.kept.terms {
            SignaturePolicy::SignIn {
                context,
                client_id,
                audience,
                keys_from,
                ..
            } => {
                let context = context.as_deref();
                let context = context.map_or("no authentication context".to_owned(), |context| {
                    format!("the authentication context {context}")
                });
                self.row(
                    "signed",
                    format_args!(
                        "two sign-ins to Entra, in {context}, each for its text; app {client_id}"
                    ),
                );
                self.row("audience", audience);
                let mut keys: Vec<_> = part.kept.keys.iter().map(|key| key.kid.as_str()).collect();
                // Entra may have changed its key between the two.
                keys.dedup();
                self.row(
                    "key",
                    format_args!("{} from {keys_from}", keys.join(", then ")),
                );
            }
            SignaturePolicy::Issuer {
                name,
                audience,
                owner,
                keys_from,
                passkey,
                ..
            } => {
                let owner = owner.as_ref().map(|owner| format!(" of {owner}"));
                let owner = owner.unwrap_or_default();
                match (passkey, &approval.passkey) {
                    (Some(terms), Some(used)) => {
                        let origin = terms.at.origin().as_str();
                        let stays = match used.stays_on_device {
                            true => "it stays on its device, as the authenticator says",
                            false => "it MAY BE COPIED to other devices, as the authenticator says",
                        };
                        self.row(
                            "signed",
                            format_args!("the passkey {kid}{owner}, at {origin}; {stays}"),
                        );
                        self.row("check number", &used.check_number);
                    }
                    _ => self.row(
                        "signed",
                        format_args!("a token of the key {kid}{owner}, from {keys_from}"),
                    ),
                }
                self.row("issuer", format_args!("{name}, trust domain {domain}"));
                self.row("audience", audience);
            }
        }
    }
}

/// Who it is, by all names that there are.
fn signer(signer: &Signer, part: &SignedPart) -> String {
    let account = signer.account.map(|id| id.to_string());
    // Only of several verifiers it can be open.
    let account = account.unwrap_or_else(|| {
        let ids: Vec<String> = part.verifiers.iter().map(ToString::to_string).collect();
        ids.join(" or ")
    });
    let mut text = match &signer.named {
        PersonRef::Upn(upn) => format!("{upn}, object id {account}"),
        PersonRef::Id(_) => format!("object id {account}"),
    };
    if !signer.at_entra.is_empty() {
        text.push_str(&format!(
            ", whom Entra names {}",
            signer.at_entra.join(", ")
        ));
    }
    text
}

/// A name that somebody may have chosen.
fn name(text: &Option<String>) -> String {
    or_none(text.as_deref().and_then(shown).unwrap_or_default())
}

fn or_none(text: String) -> String {
    if text.is_empty() {
        "none".to_owned()
    } else {
        text
    }
}

/// A word of the record.
fn words(word: &str) -> String {
    word.replace('_', " ")
}

fn method_name(method: &MethodRead) -> String {
    match method.label.as_deref().and_then(shown) {
        Some(label) => format!("{} ({label})", method.kind),
        None => method.kind.clone(),
    }
}

fn outcome<Status: Copy + Into<&'static str>>(outcome: &StatusWithProof<Status>) -> String {
    let why = outcome.why.map(|why| match why {
        Why::NotMfa => ", no MFA method".to_owned(),
        Why::ButtonLeavesIt => ", Entra's re-register button leaves it, too".to_owned(),
        other => format!(", {}", words(other.into())),
    });
    let proof = outcome.proof.map(|proof| match proof {
        Proof::AbsentFromList => ", proof: absent from each later list",
        Proof::Accepted => ", proof: accepted by Graph",
    });
    format!(
        "{}{}{}",
        words(outcome.status.into()),
        why.unwrap_or_default(),
        proof.unwrap_or_default()
    )
}
