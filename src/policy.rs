//! policy.toml: which sources and issuers count, and what is never touched. Each module owns the type of its section; this
//! is their table of contents, the check that they fit together, and the place where names become what they name.

mod desk;
mod desk_section;
mod document;
mod error;
mod explain;
mod passkeys;
mod separation;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::approval::{Audiences, IssuerPolicy, KeyLocation};
use crate::desk::NAME;
use crate::entra::{Credential, EntraSettings};
use crate::ids::{Digest, Label, TenantId};
use crate::reset::{ChannelPolicy, Channels, Rules, SourceChannel};
use crate::tickets::Notes;
use crate::webhook::{Source, Status};
pub use desk_section::DeskSection;
use document::Document;
use error::{Contradiction, contradiction};
pub use error::{Fault, Place, PolicyError};

/// The policy of a deployment, resolved. The only thing whose fault stops the start.
#[derive(Debug, Clone)]
pub struct Policy {
    pub sections: Sections,
    pub channels: Channels,
    /// Where the file was: key files are beside it.
    pub directory: PathBuf,
    /// SHA-256 of the file's bytes.
    pub sha256: Digest,
}

/// The file, section by section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sections {
    /// The organisation's name, for the on-call page.
    #[serde(default, deserialize_with = "organisation")]
    pub organisation: Option<String>,
    /// Where people register, for answers.
    #[serde(default = "register_at")]
    pub register_at: String,
    /// What approvals must be for.
    pub audience: Audiences,
    pub tenants: BTreeMap<Label, Tenant>,
    /// The ticket systems.
    #[serde(default)]
    pub sources: BTreeMap<Label, Source>,
    #[serde(default)]
    pub issuers: BTreeMap<Label, IssuerPolicy>,
    /// Notes into the tickets of a source, by its name, or into those that the desk names.
    #[serde(default)]
    pub notes: BTreeMap<Label, Notes>,
    /// The desk, where people approve by signing in.
    pub desk: Option<DeskSection>,
    on_call: ChannelPolicy,
}

fn register_at() -> String {
    "https://aka.ms/mfasetup".to_owned()
}

/// The most characters that an organisation's name may have.
const LONGEST_ORGANISATION: usize = 64;

fn organisation<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(input)?;
    let length = name.chars().count();
    if name.trim().is_empty() || length > LONGEST_ORGANISATION || name.chars().any(char::is_control)
    {
        return Err(serde::de::Error::custom(
            "not a name of 1 to 64 characters without control characters",
        ));
    }
    Ok(Some(name))
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

/// Whether the key files are compared with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyFiles {
    Read,
    NotYet,
}

impl Policy {
    /// Reads a policy file, and the key files beside it.
    ///
    /// # Errors
    /// [`PolicyError`], with what to correct.
    pub fn read(path: &Path) -> Result<Policy, PolicyError> {
        let text = std::fs::read_to_string(path).map_err(|error| PolicyError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        Policy::of(
            &text,
            directory,
            &path.display().to_string(),
            KeyFiles::Read,
        )
    }

    /// Reads the text of a policy whose file is in `directory`. Key files need not be there yet.
    ///
    /// # Errors
    /// [`PolicyError`], with what to correct.
    pub fn parse(text: &str, directory: PathBuf) -> Result<Policy, PolicyError> {
        Policy::of(text, directory, "policy.toml", KeyFiles::NotYet)
    }

    fn of(
        text: &str,
        directory: PathBuf,
        file: &str,
        key_files: KeyFiles,
    ) -> Result<Policy, PolicyError> {
        let faulty = |fault| PolicyError::Faulty {
            file: file.to_owned(),
            fault,
        };
        let document = Document::parse(text).map_err(faulty)?;
        // Before anything else: a value that has to be changed is of no type.
        let faults = document.unanswered();
        if !faults.is_empty() {
            let file = file.to_owned();
            return Err(PolicyError::Unanswered { file, faults });
        }
        let mut sections: Sections = document.read().map_err(faulty)?;
        let contradiction = |Contradiction { at, why }| {
            faulty(Fault {
                place: document.place(&at),
                what: why,
            })
        };
        sections.check().map_err(contradiction)?;
        if key_files == KeyFiles::Read {
            sections.check_keys(&directory).map_err(contradiction)?;
        }
        sections.name_privileged_people();
        sections.name_privileged_groups();
        Ok(Policy {
            channels: sections.channels().map_err(contradiction)?,
            sections,
            directory,
            sha256: Digest::of(text.as_bytes()),
        })
    }
}

impl Sections {
    fn check(&self) -> Result<(), Contradiction> {
        if self.tenants.is_empty() {
            return Err(contradiction(
                "tenants",
                "there is no tenant: add a section [tenants.NAME]",
            ));
        }
        for (name, audience) in [
            ("webhook", &self.audience.webhook),
            ("on_call", &self.audience.on_call),
        ] {
            if audience.trim().is_empty() {
                return Err(contradiction(
                    format!("audience.{name}"),
                    format!("audience.{name} is empty: choose a text that no other deployment has"),
                ));
            }
        }
        if self.audience.webhook.trim() == self.audience.on_call.trim() {
            return Err(contradiction(
                "audience.on_call",
                "the two audiences must differ: an approval for a ticket must not work on call",
            ));
        }
        self.check_tenants()?;
        self.check_issuers()?;
        self.check_sources()?;
        self.check_desk()?;
        self.check_separation()
    }

    fn check_tenants(&self) -> Result<(), Contradiction> {
        let mut ids = BTreeSet::new();
        for (name, tenant) in &self.tenants {
            let rules = &tenant.rules;
            if !ids.insert(tenant.id) {
                return Err(contradiction(
                    format!("tenants.{name}.id"),
                    format!("tenants.{name} has the id of another tenant: correct one of them"),
                ));
            }
            if rules.cool_down > LONGEST_COOL_DOWN {
                return Err(contradiction(
                    format!("tenants.{name}.rules.cool_down"),
                    format!("tenants.{name}: cool_down is longer than 30 days: shorten it"),
                ));
            }
            for (field, cap) in [
                ("per_hour", rules.per_hour),
                ("approver_per_hour", rules.approver_per_hour),
                ("verifier_per_hour", rules.verifier_per_hour),
                ("verifier_per_day", rules.verifier_per_day),
            ] {
                check_cap(format!("tenants.{name}.rules.{field}"), cap)?;
            }
        }
        Ok(())
    }

    fn check_issuers(&self) -> Result<(), Contradiction> {
        let mut names = BTreeSet::new();
        for (name, issuer) in &self.issuers {
            check_cap(format!("issuers.{name}.per_hour"), issuer.per_hour)?;
            if issuer.algorithms.is_empty() {
                return Err(contradiction(
                    format!("issuers.{name}.algorithms"),
                    format!("issuers.{name} has no algorithm: name those that it signs with"),
                ));
            }
            let has_own_domain = issuer.key.values().any(|key| key.domain.is_some());
            if has_own_domain && matches!(issuer.keys, KeyLocation::Url(_)) {
                return Err(contradiction(
                    format!("issuers.{name}.key"),
                    format!(
                        "issuers.{name}: all keys from keys.url have one domain: remove domain from each key"
                    ),
                ));
            }
            if !names.insert(&issuer.iss) {
                return Err(contradiction(
                    format!("issuers.{name}.iss"),
                    format!("issuers.{name} has the iss of another issuer: correct one of them"),
                ));
            }
        }
        self.check_passkeys()?;
        self.check_names_of_issuers("on_call", &self.on_call.issuers)
    }

    fn check_sources(&self) -> Result<(), Contradiction> {
        if let Some(name) = self.notes.keys().find(|name| !self.has_tickets(name)) {
            let or_the_desk = match &self.desk {
                None => String::new(),
                Some(_) => {
                    format!(", or write desk.notes = \"{name}\" if the desk's tickets are there")
                }
            };
            return Err(contradiction(
                format!("notes.{name}"),
                format!(
                    "notes.{name} is for a source that is not in [sources]: add the source or correct the name{or_the_desk}"
                ),
            ));
        }
        for (name, source) in &self.sources {
            let section = format!("sources.{name}");
            self.check_names_of_issuers(&section, &source.issuers)?;
            if source.privileged && !source.scheme.signs_the_body() {
                return Err(contradiction(
                    format!("{section}.privileged"),
                    format!(
                        "{section} does not sign, so it may not ask for privileged people: remove privileged"
                    ),
                ));
            }
            if source.answer_within < SHORTEST_ANSWER {
                return Err(contradiction(
                    format!("{section}.answer_within"),
                    format!(
                        "{section}: answer_within is too short for a reset: make it 8s or more"
                    ),
                ));
            }
            if source.approved.is_empty() || source.approved.iter().any(Status::is_empty) {
                return Err(contradiction(
                    format!("{section}.approved"),
                    format!("{section} has no status that means approved: name one in approved"),
                ));
            }
            let fields = [
                ("approvals_field", Some(&source.approvals_field)),
                ("user_field", source.user_field.as_ref()),
            ];
            for (field, name) in fields {
                if name.is_some_and(|name| name.trim().is_empty()) {
                    return Err(contradiction(
                        format!("{section}.{field}"),
                        format!(
                            "{section}.{field} is empty: write the id of the field, or remove the line"
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_names_of_issuers(&self, section: &str, list: &[Label]) -> Result<(), Contradiction> {
        let is_known = |name: &Label| {
            let is_desk = self.desk.is_some() && name.as_ref() == NAME;
            is_desk || self.issuers.contains_key(name)
        };
        match list.iter().find(|name| !is_known(name)) {
            Some(name) => Err(contradiction(
                format!("{section}.issuers"),
                format!(
                    "{section} names the issuer {name}, which is not in [issuers]: add the issuer or correct the name"
                ),
            )),
            None => Ok(()),
        }
    }

    /// The channels, each source with the tenant that it names.
    fn channels(&self) -> Result<Channels, Contradiction> {
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
            desk: self.desk.as_ref().and_then(DeskSection::channel),
            tenants: self.tenants.values().map(|tenant| tenant.id).collect(),
        })
    }

    /// The tenant that a source names, or the only one.
    fn tenant_of(&self, name: &Label, source: &Source) -> Result<TenantId, Contradiction> {
        let at = format!("sources.{name}.tenant");
        let mut tenants = self.tenants.values();
        match (&source.tenant, tenants.next(), tenants.next()) {
            (Some(tenant), ..) => self.tenants.get(tenant).ok_or_else(|| {
                let why = format!(
                    "sources.{name} names a tenant that is not in [tenants]: add or correct it"
                );
                contradiction(at, why)
            }),
            (None, Some(only), None) => Ok(only),
            (None, ..) => {
                let why = format!("sources.{name} must name one of the tenants: tenant = \"NAME\"");
                Err(contradiction(at, why))
            }
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

fn check_cap(at: String, cap: u16) -> Result<(), Contradiction> {
    if cap <= LARGEST_CAP {
        return Ok(());
    }
    let why = format!("{at}: the cap is above {LARGEST_CAP}: lower it");
    Err(contradiction(at, why))
}
