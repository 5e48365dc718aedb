//! policy.toml: which sources and issuers count, and what is never touched. Each module owns the type of its section; this
//! is their table of contents, the check that they fit together, and the place where names become what they name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::approval::{Audiences, IssuerPolicy, KeyLocation};
use crate::entra::{Credential, EntraSettings};
use crate::ids::{Label, TenantId};
use crate::reset::{ChannelPolicy, Channels, Rules, SourceChannel};
use crate::tickets::Notes;
use crate::webhook::{Scheme, Source};

/// The policy of a deployment, resolved. The only thing whose fault stops the start.
#[derive(Debug, Clone)]
pub struct Policy {
    pub sections: Sections,
    pub channels: Channels,
    /// Where the file was: key files are beside it.
    pub directory: PathBuf,
}

/// The file, section by section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sections {
    /// Where people register, for answers.
    #[serde(default = "register_at")]
    pub register_at: String,
    /// Whose people these are, for the on-call page.
    pub organisation: Option<String>,
    /// What approvals must be for.
    pub audience: Audiences,
    pub tenants: BTreeMap<Label, Tenant>,
    /// The ticket systems.
    #[serde(default)]
    pub sources: BTreeMap<Label, Source>,
    pub issuers: BTreeMap<Label, IssuerPolicy>,
    /// Notes into the tickets of a source, by its name.
    #[serde(default)]
    pub notes: BTreeMap<Label, Notes>,
    on_call: ChannelPolicy,
}

fn register_at() -> String {
    "https://aka.ms/mfasetup".to_owned()
}

/// `[tenants.NAME]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    pub id: TenantId,
    pub entra: EntraSettings,
    /// The credential for privileged targets. Without it, none is reset here.
    pub privileged: Option<PrivilegedCredential>,
    pub rules: Rules,
}

/// `[tenants.NAME.privileged]`: a second app registration, for privileged targets alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivilegedCredential {
    pub credential: Credential,
    /// Whether the app has a role at the tenant's restricted management administrative units.
    #[serde(default)]
    pub restricted_units: bool,
}

/// With less time nothing would ever be started.
const SHORTEST_ANSWER: Duration = Duration::from_secs(8);

/// The longest `cool_down`: after 35 days the ledger forgets that a person was reset.
const LONGEST_COOL_DOWN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A cap's item holds a time for each reset of the hour, and has to fit into DynamoDB's 400 KB many times over, since
/// every claim writes it.
const LARGEST_CAP: u16 = 2000;

const LONGEST_ORGANISATION: usize = 64;

/// Why a policy is not one.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
    /// It is not what a policy is.
    #[error("{0}")]
    Malformed(#[from] toml::de::Error),
    /// Its parts do not fit together.
    #[error("policy: {0}")]
    Inconsistent(String),
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`], with what to correct.
    pub fn read(path: &Path) -> Result<Policy, PolicyError> {
        let text = std::fs::read_to_string(path).map_err(|error| PolicyError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        Policy::parse(&text, directory)
    }

    /// Reads the text of a policy whose file is in `directory`.
    ///
    /// # Errors
    /// [`PolicyError`], with what to correct.
    pub fn parse(text: &str, directory: PathBuf) -> Result<Policy, PolicyError> {
        let mut sections: Sections = toml::from_str(text)?;
        sections.check().map_err(PolicyError::Inconsistent)?;
        sections.name_privileged_people();
        Ok(Policy {
            channels: sections.channels().map_err(PolicyError::Inconsistent)?,
            sections,
            directory,
        })
    }
}

impl Sections {
    fn check(&self) -> Result<(), String> {
        if self.tenants.is_empty() {
            return Err("there is no tenant".to_owned());
        }
        if self.audience.webhook == self.audience.on_call {
            return Err(
                "the two audiences must differ: a ticket's approval is no key to the URL"
                    .to_owned(),
            );
        }
        if let Some(name) = &self.organisation
            && (!(1..=LONGEST_ORGANISATION).contains(&name.chars().count())
                || name.chars().any(char::is_control))
        {
            return Err(format!(
                "organisation is a name of 1 to {LONGEST_ORGANISATION} characters"
            ));
        }
        let mut ids = BTreeSet::new();
        for (name, tenant) in &self.tenants {
            if !ids.insert(tenant.id) {
                return Err(format!("tenants.{name} has the id of another tenant"));
            }
            if tenant.rules.break_glass.is_empty_list() {
                return Err(format!(
                    "tenants.{name} lists no break-glass account: say \"none\" if there is none"
                ));
            }
            if tenant.rules.cool_down > LONGEST_COOL_DOWN {
                return Err(format!(
                    "tenants.{name}: the ledger remembers for 35 days, so cool_down cannot be longer than 30"
                ));
            }
        }
        let caps = self.issuers.values().map(|issuer| issuer.per_hour);
        let of_tenants = self.tenants.values().map(|tenant| &tenant.rules);
        let of_tenants = of_tenants.flat_map(|rules| [rules.per_hour, rules.approver_per_hour]);
        if caps.chain(of_tenants).any(|cap| cap > LARGEST_CAP) {
            return Err(format!(
                "a cap of more than {LARGEST_CAP} resets an hour is none"
            ));
        }
        let mut names = BTreeSet::new();
        for (name, issuer) in &self.issuers {
            if issuer.algorithms.is_empty() {
                return Err(format!("issuers.{name} has no algorithm"));
            }
            let has_own_domain = issuer.key.values().any(|key| key.domain.is_some());
            if has_own_domain && matches!(issuer.keys, KeyLocation::Url(_)) {
                return Err(format!(
                    "issuers.{name}: the server at keys.url says which key is which, so all its keys are of one domain"
                ));
            }
            if !names.insert(&issuer.iss) {
                return Err(format!("issuers.{name} has the iss of another issuer"));
            }
        }
        let known = |of: &str, list: &[Label]| match list
            .iter()
            .find(|name| !self.issuers.contains_key(*name))
        {
            Some(name) => Err(format!(
                "{of} names the issuer {name}, which is not in [issuers]"
            )),
            None => Ok(()),
        };
        known("on_call", &self.on_call.issuers)?;
        if let Some(name) = self
            .notes
            .keys()
            .find(|name| !self.sources.contains_key(*name))
        {
            return Err(format!(
                "notes.{name} is for a source that is not in [sources]"
            ));
        }
        for (name, source) in &self.sources {
            known(&format!("sources.{name}"), &source.issuers)?;
            if source.privileged && matches!(source.scheme, Scheme::SecretHeader { .. }) {
                return Err(format!(
                    "sources.{name} cannot sign, so it may not ask for privileged people"
                ));
            }
            if source.answer_within < SHORTEST_ANSWER {
                return Err(format!(
                    "sources.{name}: answer_within must be 8s at least, for a reset to be done in"
                ));
            }
            if source.approved.is_empty() {
                return Err(format!("sources.{name} has no status that means approved"));
            }
        }
        Ok(())
    }

    /// The channels, each source with the tenant that it names.
    fn channels(&self) -> Result<Channels, String> {
        let mut sources = BTreeMap::new();
        for (name, source) in &self.sources {
            let policy = ChannelPolicy {
                issuers: source.issuers.clone(),
                privileged: source.privileged,
                verifier_apart: false,
                hardware_key: false,
            };
            let tenant = self.tenant_of(name, source)?;
            sources.insert(name.clone(), SourceChannel { tenant, policy });
        }
        Ok(Channels {
            sources,
            on_call: self.on_call.clone(),
            tenants: self.tenants.values().map(|tenant| tenant.id).collect(),
        })
    }

    /// The tenant that a source names, or the only one.
    fn tenant_of(&self, name: &Label, source: &Source) -> Result<TenantId, String> {
        let mut tenants = self.tenants.values();
        match (&source.tenant, tenants.next(), tenants.next()) {
            (Some(tenant), ..) => self
                .tenants
                .get(tenant)
                .ok_or_else(|| format!("sources.{name} names a tenant that is not in [tenants]")),
            (None, Some(only), None) => Ok(only),
            (None, ..) => Err(format!("sources.{name} must name one of the tenants")),
        }
        .map(|tenant| tenant.id)
    }

    /// The owner of a key can approve, and an attacker who gets an owner reset can become them.
    fn name_privileged_people(&mut self) {
        let owners: Vec<_> = self
            .issuers
            .values()
            .flat_map(|issuer| issuer.key.values())
            .filter_map(|key| key.owner.clone())
            .collect();
        for tenant in self.tenants.values_mut() {
            tenant
                .rules
                .privileged_people
                .extend(owners.iter().cloned());
        }
    }
}
