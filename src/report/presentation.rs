//! What answers say that is the deployment's own, and the same for every reset of a tenant.

use std::collections::BTreeMap;

use crate::entra::AdminCentre;
use crate::ids::{ObjectId, TenantId};

#[derive(Debug, Clone)]
pub struct Presentation {
    /// Where people register.
    pub register_at: String,
    /// The organisation's name, for the on-call page.
    pub organisation: Option<String>,
    /// Where administrators finish by hand what a reset could not do; of tenants whose cloud is known.
    pub admin_centres: BTreeMap<TenantId, AdminCentre>,
}

impl Presentation {
    pub(super) fn entra_url(&self, tenant: TenantId, person: ObjectId) -> Option<String> {
        let centre = self.admin_centres.get(&tenant)?;
        Some(centre.methods_of(person))
    }
}
