//! A tenant's [`Directory`], seen through one credential.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::graph::Graph;
use super::group_eligibility::GroupEligibility;
use super::settings::{EntraDeps, EntraSettings};
use super::token::Tokens;
use super::{authentication_methods, people, privilege_facts};
use crate::ids::{ObjectId, PersonRef, TenantId};
use crate::reset::ports::{Directory, DirectoryError, Fault, Listing};
use crate::reset::{Method, Person, PrivilegeFacts};

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
        asks_for_hardware: bool,
        privileged_groups: BTreeSet<ObjectId>,
        deps: EntraDeps,
    ) -> Entra {
        let (http, clock) = (deps.http.clone(), deps.clock.clone());
        let tokens = Tokens::new(tenant, &settings, deps);
        Entra {
            graph: Graph::new(settings.graph, http, tokens),
            group_eligibility: GroupEligibility::new(privileged_groups, clock),
            asks_for_hardware,
        }
    }

    /// Gets a token and what is the same for everybody, so that the first request need not wait for it.
    ///
    /// # Errors
    /// The [`DirectoryError`] that the first request would meet.
    pub async fn warm_up(&self) -> Result<(), DirectoryError> {
        self.graph.warm_up().await?;
        match self.group_eligibility.get(&self.graph).await {
            // What a missing licence means is the core's decision.
            Ok(_) | Err(DirectoryError::Permanent(Fault::Unlicensed)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Directory for Entra {
    async fn person(&self, who: &PersonRef) -> Result<Person, DirectoryError> {
        people::find(&self.graph, who).await
    }

    async fn privilege_facts(&self, id: ObjectId) -> Result<PrivilegeFacts, DirectoryError> {
        privilege_facts::of(&self.graph, &self.group_eligibility, id).await
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
