//! A tenant's [`Directory`], seen through one credential.

use std::collections::BTreeSet;
use std::pin::pin;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt as _};

use super::graph::Graph;
use super::group_eligibility::GroupEligibility;
use super::settings::{ActsOn, EntraDeps, EntraSettings};
use super::token::Tokens;
use super::{authentication_methods, people, privilege_facts};
use crate::ids::{ObjectId, PersonRef, TenantId};
use crate::reset::ports::{Directory, DirectoryError, Fault, Listing};
use crate::reset::{Manager, Method, Person, PrivilegeFacts};

/// How many people are looked up at once.
const AT_ONCE: usize = 8;

/// Whether a tenant has a licence for Privileged Identity Management, as far as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasPim(pub bool);

/// A tenant seen through one credential.
pub struct Entra {
    graph: Graph,
    group_eligibility: GroupEligibility,
    asks_for_hardware: bool,
}

impl Entra {
    /// Connects nothing yet; [`Entra::warm_up`] does. `asks_for_hardware` is whether this cloud has an API for
    /// hardware OATH tokens; `privileged_groups` are the policy's own groups, beside the role-assignable ones.
    pub fn new(
        tenant: TenantId,
        settings: EntraSettings,
        acts_on: ActsOn,
        asks_for_hardware: bool,
        privileged_groups: BTreeSet<ObjectId>,
        deps: EntraDeps,
    ) -> Entra {
        let (http, clock) = (deps.http.clone(), deps.clock.clone());
        let tokens = Tokens::new(tenant, &settings, acts_on, deps);
        Entra {
            graph: Graph::new(settings.graph, http, tokens),
            group_eligibility: GroupEligibility::new(privileged_groups, clock),
            asks_for_hardware,
        }
    }

    pub(super) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Gets a token and what is the same for everybody, so that the first request need not wait for it. Says whether the
    /// tenant has a licence for PIM.
    ///
    /// # Errors
    /// The [`DirectoryError`] that the first request would meet.
    pub async fn warm_up(&self) -> Result<HasPim, DirectoryError> {
        let groups = self.group_eligibility.get(&self.graph).await?;
        Ok(HasPim(!groups.unlicensed))
    }

    /// Warns of people whom the policy names and the tenant has not: a protection that protects no account.
    pub async fn warn_of_absent(&self, named: impl IntoIterator<Item = PersonRef>) {
        let absent = stream::iter(named)
            .map(async |who: PersonRef| {
                let found = people::find(&self.graph, &who).await;
                // Another error is met again by what needs an answer.
                let absent = Err(DirectoryError::Permanent(Fault::NotFound)) == found.map(drop);
                absent.then_some(who)
            })
            .buffer_unordered(AT_ONCE);
        let mut absent = pin!(absent);
        while let Some(who) = absent.next().await {
            let Some(who) = who else { continue };
            tracing::warn!(person = %who, "the policy names a person whom the tenant has not: correct the name or id");
        }
    }
}

#[async_trait]
impl Directory for Entra {
    async fn person(&self, who: &PersonRef) -> Result<Person, DirectoryError> {
        people::find(&self.graph, who).await
    }

    async fn manager(&self, who: &PersonRef) -> Result<Option<Manager>, DirectoryError> {
        people::manager(&self.graph, who).await
    }

    async fn privilege_facts(&self, id: ObjectId) -> Result<PrivilegeFacts, DirectoryError> {
        privilege_facts::of(&self.graph, &self.group_eligibility, id).await
    }

    async fn member_of(
        &self,
        id: ObjectId,
        groups: &[ObjectId],
    ) -> Result<BTreeSet<ObjectId>, DirectoryError> {
        people::member_of(&self.graph, id, groups).await
    }

    async fn methods(&self, id: ObjectId) -> Result<Listing, DirectoryError> {
        authentication_methods::list(&self.graph, id, self.asks_for_hardware).await
    }

    async fn remove(&self, id: ObjectId, method: &Method) -> Result<(), DirectoryError> {
        authentication_methods::remove(&self.graph, id, method).await
    }

    async fn deactivate(&self, id: ObjectId, method: &Method) -> Result<(), DirectoryError> {
        authentication_methods::deactivate(&self.graph, id, method).await
    }

    async fn revoke_sessions(&self, id: ObjectId) -> Result<(), DirectoryError> {
        people::revoke_sessions(&self.graph, id).await
    }
}
