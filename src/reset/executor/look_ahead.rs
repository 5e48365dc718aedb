//! What a judgement asks the directory and the ledger, asked as early as the names are known: the questions of one line go out
//! together, and while the request is being accepted the first of them are on their way. Nothing is decided here.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Run;
use super::signers::Signers;
use crate::approval::Authentic;
use crate::approval::sign_in::SignedIn;
use crate::ids::{ObjectId, PersonRef};
use crate::reset::ledger::GuardrailItems;
use crate::reset::model::{
    ClaimedApproval, Guardrails, LedgerError, Manager, Person, PrivilegeFacts, Request,
};
use crate::reset::ports::{DirectoryError, Listing};
use crate::reset::refusal::Role;
use crate::reset::rules::guardrails::Counted;

/// The directory's answers about people who were asked for.
#[derive(Default)]
pub struct KnownPeople {
    pub found: BTreeMap<PersonRef, Result<Person, DirectoryError>>,
    pub managers: Managers,
    pub signers: Signers,
}

/// Whom the directory calls these people's managers. Asked for only where an approval rests on that.
pub type Managers = BTreeMap<PersonRef, Result<Option<Manager>, DirectoryError>>;

/// Answers that are there before the judgement.
#[derive(Default)]
pub struct Answers {
    pub people: KnownPeople,
    pub target: Option<AboutTarget>,
}

/// What is known of a target besides the account itself.
pub struct AboutTarget {
    pub id: ObjectId,
    pub facts: Result<PrivilegeFacts, DirectoryError>,
    /// As the standard credential sees them.
    pub methods: Result<Listing, DirectoryError>,
    /// What a claim within these guardrails is checked against; `None` if they were not known yet.
    pub guardrails: Option<(Guardrails, Result<GuardrailItems, LedgerError>)>,
}

impl Run<'_> {
    /// Asks what can be asked by the names alone. Of a target that is named by object id everything can be asked at once.
    pub async fn look_ahead(&self, request: &Request, approvals: &[Authentic]) -> Answers {
        let people = self.ask_for(named(request.user.as_ref(), approvals).into_keys());
        let managers = self.ask_for_managers(asks_for_manager(approvals).into_iter());
        let about_target = async {
            let target = target_by_id(approvals)?;
            Some(
                self.ask_about(target, self.guardrails_by_ids(approvals))
                    .await,
            )
        };
        let signers = self.ask_about_signers(approvals);
        let (found, managers, target, signers) =
            tokio::join!(people, managers, about_target, signers);
        let people = KnownPeople {
            found,
            managers,
            signers,
        };
        Answers { people, target }
    }

    /// Asks who the targets' managers are, where an approval says that the manager vouched.
    pub async fn ask_for_managers(&self, of: impl Iterator<Item = &PersonRef>) -> Managers {
        let directory = &self.tenant.directories.standard;
        let found = of.map(async |who| {
            let answer = self.read(|| directory.manager(who)).await;
            (who.clone(), answer)
        });
        futures_util::future::join_all(found)
            .await
            .into_iter()
            .collect()
    }

    /// The guardrails, if all approvals name their approvers and verifiers by object ids.
    fn guardrails_by_ids(&self, approvals: &[Authentic]) -> Option<Guardrails> {
        let claims = || approvals.iter().map(|one| one.claims());
        let approvers = claims().map(|claims| claims.act.sub.id());
        let verifications = claims().flat_map(|claims| &claims.verification);
        let verifiers = verifications.map(|one| one.verified_by.id());
        let ids: Vec<_> = approvals.iter().map(Authentic::id).collect();
        let is_alone = |one: &Authentic| one.by_sign_in().is_some_and(SignedIn::is_alone);
        Some(
            self.guardrails_for(&Counted {
                approvers: approvers.collect::<Option<_>>()?,
                verifiers: verifiers.collect::<Option<_>>()?,
                signers: ids.iter().map(|id| &id.iss).collect(),
                passkeys: approvals
                    .iter()
                    .filter_map(|one| Some((one.kid(), one.passkey()?)))
                    .collect(),
                is_alone: approvals.iter().any(is_alone),
            }),
        )
    }

    /// The guardrails of a claim on these approvals.
    pub fn guardrails(&self, approvals: &[ClaimedApproval]) -> Guardrails {
        let verifiers = approvals.iter().flat_map(|one| &one.verifiers);
        self.guardrails_for(&Counted {
            approvers: approvals.iter().map(|one| one.approver).collect(),
            verifiers: verifiers.copied().collect(),
            signers: approvals.iter().map(|one| &one.id.iss).collect(),
            passkeys: approvals
                .iter()
                .filter_map(|one| Some((&one.kid, one.passkey.as_ref()?)))
                .collect(),
            is_alone: approvals.iter().any(|one| one.alone),
        })
    }

    pub(super) fn guardrails_for(&self, counted: &Counted<'_>) -> Guardrails {
        let validator = &self.deployment.validator;
        let desk = validator.desk.as_ref();
        let alone = desk.and_then(|desk| desk.policy.alone).unwrap_or_default();
        Guardrails::of(
            self.tenant_id,
            counted,
            &self.tenant.rules,
            |iss| validator.per_hour(iss),
            alone,
        )
    }

    /// Looks these people up, all at the same time.
    pub async fn ask_for(
        &self,
        people: impl Iterator<Item = &PersonRef>,
    ) -> BTreeMap<PersonRef, Result<Person, DirectoryError>> {
        let directory = &self.tenant.directories.standard;
        let found = people.map(async |who| {
            let answer = self.read(|| directory.person(who)).await;
            (who.clone(), answer)
        });
        futures_util::future::join_all(found)
            .await
            .into_iter()
            .collect()
    }

    /// Asks for all that a claim on this person needs, at the same time.
    pub async fn ask_about(&self, id: ObjectId, guardrails: Option<Guardrails>) -> AboutTarget {
        let directory = &self.tenant.directories.standard;
        let read = async {
            let guardrails = guardrails?;
            let read = self.guardrail_items(id, &guardrails).await;
            Some((guardrails, read))
        };
        // Joined, and judged in a fixed order afterwards: which answer comes first must not decide.
        let (facts, methods, guardrails) = tokio::join!(
            self.read(|| directory.privilege_facts(id)),
            self.read(|| directory.methods(id)),
            read,
        );
        AboutTarget {
            id,
            facts,
            methods,
            guardrails,
        }
    }

    /// Reads what a claim on this person within these guardrails is checked against.
    pub async fn guardrail_items(
        &self,
        target: ObjectId,
        guardrails: &Guardrails,
    ) -> Result<GuardrailItems, LedgerError> {
        let ledger = &self.deployment.ledger;
        ledger
            .guardrail_items(self.tenant_id, target, guardrails)
            .await
    }
}

/// The target, if all approvals name the same one by its object id.
fn target_by_id(approvals: &[Authentic]) -> Option<ObjectId> {
    let mut targets = approvals.iter().map(|one| one.claims().sub.id());
    let first = targets.next()??;
    targets.all(|other| other == Some(first)).then_some(first)
}

/// The targets whose manager has to be known: a manager is said to have vouched, or is to be told.
pub fn asks_for_manager<A: AsRef<Authentic>>(approvals: &[A]) -> BTreeSet<&PersonRef> {
    let asks = |approval: &&Authentic| {
        let mut entries = approval.claims().verification.iter();
        entries.any(|entry| entry.evidence.is_by_manager())
            || approval.by_sign_in().is_some_and(SignedIn::is_alone)
    };
    let approvals = approvals.iter().map(AsRef::<Authentic>::as_ref);
    let asking = approvals.filter(asks);
    asking.map(|approval| &approval.claims().sub).collect()
}

/// Every person whom the approvals and the ticket name, with the most important part that each has.
pub fn named<'p, A: AsRef<Authentic> + 'p>(
    ticket_user: Option<&'p PersonRef>,
    approvals: &'p [A],
) -> BTreeMap<&'p PersonRef, Role> {
    let mut named: BTreeMap<&PersonRef, Role> = BTreeMap::new();
    for approval in approvals {
        let approval = approval.as_ref();
        let claims = approval.claims();
        for verification in &claims.verification {
            named.insert(&verification.verified_by, Role::Verifier);
        }
        if let Some(owner) = approval.owner() {
            named.insert(owner, Role::KeyOwner);
        }
        named.insert(&claims.act.sub, Role::Approver);
        named.insert(&claims.sub, Role::Target);
    }
    if let Some(user) = ticket_user {
        named.entry(user).or_insert(Role::TicketUser);
    }
    named
}
