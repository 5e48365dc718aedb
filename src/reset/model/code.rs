//! The codes of refusals, and the one table of what follows from each: status, title, next step, whether a retry helps.
//!
//! docs/http.md has the codes and statuses for senders, docs/outcomes.md a scenario for each.

use std::time::Duration;

use strum::{EnumIter, EnumString, IntoStaticStr};

/// What follows from a code.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The HTTP status. Jira sends 408, 409, 425, 429 and 5xx again and gives up on the rest, so a lasting refusal is
    /// 401, 403, 404 or 422, and an outage before anything is accepted 503.
    pub status: u16,
    /// The same for every refusal of the code (RFC 9457, section 3.1.4).
    pub title: &'static str,
    /// What to do next.
    pub next: &'static str,
    pub retry: Retry,
    pub fault: Responsible,
    pub tells_security: TellsSecurity,
    /// Whether the refused requester sees what was read in their approvals. `Hidden` where the approvals give no right to
    /// anything here, such as one that was read in a ticket.
    pub shows_approvals: bool,
    /// Whether a second approval beside the first may change the answer. `Useless` where it cannot.
    pub second_approval_may_help: bool,
}

/// Whether the same request may succeed later without a change by the requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    Never,
    /// In half a minute.
    Soon,
    /// In five minutes: a person has to mend something first.
    Later,
}

impl Retry {
    /// `Retry-After`, if a retry may help.
    pub const fn after(self) -> Option<Duration> {
        match self {
            Retry::Never => None,
            Retry::Soon => Some(Duration::from_secs(30)),
            Retry::Later => Some(Duration::from_secs(5 * 60)),
        }
    }
}

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Responsible {
    /// What is asked, or the approval for it.
    Requester,
    /// The set-up of this deployment.
    Operator,
    /// An outage of this deployment or of a system that it needs.
    Upstream,
}

/// Whether the security team is told, where the request is refused before it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TellsSecurity {
    Always,
    /// If a genuine approval came with the request: without one, anyone on the internet can cause the refusal.
    IfGenuine,
    /// It is harmless, passes by itself, or a used or old link would cause it again and again.
    Never,
}

macro_rules! codes {
    ($($code:ident $status:literal $retry:ident $fault:ident $security:ident $title:literal,
        $next:expr $(, $flag:ident)*;)*) => {
        /// Why a request was refused: stable, for programs.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, EnumString, EnumIter,
        )]
        #[strum(serialize_all = "snake_case")]
        pub enum Code {
            $($code,)*
        }

        impl Code {
            /// What follows from it.
            pub fn row(self) -> Row {
                match self {
                    $(Code::$code => {
                        let flags: &[Flag] = &[$(Flag::$flag),*];
                        Row {
                            status: $status,
                            title: $title,
                            next: $next,
                            retry: Retry::$retry,
                            fault: Responsible::$fault,
                            tells_security: TellsSecurity::$security,
                            shows_approvals: !flags.contains(&Flag::Hidden),
                            second_approval_may_help: !flags.contains(&Flag::Useless),
                        }
                    },)*
                }
            }
        }
    };
}

#[derive(PartialEq, Eq)]
enum Flag {
    Hidden,
    Useless,
}

const AGAIN: &str = "Send the same again later; the approval is not used up.";

const FIND: &str =
    "Check the spelling of the object id or user principal name, and get another approval.";

const SECOND: &str =
    "Add a second approval: by another person, from another trust domain, over another method.";

const INDEPENDENT: &str = "Get two approvals by different people who did not verify, from different trust domains, over \
                           different methods, none of them sms.";

codes! {
    // code                     status retry at fault  security  title, and the next step; flags
    DeliveryUnauthentic           401 Never Requester IfGenuine "The sender is not proven",
        "Compare the secret in the ticket system with the one in Secrets Manager, and the clock of the sender.";
    DeliveryUnreadable            422 Never Requester Always    "The delivery cannot be read",
        "Compare what the ticket system sends with the documentation of its source.";
    TicketWithoutPerson           422 Never Requester Always    "The ticket names nobody",
        "Fill in the person's object id or user principal name in the ticket, then approve it again.";
    RequestUnreadable             422 Never Requester Never     "The request cannot be read",
        "Send what the documentation of this route says.";
    ApprovalMissing               422 Never Requester IfGenuine "There is no approval",
        "Have the approval put into the ticket's approval field; the reset starts when it is there.";
    TooManyApprovals              422 Never Requester IfGenuine "There are too many approvals",
        "Leave only the approvals for this reset in the ticket's approval field.";
    ApprovalInvalid               401 Never Requester IfGenuine "The approval is not valid",
        "Get a new approval from an issuer that this deployment knows, in the place of this one.";
    ApprovalClaim                 422 Never Requester Always    "The approval is not complete",
        "The issuer has to correct this claim.";
    ApprovalAudience              422 Never Requester Always    "The approval has another audience",
        "Approvals for tickets and for on-call have different audiences: get one for this door.", Hidden;
    ApprovalExpired               422 Never Requester Never     "The approval has expired",
        "Get a new approval.";
    ApprovalNotYet                422 Never Requester Always    "The approval is not valid yet",
        "Check the issuer's clock.";
    ApprovalTooLong               422 Never Requester Always    "The approval is valid for too long",
        "The issuer has to shorten the time from iat to exp.";
    ApprovalUsed                  422 Never Requester Never     "The approval has been used",
        "See how that reset ended. For another one get a new approval: each is good for one reset.";
    ApprovalsDisagree             422 Never Requester Always    "The approvals disagree",
        "Get approvals for the same person, ticket, scope and reason.";
    EvidenceStale                 422 Never Requester Always    "The verification is too old",
        "Verify the person again, then approve again.";
    EvidenceOnLostPhone           422 Never Requester Always    "The verification reached only the phone that is gone",
        "Verify the person in a way that does not go through the phone that is gone.";
    IssuerNotAllowed              403 Never Requester Always    "The issuer may not approve here",
        "Use an issuer that policy.toml allows here; an approval that was made for a ticket does not work on call.", Hidden;
    OtherTicket                   422 Never Requester Always    "The approval is for another ticket",
        "Get an approval whose txn is this ticket's key.";
    OtherTenant                   422 Never Requester Always    "The approval is for another tenant",
        "Get an approval whose tid is this tenant's id.";
    OtherPerson                   422 Never Requester Always    "The ticket names another person",
        "Find out which of the two is meant; then correct the ticket or get another approval.";
    TargetNotFound                422 Never Requester Always    "The person is not in the directory",
        FIND;
    TicketUserNotFound            422 Never Requester Always    "The person in the ticket is not in the directory",
        FIND;
    ApproverNotFound              422 Never Requester Always    "The approver is not in the directory",
        FIND;
    VerifierNotFound              422 Never Requester Always    "The verifier is not in the directory",
        FIND;
    KeyOwnerNotFound              422 Never Requester Always    "The owner of the key is not in the directory",
        FIND;
    TargetDisabled                422 Never Requester Always    "The person's account is disabled",
        "Enable the account first: nobody can register while it is disabled.";
    ApproverDisabled              422 Never Requester Always    "The approver's account is disabled",
        "Have somebody with an enabled account verify and approve.";
    VerifierDisabled              422 Never Requester Always    "The verifier's account is disabled",
        "Have somebody with an enabled account verify and approve.";
    ApproverIsTarget              403 Never Requester Always    "The approver is the person themselves",
        "Have somebody else verify and approve.";
    VerifierIsTarget              403 Never Requester Always    "The verifier is the person themselves",
        "Have somebody else verify and approve.";
    NotTheKeysOwner               403 Never Requester Always    "The key is not the approver's",
        "Sign with a key of the approver's own.";
    KeyWithoutOwner               403 Never Requester Always    "The key belongs to nobody",
        "Name the key's owner in policy.toml: on call, each key belongs to one person.";
    HardwareKeyMissing            403 Never Requester Always    "The approver did not sign in with a hardware key",
        "Sign in with a hardware key, and approve again: amr must have hwk.";
    ApproverVerified              403 Never Requester Always    "The approver has verified the person as well",
        "Have a person who approves nothing verify the target, then get new approvals; for a privileged target by different \
         people, from different trust domains, over different methods, none of them sms.";
    BreakGlass                    403 Never Requester Always    "A break-glass account is never reset here",
        "Break-glass accounts are never reset here. Follow the procedure for them.", Useless;
    RestrictedUnit                403 Never Requester Always    "The second app has no role in the person's restricted unit",
        "An administrator of the person's restricted management administrative unit has to do it by hand.", Useless;
    PrivilegedRole                403 Never Requester Always    "The person holds a privileged role",
        SECOND;
    PrivilegedEligibleRole        403 Never Requester Always    "The person may activate a privileged role",
        SECOND;
    PrivilegedRoleAssignableGroup 403 Never Requester Always    "The person is in a role-assignable group",
        SECOND;
    PrivilegedGroupOwner          403 Never Requester Always    "The person owns a role-assignable group",
        SECOND;
    PrivilegedEligibleGroup       403 Never Requester Always    "The person may join a privileged group",
        SECOND;
    PrivilegedRestrictedUnit      403 Never Requester Always    "The person is in a restricted unit",
        SECOND;
    PrivilegedGroup               403 Never Requester Always    "The person is in a privileged group",
        SECOND;
    PrivilegedApprover            403 Never Requester Always    "The person approves resets",
        SECOND;
    NoPrivilegedCredential        403 Never Requester Always    "Privileged people are not reset here",
        "A Privileged Authentication Administrator has to do it by hand.", Useless;
    SourceStandardOnly            403 Never Requester Always    "Privileged people may not be asked for here",
        "Ask by a source, and with approvals by issuers, that policy.toml lets ask for privileged people.", Useless;
    IssuerStandardOnly            403 Never Requester Always    "The issuer is for standard people only",
        "Ask by a source, and with approvals by issuers, that policy.toml lets ask for privileged people.";
    ApprovalsOneApprover          403 Never Requester Always    "One person gave both approvals",
        INDEPENDENT;
    ApprovalsOneDomain            403 Never Requester Always    "Both approvals come from one trust domain",
        INDEPENDENT;
    EvidenceOneMethod             403 Never Requester Always    "The person was verified by one method only",
        INDEPENDENT;
    EvidenceSms                   403 Never Requester Always    "The person was verified by text message",
        INDEPENDENT;
    Frozen                        403 Never Requester Always    "Resets are frozen",
        "Ask the security team. When they have lifted it, send the same again: the approval is not used up.", Useless;
    CoolingDown                   403 Never Requester Always    "The person was reset a short time ago",
        "Find out why it is asked for again. Then add a second approval, by another approver; or wait, and get a new approval if this one expires meanwhile.";
    CapReached                    403 Never Requester Always    "There were too many resets in an hour",
        "Have the security team look at who asks for so many. The approval is not used up.", Useless;
    NoSuchReset                   404 Never Requester Never     "There is no such reset",
        "Use the approval of that reset; outcomes can be read for 24 hours.", Hidden;
    TargetBusy                    409 Soon  Requester Never     "Another reset of the person is going on",
        "Wait until the other reset of this person is over.";
    ChangedMeanwhile              422 Never Requester Always    "Something has changed since it began",
        "Look at what is left in Entra, and get new approvals for it.";
    Misconfigured                 503 Later Operator  Never     "This deployment is misconfigured",
        "Whoever runs this deployment has to look: the log says what is wrong.";
    SecretsUnavailable            503 Soon  Upstream  Never     "A secret cannot be fetched",
        AGAIN;
    KeysUnavailable               503 Soon  Upstream  Never     "The issuer's keys cannot be fetched",
        AGAIN;
    DirectoryUnavailable          503 Soon  Upstream  Never     "The directory does not answer",
        AGAIN;
    LedgerUnavailable             503 Soon  Upstream  Never     "The ledger does not answer",
        "Send the same again later; nothing is done twice.";
    AuditUnavailable              503 Soon  Upstream  Never     "The decision cannot be written down",
        AGAIN;
    QueueUnavailable              503 Soon  Upstream  Never     "The queue does not answer",
        AGAIN;
    OutOfTime                     503 Soon  Upstream  Never     "There was no time left to begin",
        AGAIN;
}

impl Code {
    /// As it is written everywhere: `approval_expired`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn every_code_has_a_title_of_its_own_and_a_next_step() {
        let titles: BTreeSet<&str> = Code::iter().map(|code| code.row().title).collect();
        assert_eq!(titles.len(), Code::iter().count());
        assert!(!titles.contains(""));
        assert!(Code::iter().all(|code| !code.row().next.is_empty()));
    }

    #[test]
    fn a_sender_repeats_just_what_a_retry_may_mend_and_security_hears_of_none_of_it() {
        for code in Code::iter() {
            let row = code.row();
            let is_repeated = matches!(row.status, 408 | 409 | 425 | 429 | 500..=599);
            assert_eq!(is_repeated, row.retry != Retry::Never, "{code:?}");
            if is_repeated {
                assert_eq!(row.tells_security, TellsSecurity::Never, "{code:?}");
            }
            assert_eq!(
                row.status == 503,
                row.fault != Responsible::Requester,
                "{code:?}"
            );
        }
    }
}
