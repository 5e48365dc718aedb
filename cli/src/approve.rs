//! `reregister approve`: one approval, signed.

use std::convert::Infallible;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::builder::{PossibleValue, PossibleValuesParser};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header};
use reregister_mfa::approval::{
    Channel, Claims, ContactSource, Reason, Scope, TYP, TimeLimits, VerificationMethod,
};
use reregister_mfa::ids::{Issuer, Kid, PersonRef, TicketKey};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::evidence;
use crate::files::{in_home, replace};
use crate::key_file::sign_with_file;
use crate::kms::KmsKey;
use crate::moment::moment;
use crate::names::{is_same, name, one_of};
use crate::streams::{is_yes, print, print_message, prompt};

const MOST_MINUTES_IN_TICKET: u64 = most_minutes(Channel::Webhook);
const MOST_MINUTES_ON_CALL: u64 = most_minutes(Channel::OnCall);

const fn most_minutes(channel: Channel) -> u64 {
    TimeLimits::of(channel).longest_lifetime.as_secs() / 60
}

/// Attest that a person was verified and that their MFA may be reset. Writes the approval, a compact JWT.
///
/// On a terminal, what is missing is asked for. `key`, `kms_key`, `kid`, `iss`, `aud` and `approver` may also be set in
/// ~/.config/reregister/config.toml.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  reregister approve --target jane.doe@contoso.com --ticket HELP-42 --reason lost \\
      --scope passkeys:remove --verified-by vera@contoso.com --verified-at 10m \\
      --method phone_call --via desk --contact-source company_directory --out approval
  reregister approve --target jane.doe@contoso.com --ticket HELP-42 \\
      --verified-by vera@contoso.com --verified-at 02:40 --method in_person --out approval")]
pub struct Approve {
    /// The private key that keygen made
    #[arg(long, value_name = "FILE.pem", env = "REREGISTER_KEY", value_parser = file_in_home)]
    key: Option<PathBuf>,

    /// An asymmetric AWS KMS key (ECC_NIST_P256) instead of a file; needs kms:Sign, and credentials as for the AWS CLI:
    /// environment, profile or IAM Identity Center
    #[arg(
        long,
        value_name = "ARN",
        env = "REREGISTER_KMS_KEY",
        conflicts_with = "key"
    )]
    kms_key: Option<KmsKey>,

    /// The key's id
    #[arg(long, env = "REREGISTER_KID", value_parser = name::<Kid>, required = false)]
    kid: Kid,

    /// The issuer: the value of iss in policy.toml, not the name of its section
    #[arg(long, env = "REREGISTER_ISS", value_parser = name::<Issuer>, required = false)]
    iss: Issuer,

    /// The value of on_call or webhook in the section audience of policy.toml
    #[arg(long, env = "REREGISTER_AUD", required = false)]
    aud: String,

    /// Who is to be reset: object id or user principal name
    #[arg(long, value_name = "PERSON", value_parser = name::<PersonRef>, required = false)]
    target: PersonRef,

    /// The ticket's key
    #[arg(long, value_name = "KEY", value_parser = name::<TicketKey>, required = false)]
    ticket: TicketKey,

    /// Who allows it: on call, the key's owner; never the target
    #[arg(
        long,
        value_name = "PERSON",
        env = "REREGISTER_APPROVER",
        value_parser = name::<PersonRef>,
        required = false
    )]
    approver: PersonRef,

    /// Who verified the target
    #[arg(long, value_name = "PERSON", value_parser = name::<PersonRef>, required = false)]
    verified_by: PersonRef,

    /// How they were verified
    #[arg(long, value_parser = one_of::<VerificationMethod>(), required = false)]
    method: VerificationMethod,

    /// Which line (phone_call) or service (secure_message)
    #[arg(long, value_parser = PossibleValuesParser::new(evidence::all_vias()))]
    via: Option<String>,

    /// Where the number or address came from; none for in_person and verified_id
    #[arg(long, value_parser = one_of::<ContactSource>())]
    contact_source: Option<ContactSource>,

    /// When they were verified: 10m (ago), 02:40 (local time, today or else yesterday) or 2026-11-24T09:00:00Z
    /// [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    verified_at: Option<Timestamp>,

    /// What your records call the verification; no phone number
    #[arg(long)]
    reference: Option<String>,

    /// Why the target needs it
    #[arg(long, value_parser = one_of::<Reason>())]
    reason: Option<Reason>,

    /// What to allow beyond mfa:reregister; may be repeated
    #[arg(long, value_name = "SCOPE", value_parser = scopes())]
    scope: Vec<String>,

    #[arg(
        long,
        help = format!(
            "How long the approval is good for: up to {MOST_MINUTES_IN_TICKET} in a ticket, up to \
             {MOST_MINUTES_ON_CALL} on call"
        ),
        default_value_t = MOST_MINUTES_ON_CALL,
        value_parser = number_of_minutes,
    )]
    minutes: u64,

    /// The tenant, where the deployment serves several
    #[arg(long, value_name = "UUID")]
    tid: Option<Uuid>,

    /// Where the approval goes: a file, which is made or replaced and readable by you alone, or - for standard output
    #[arg(short, long, value_name = "FILE|-", default_value = "-")]
    out: PathBuf,

    /// Sign even if the function is sure to refuse the approval
    #[arg(long)]
    force: bool,
}

impl Approve {
    /// Prints the token alone, so that it can be piped, and a summary of it on stderr.
    pub fn run(self) -> anyhow::Result<()> {
        let now = Timestamp::now();
        ensure!(!self.aud.trim().is_empty(), "--aud is empty");
        check_folder(&self.out)?;
        evidence::evidence(self.method, self.via.as_deref(), self.contact_source)?;
        if let Err(objection) = self.check(now)
            && !self.force
            && !signs_all_the_same(&objection)?
        {
            return Err(objection.context("nothing was signed (--force would sign it)"));
        }
        let header = Header {
            typ: Some(TYP.to_owned()),
            kid: Some(self.kid.to_string()),
            ..Header::new(Algorithm::ES256)
        };
        let expires = now + Duration::from_secs(60 * self.minutes);
        let claims = self.claims(now, expires);
        serde_json::from_value::<Claims>(claims.clone())
            .context("the function would refuse this approval")?;
        let token = match (&self.key, &self.kms_key) {
            (Some(file), None) => sign_with_file(file, &header, &claims)?,
            (None, Some(key)) => key.sign(&header, &claims)?,
            (None, None) => {
                bail!("the key is missing. Give --key or --kms-key, or set key in config.toml")
            }
            (Some(_), Some(_)) => bail!("there are two keys. Give one of --key and --kms-key"),
        };
        if self.out.as_os_str() == "-" {
            print(&token)?;
        } else {
            write(&self.out, &token)?;
        }
        let next = if self.out.as_os_str() == "-" {
            String::new()
        } else {
            let out = self.out.display();
            format!("; written to {out}. Next: reregister preview --approval {out}")
        };
        print_message(format_args!(
            "{} approves the reset of {} for {}, until {} UTC, in {} minute{}{next}",
            self.approver,
            self.target,
            self.ticket,
            expires.strftime("%H:%M"),
            self.minutes,
            if self.minutes == 1 { "" } else { "s" },
        ));
        Ok(())
    }

    /// Drops a key of config.toml if the other kind of key is given by an option or the environment.
    pub fn prefer_given_key(&mut self, is_default: impl Fn(&str) -> bool) {
        match (&self.key, &self.kms_key) {
            (Some(_), Some(_)) if is_default("key") => self.key = None,
            (Some(_), Some(_)) if is_default("kms_key") => self.kms_key = None,
            _ => {}
        }
    }

    /// Refuses what the function would refuse only when the approval is used.
    fn check(&self, now: Timestamp) -> anyhow::Result<()> {
        ensure!(
            !is_same(&self.approver, &self.target),
            "--approver is the target: another person has to approve the reset"
        );
        ensure!(
            !is_same(&self.verified_by, &self.target),
            "--verified-by is the target: another person has to verify the target"
        );
        let has = |value: &str| self.scope.iter().any(|given| given == value);
        ensure!(
            !(has(Scope::REMOVE_PASSKEYS) && has(Scope::KEEP_PASSKEYS)),
            "--scope is passkeys:remove or passkeys:keep, not both"
        );
        ensure!(
            !(has(Scope::KEEP_SESSIONS) && self.reason == Some(Reason::Stolen)),
            "--scope sessions:keep does not go with --reason stolen: a thief may hold the sessions"
        );
        ensure!(
            self.verified_at.is_none_or(|at| at <= now),
            "--verified-at is in the future"
        );
        // An approval that is good for longer is refused on call whatever its evidence is.
        let channel = if self.minutes > MOST_MINUTES_ON_CALL {
            print_message(format_args!(
                "Warning: the approval is good for more than {MOST_MINUTES_ON_CALL} minutes. On call it will be refused; in \
                 a ticket it is good."
            ));
            Channel::Webhook
        } else {
            Channel::OnCall
        };
        let age = self.verified_at.map(|at| now.duration_since(at));
        let oldest = |channel| TimeLimits::of(channel).oldest_evidence;
        let is_older = |limit| age.is_some_and(|age| age.unsigned_abs() > limit);
        ensure!(
            !is_older(oldest(Channel::Webhook)),
            "--verified-at is more than {} hours ago. Verify the target again",
            oldest(Channel::Webhook).as_secs() / 3600
        );
        if is_older(oldest(channel)) {
            print_message(format_args!(
                "Warning: the verification is more than {} minutes ago. On call the approval will be refused; in a \
                 ticket it is good.",
                oldest(channel).as_secs() / 60
            ));
        }
        evidence::check(
            self.method,
            self.via.as_deref(),
            self.contact_source,
            self.reason,
        )
    }

    fn claims(&self, now: Timestamp, expires: Timestamp) -> Value {
        let has = |value: &str| self.scope.iter().any(|given| given == value);
        let scope = Scope {
            remove_passkeys: has(Scope::REMOVE_PASSKEYS),
            keep_passkeys: has(Scope::KEEP_PASSKEYS),
            keep_sessions: has(Scope::KEEP_SESSIONS),
            accept_lockout: has(Scope::ACCEPT_LOCKOUT),
        };
        without_nulls(json!({
            "iss": self.iss,
            "aud": self.aud,
            "sub": self.target.to_string(),
            "tid": self.tid,
            "iat": now.as_second(),
            "exp": expires.as_second(),
            "jti": Uuid::new_v4(),
            "txn": self.ticket,
            "act": {"sub": self.approver.to_string()},
            "scope": scope,
            "reason": self.reason,
            "verification": [without_nulls(json!({
                "method": evidence::name(self.method),
                "via": self.via,
                "contact_source": self.contact_source,
                "verified_by": self.verified_by.to_string(),
                "verified_at": self.verified_at.unwrap_or(now).as_second(),
                "reference": self.reference,
            }))],
        }))
    }
}

/// What `--scope` takes, each with what it is for.
fn scopes() -> PossibleValuesParser {
    let help = |value| match value {
        Scope::REMOVE_PASSKEYS => "passkeys go, too: they were on the device that is gone",
        Scope::KEEP_PASSKEYS => {
            "passkeys stay: the target still has them and can register with them"
        }
        Scope::KEEP_SESSIONS => "signed-in sessions stay",
        Scope::ACCEPT_LOCKOUT => "go ahead although the target cannot register afterwards",
        _ => "what every approval allows",
    };
    let values = Scope::VALUES.map(|value| PossibleValue::new(value).help(help(value)));
    PossibleValuesParser::new(values)
}

/// Asks the approver, if there is a terminal to ask at.
fn signs_all_the_same(objection: &anyhow::Error) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    prompt(format_args!(
        "{objection:#}. The function will refuse this approval. Sign it all the same? [y/N] "
    ))?;
    is_yes()
}

/// `~/` is for a shell, which does not see what is typed at a question or follows a `=`.
fn file_in_home(text: &str) -> Result<PathBuf, Infallible> {
    Ok(PathBuf::from(in_home(text)))
}

fn number_of_minutes(text: &str) -> anyhow::Result<u64> {
    let minutes: u64 = text.parse().ok().context("write a number of minutes")?;
    ensure!(minutes > 0, "at least 1");
    ensure!(
        minutes <= MOST_MINUTES_IN_TICKET,
        "at most {MOST_MINUTES_IN_TICKET} in a ticket, {MOST_MINUTES_ON_CALL} on call"
    );
    Ok(minutes)
}

/// Before anything is signed: whether there is a folder for the approval.
fn check_folder(out: &Path) -> anyhow::Result<()> {
    let folder = out.parent().unwrap_or(Path::new(""));
    ensure!(
        folder.as_os_str().is_empty() || folder.is_dir(),
        "nothing was signed: there is no folder {}",
        folder.display()
    );
    Ok(())
}

/// Writes the approval where its owner alone can read it, in one step.
fn write(file: &Path, token: &str) -> anyhow::Result<()> {
    // Replacing a device or a link, such as /dev/stdout, would do harm.
    let is_other = fs::symlink_metadata(file).is_ok_and(|there| !there.is_file());
    ensure!(!is_other, "{} is not a plain file", file.display());
    replace(file, &format!("{token}\n"))
        .with_context(|| format!("cannot write the approval to {}", file.display()))
}

/// An object without its nulls: an option that was not given is no claim.
fn without_nulls(object: Value) -> Value {
    match object {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .collect::<Map<_, _>>(),
        ),
        other => other,
    }
}
