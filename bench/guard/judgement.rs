//! The judgement alone: whether a privileged person may be reset on two approvals, and the plan that follows.

use reregister_mfa::approval::{Channel, ContactSource, Evidence, Scope, TokenId};
use reregister_mfa::clock::Timestamp;
use reregister_mfa::ids::{Digest, ObjectId};
use reregister_mfa::reset::rules::{plan::plan, privilege, two_approvals};
use reregister_mfa::reset::{
    ClaimedApproval, Membership, Method, MethodKind, PasswordChange, Person, PhoneType,
    PimEligibility, PrivilegeFacts, Rules,
};

use crate::Result;

/// What a run knows when it judges.
pub struct Judgement {
    rules: Rules,
    target: Person,
    facts: PrivilegeFacts,
    approvals: [ClaimedApproval; 2],
    methods: Vec<Method>,
}

fn person(last: u8) -> Result<ObjectId> {
    Ok(format!("a1000000-0000-4000-8000-0000000000{last:02x}").parse()?)
}

fn approval(name: &str, approver: u8, verifier: u8, evidence: Evidence) -> Result<ClaimedApproval> {
    Ok(ClaimedApproval {
        id: TokenId {
            iss: name.try_into()?,
            jti: "0123456789abcdef0123".try_into()?,
        },
        sub: "grace@contoso.example".to_owned().try_into()?,
        kid: name.try_into()?,
        domain: name.try_into()?,
        private_half: Some(Digest::of(name.as_bytes())),
        passkey: None,
        approver: person(approver)?,
        verifiers: vec![person(verifier)?],
        evidence: vec![evidence],
        issuer_may: true,
        out_of_context: false,
        people: None,
        alone: false,
    })
}

impl Judgement {
    /// A person in twenty groups, with a role and a method of each kind that a reset removes.
    pub fn new() -> Result<Judgement> {
        let group = |nth| {
            Ok(Membership::Group {
                id: person(nth)?,
                name: format!("Group {nth}"),
                assignable_to_role: false,
            })
        };
        let mut memberships = (100..120).map(group).collect::<Result<Vec<_>>>()?;
        memberships.push(Membership::Role {
            template: "62e90394-69f5-4237-9190-012177145e10".to_owned(),
            name: "Global Administrator".to_owned(),
        });
        let kinds = [
            MethodKind::Password,
            MethodKind::Phone(PhoneType::Mobile),
            MethodKind::Phone(PhoneType::Office),
            MethodKind::MicrosoftAuthenticator,
            MethodKind::SoftwareOath,
            MethodKind::Passkey,
        ];
        let method = |(nth, kind)| {
            Ok(Method {
                id: format!("method-{nth}").try_into()?,
                kind,
                label: None,
                created: None,
                in_authenticator: false,
            })
        };
        let video = Evidence::VideoCall {
            contact_source: ContactSource::CompanyDirectory,
        };
        Ok(Judgement {
            rules: toml::from_str("break_glass = \"none\"")?,
            target: Person {
                id: person(1)?,
                upn: "grace@contoso.example".to_owned(),
                display_name: Some("Grace".to_owned()),
                enabled: true,
                external: false,
                management_restricted: false,
                employee_id: None,
                synced: false,
                password: PasswordChange::At(Timestamp::UNIX_EPOCH),
                contacts: Default::default(),
            },
            facts: PrivilegeFacts {
                memberships,
                owned: Vec::new(),
                assignments: Vec::new(),
                eligibility: PimEligibility::default(),
                hidden: false,
            },
            approvals: [
                approval("desk", 2, 3, video)?,
                approval("security", 4, 5, Evidence::InPerson)?,
            ],
            methods: kinds
                .into_iter()
                .enumerate()
                .map(method)
                .collect::<Result<_>>()?,
        })
    }

    /// # Errors
    /// If it does not come out as it should.
    pub fn make(&self) -> Result<()> {
        privilege::reject_untouchable(&self.target, &self.rules)?;
        let tier = privilege::tier(&self.target, &self.facts, &self.rules)?;
        two_approvals::check(&tier, &self.approvals, None, Channel::Webhook, true)?;
        let plan = plan(
            self.methods.clone(),
            Scope::default(),
            self.rules.hardware_oath,
        );
        match tier.privilege() {
            Some(_) if plan.len() == self.methods.len() => Ok(()),
            _ => Err("the person is not privileged, or a method is missing".into()),
        }
    }
}
