//! Which account each name of a record stands for: in one record a user principal name is one account, whatever the case.

use std::collections::{BTreeMap, BTreeSet};

use super::document::EvidenceRecord;
use crate::approval::Authentic;
use crate::ids::{ObjectId, PersonRef};

/// The accounts that each name may stand for: one, or where several people verified, those of them that the record leaves
/// open.
#[derive(Debug, Default)]
pub(super) struct Accounts(BTreeMap<String, BTreeSet<ObjectId>>);

impl Accounts {
    /// `None` if one name stands for two accounts, or two names for one.
    pub(super) fn of(record: &EvidenceRecord, approvals: &[Authentic]) -> Option<Accounts> {
        let judged = &record.judged;
        let target = BTreeSet::from([judged.target]);
        let mut accounts = Accounts::default();
        accounts.narrow(&judged.target_name, &target);
        for (part, approval) in record.approvals.approvals.iter().zip(approvals) {
            let claims = approval.claims();
            let approver = BTreeSet::from([part.approver]);
            let verifiers: BTreeSet<ObjectId> = part.verifiers.iter().copied().collect();
            let verified_by = claims.verification.iter().map(|one| &one.verified_by);
            let named = verified_by.map(|name| (name, &verifiers));
            let others = [(&claims.sub, &target), (&claims.act.sub, &approver)];
            let owner = approval.owner().map(|owner| (owner, &approver));
            for (name, may_be) in named.chain(others).chain(owner) {
                match name {
                    PersonRef::Id(id) if may_be.contains(id) => {}
                    PersonRef::Id(_) => return None,
                    PersonRef::Upn(upn) => accounts.narrow(upn.as_ref(), may_be),
                }
            }
        }
        accounts.tell_apart().then_some(accounts)
    }

    fn narrow(&mut self, name: &str, may_be: &BTreeSet<ObjectId>) {
        let known = self.0.entry(name.to_lowercase());
        known
            .and_modify(|known| known.retain(|id| may_be.contains(id)))
            .or_insert_with(|| may_be.clone());
    }

    /// Takes the account of each name that stands for one away from the others; says whether each name has one left.
    fn tell_apart(&mut self) -> bool {
        for _ in 0..self.0.len() {
            for (name, id) in self.settled() {
                let others = self.0.iter_mut().filter(|(other, _)| **other != name);
                for (_, may_be) in others {
                    may_be.remove(&id);
                }
            }
        }
        let all: BTreeSet<_> = self.0.values().flatten().collect();
        all.len() >= self.0.len() && !self.0.values().any(BTreeSet::is_empty)
    }

    fn settled(&self) -> Vec<(String, ObjectId)> {
        let only =
            |may_be: &BTreeSet<ObjectId>| may_be.first().copied().filter(|_| may_be.len() == 1);
        let settled = self
            .0
            .iter()
            .filter_map(|(name, may_be)| Some((name.clone(), only(may_be)?)));
        settled.collect()
    }

    /// The account of a person whom an approval names; `None` if the record leaves it open.
    pub(super) fn of_person(&self, named: &PersonRef) -> Option<ObjectId> {
        match named {
            PersonRef::Id(id) => Some(*id),
            PersonRef::Upn(upn) => {
                let may_be = self.0.get(&upn.as_ref().to_lowercase())?;
                may_be.first().copied().filter(|_| may_be.len() == 1)
            }
        }
    }
}
