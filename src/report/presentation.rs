//! What answers say that is the deployment's own, and the same for every reset of a tenant.

use std::collections::BTreeMap;

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

/// A cloud's Entra admin centre, where administrators look at people and their methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminCentre(&'static str);

impl AdminCentre {
    /// The one of the cloud whose login host this is; `None` where it is not known (Microsoft Entra, "National clouds").
    pub fn of(login: &str) -> Option<AdminCentre> {
        match login {
            "https://login.microsoftonline.com" => Some("https://entra.microsoft.com"),
            "https://login.microsoftonline.us" => Some("https://entra.microsoft.us"),
            "https://login.chinacloudapi.cn" | "https://login.partner.microsoftonline.cn" => {
                Some("https://entra.microsoftonline.cn")
            }
            _ => None,
        }
        .map(AdminCentre)
    }

    /// A person's authentication methods in it.
    pub fn methods_of(self, person: ObjectId) -> String {
        let AdminCentre(site) = self;
        format!(
            "{site}/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/UserAuthMethods/userId/{person}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::AdminCentre;

    #[test]
    fn a_person_has_a_page_in_the_admin_centre_of_their_cloud() {
        let person = "a1000000-0000-4000-8000-00000000000b".parse().unwrap();
        let page = |login| AdminCentre::of(login).map(|centre| centre.methods_of(person));
        let path = "/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/UserAuthMethods/userId/a1000000-0000-4000-8000-00000000000b";
        for (host, site) in [
            (
                "https://login.microsoftonline.com",
                "https://entra.microsoft.com",
            ),
            (
                "https://login.microsoftonline.us",
                "https://entra.microsoft.us",
            ),
            (
                "https://login.partner.microsoftonline.cn",
                "https://entra.microsoftonline.cn",
            ),
        ] {
            assert_eq!(page(host), Some(format!("{site}{path}")));
        }
        assert_eq!(page("https://login.contoso.example"), None);
    }
}
