//! How `[desk]` fits to the other sections, and what follows from it.

use super::desk_section::DeskSection;
use super::error::{Contradiction, contradiction};
use super::separation::is_one_app;
use super::{Sections, Tenant, check_cap};
use crate::approval::sign_in::{DOMAIN, SignInPolicy};
use crate::approval::{Algorithm, IssuerPolicy, KeyLocation, TypHeader};
use crate::desk::{Context, DeskSettings, NAME};
use crate::entra::{Credential, ServiceUrl};
use crate::ids::{Issuer, Label, ObjectId, TenantId};

/// Where the desk stands among tenants, issuers and notes.
pub struct ResolvedDesk {
    pub settings: DeskSettings,
    pub credential: Credential,
    pub tenant: TenantId,
    pub verifiers: ObjectId,
    pub approvers: ObjectId,
    pub managers: Option<ObjectId>,
    /// The login host of that tenant's cloud.
    pub login: ServiceUrl,
    pub sign_in: SignInPolicy,
    /// Entra's keys, as those of an issuer.
    pub issuer: IssuerPolicy,
    pub name: Label,
}

impl Sections {
    pub(super) fn check_desk(&self) -> Result<(), Contradiction> {
        let Some(desk) = &self.desk else {
            return Ok(());
        };
        check_cap("desk.per_hour".to_owned(), desk.per_hour)?;
        let audience = self.audience.desk.as_deref().unwrap_or_default().trim();
        let others = [self.audience.webhook.trim(), self.audience.on_call.trim()];
        if audience.is_empty() || others.contains(&audience) {
            return Err(contradiction(
                "audience.desk",
                "the desk needs an audience of its own: write audience.desk, a text that differs from the other two",
            ));
        }
        if self.issuers.keys().any(|name| name.as_ref() == NAME) {
            return Err(contradiction(
                "issuers.desk",
                "an issuer is named desk, as the approvals of the desk are: give it another name",
            ));
        }
        if self
            .on_call
            .issuers
            .iter()
            .any(|name| name.as_ref() == NAME)
        {
            return Err(contradiction(
                "on_call.issuers",
                "on_call.issuers names the desk, whose approvals count at the desk and in tickets: remove it",
            ));
        }
        if desk.verifiers == desk.approvers {
            return Err(contradiction(
                "desk.approvers",
                "desk.verifiers and desk.approvers are one group: make two",
            ));
        }
        if [desk.verifiers, desk.approvers]
            .map(Some)
            .contains(&desk.managers)
        {
            return Err(contradiction(
                "desk.managers",
                "desk.managers is the group of verifiers or of approvers: make a third one",
            ));
        }
        if desk.context == Context::None && desk.privileged {
            return Err(contradiction(
                "desk.privileged",
                "without an authentication context the desk is for standard people: remove privileged, or name a context",
            ));
        }
        if desk.context == Context::None && desk.alone.is_some() {
            return Err(contradiction(
                "desk.alone",
                "without an authentication context one stolen password would be enough: remove alone, or name a context",
            ));
        }
        if let Some(notes) = &desk.notes
            && !self.notes.contains_key(notes)
        {
            return Err(contradiction(
                "desk.notes",
                format!("desk.notes names {notes}, which is not in [notes]: add or correct it"),
            ));
        }
        if desk.notes.is_none() && self.notes.len() > 1 {
            return Err(contradiction(
                "desk.notes",
                "there are several ticket systems: name the one whose tickets the desk writes to, desk.notes = \"NAME\"",
            ));
        }
        let acts = |tenant: &Tenant| {
            let privileged = tenant.privileged.as_ref();
            is_one_app(&desk.credential, &tenant.entra.credential)
                || privileged.is_some_and(|app| is_one_app(&desk.credential, &app.credential))
        };
        if self.tenants.values().any(acts) {
            return Err(contradiction(
                "desk.credential",
                "desk.credential is that of an app which acts on people: make an app registration for the desk alone",
            ));
        }
        self.desk_tenant(desk)?;
        Ok(())
    }

    /// Whether tickets come from where `[notes.NAME]` writes to: the name is a source's, or the desk's. The desk needs no
    /// source. Beside sources it has to say so, since the name may be a source's that is misspelt.
    pub(super) fn has_tickets(&self, name: &Label) -> bool {
        let is_the_desks = self.desk.as_ref().is_some_and(|desk| match &desk.notes {
            Some(notes) => notes == name,
            None => self.sources.is_empty() && self.notes.len() == 1,
        });
        is_the_desks || self.sources.contains_key(name)
    }

    /// The tenant that the desk names, or the only one.
    fn desk_tenant(&self, desk: &DeskSection) -> Result<&Tenant, Contradiction> {
        let found = match (&desk.tenant, self.tenants.len()) {
            (Some(name), _) => self.tenants.get(name),
            (None, 1) => self.tenants.values().next(),
            (None, _) => None,
        };
        found.ok_or_else(|| {
            contradiction(
                "desk.tenant",
                "the desk must name one of the tenants: tenant = \"NAME\"",
            )
        })
    }

    /// Members, owners and eligible members of the desk's groups are privileged: an attacker who has one of them reset can
    /// verify or approve. Managers are not: all who manage may be most of a tenant, and their word counts for few people.
    pub(super) fn name_privileged_groups(&mut self) {
        let Some(desk) = &self.desk else { return };
        let groups = [desk.verifiers, desk.approvers];
        for tenant in self.tenants.values_mut() {
            tenant.rules.privileged_groups.extend(groups);
        }
    }

    /// The desk with everything that it rests on; `None` if there is none.
    pub fn resolved_desk(&self) -> Option<ResolvedDesk> {
        let desk = self.desk.clone()?;
        let tenant = self.desk_tenant(&desk).ok()?;
        let login = tenant.entra.login.clone();
        let host = login.as_str();
        let iss = Issuer::try_from(format!("{host}/{}/v2.0", tenant.id)).ok()?;
        let authorize = format!("{host}/{}/oauth2/v2.0/authorize", tenant.id);
        let keys = format!("{host}/{}/discovery/v2.0/keys", tenant.id);
        let privileged = desk.privileged;
        let takes_references = self
            .sources
            .values()
            .flat_map(|source| &source.issuers)
            .any(|name| name.as_ref() == NAME);
        let passkeys = self.passkey_form(tenant);
        let settings = DeskSettings {
            url: desk.url,
            client_id: desk.client_id,
            authorize,
            context: desk.context,
            notes: desk.notes.or_else(|| self.notes.keys().next().cloned()),
            takes_references,
            leads_to_privileged: (privileged && takes_references) || passkeys.is_some(),
            passkeys,
        };
        Some(ResolvedDesk {
            sign_in: SignInPolicy {
                iss: iss.clone(),
                tenant: tenant.id,
                client_id: settings.client_id.clone(),
                context: settings.context.id().map(str::to_owned),
                audience: self.audience.desk.clone()?,
                privileged,
                managers: desk.managers.is_some(),
                alone: desk.alone.map(|alone| alone.per_night),
            },
            issuer: IssuerPolicy {
                iss,
                keys: KeyLocation::Url(keys.try_into().ok()?),
                algorithms: vec![Algorithm::RS256],
                typ: TypHeader::Required,
                domain: Label::try_from(DOMAIN.to_owned()).ok()?,
                privileged,
                per_hour: desk.per_hour,
                key: Default::default(),
            },
            name: Label::try_from(NAME.to_owned()).ok()?,
            tenant: tenant.id,
            login,
            credential: desk.credential,
            verifiers: desk.verifiers,
            approvers: desk.approvers,
            managers: desk.managers,
            settings,
        })
    }
}
