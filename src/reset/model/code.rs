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
    /// What to do next. The ticket's note has it: it is written for the service desk, which knows no policy.toml.
    pub next: &'static str,
    pub retry: Retry,
    pub fault: Responsible,
    pub tells_security: TellsSecurity,
    pub begun: Begun,
    /// Whether the refused requester sees what was read in their approvals. `Hidden` where the approvals give no right
    /// to anything here, such as one that was read in a ticket.
    pub shows_approvals: bool,
    pub second_approval: SecondApproval,
}

/// Whether a second approval beside the first may change the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondApproval {
    MayHelp,
    /// A fault in one approval. Where there are two, another second one may help, since the fault may be in the second;
    /// the fault of a single approval stays whatever comes beside it.
    MayReplace,
    Useless,
}

impl SecondApproval {
    /// Whether it may help where so many authentic approvals were presented.
    pub fn may_help(self, presented: usize) -> bool {
        match self {
            SecondApproval::MayHelp => true,
            SecondApproval::MayReplace => presented > 1,
            SecondApproval::Useless => false,
        }
    }
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

/// What becomes of a reset that has begun, if its resumption meets the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It is ended as it is, for an administrator to look at.
    Ends,
    /// It is tried again, for the two hours of its request. For what passes, and for a freeze: what is begun is not
    /// given up for it.
    Waits,
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
    ($($code:ident $status:literal $retry:ident $fault:ident $security:ident $begun:ident $title:literal,
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
                            begun: Begun::$begun,
                            shows_approvals: !flags.contains(&Flag::Hidden),
                            second_approval: if flags.contains(&Flag::Useless) {
                                SecondApproval::Useless
                            } else if flags.contains(&Flag::MayReplace) {
                                SecondApproval::MayReplace
                            } else {
                                SecondApproval::MayHelp
                            },
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
    MayReplace,
    Useless,
}

const AGAIN: &str = "This request changed nothing, and the approval can still be used. Send the same request \
                     again later.";

const FIND: &str =
    "Check the spelling of the user principal name or object id, then get a new approval.";

const SECOND: &str = "Verify the person in a second way. Then add an approval by a different approver in \
 a different trust domain (for example another approval system). If there is none, a Privileged Authentication \
 Administrator has to reset the person by hand.";

const INDEPENDENT: &str = "Have the person verified in two ways, neither by text message. Then get two \
 approvals from different trust domains, by two people who did not verify the person.";

const DOMAINS: &str = "Get an approval from another trust domain as well, by a person who did not verify the person. If \
 there is only one trust domain, a Privileged Authentication Administrator has to reset the person by hand.";

codes! {
    // code                     status retry at fault  security  begun title, and the next step; flags
    DeliveryUnauthentic           401 Never Requester IfGenuine Ends  "The sender could not be verified",
        "The administrator of the ticket system has to check its clock, and compare its secret with the \
         one in AWS Secrets Manager.";
    DeliveryUnreadable            422 Never Requester Always    Ends  "The delivery cannot be read",
        "The administrator of the ticket system has to compare what it sends with the documentation.";
    TicketWithoutPerson           422 Never Requester Always    Ends  "The ticket names no person",
        "Enter the person's user principal name or object id in the ticket, then approve it again.";
    RequestUnreadable             422 Never Requester Never     Ends  "The request cannot be read",
        "Compare the request with the documentation of this route.";
    ApprovalMissing               422 Never Requester IfGenuine Ends  "The approval is missing",
        "Put the approval into the ticket's approval field. The reset starts when it is there.";
    TooManyApprovals              422 Never Requester IfGenuine Ends  "There are too many approvals",
        "Keep only the approvals for this reset in the ticket's approval field.";
    ApprovalInvalid               401 Never Requester IfGenuine Ends  "The approval is not valid",
        "It may have been cut off: copy the whole approval again. If it is still refused, get a new one in its place.";
    ApprovalClaim                 422 Never Requester Always    Ends  "The approval is incomplete",
        "Send this text to the approval system's administrators. They have to fix that system.";
    ApprovalAudience              422 Never Requester Always    Ends  "The approval is for another use",
        "Get one for this use: ticket and on-call approvals differ.", Hidden;
    ApprovalExpired               422 Never Requester Never     Ends  "The approval has expired",
        "Get a new approval.";
    ApprovalNotYet                422 Never Requester Always    Ends  "The approval is not valid yet",
        "The clock of the approval system may be wrong: tell its administrators. Then get a new approval.", MayReplace;
    ApprovalTooLong               422 Never Requester Always    Ends  "The approval is valid for too long",
        "Get an approval that is valid for a shorter time.", MayReplace;
    ApprovalUsed                  422 Never Requester Never     Ends  "The approval has already been used",
        "See how its reset ended. For another reset, get a new approval: each one works once.";
    ApprovalRejected              403 Never Requester Always    Ends  "An approver has rejected the reset",
        "If the person still needs it, verify them again.";
    ApprovalsDisagree             422 Never Requester Always    Ends  "The approvals disagree",
        "Get two approvals for the same person, ticket and reason that allow the same changes.";
    EvidenceStale                 422 Never Requester Always    Ends  "The verification is too old",
        "Verify the person again, then get a new approval.", MayReplace;
    EvidenceOnLostPhone           422 Never Requester Always    Ends  "The verification reached only the phone that is gone",
        "Verify the person in a way that does not use that phone, then get a new approval.", MayReplace;
    IssuerNotAllowed              403 Never Requester Always    Ends  "This approval does not count here",
        "Get one from an accepted approval system: ask the operator of this service which. An approval \
         for a ticket fails on call.", Hidden;
    SignInInvalid                 403 Never Requester Always    Ends  "The sign-in does not count",
        "Start again on the MFA reset page: verify the person and approve anew.", Useless;
    SignerWithoutRole             403 Never Requester Always    Ends  "A signer is not in the group",
        "Have a member of the group verify or approve. The administrators of Microsoft Entra know who is in it.", MayReplace;
    SignerJustReset               403 Never Requester Always    Ends  "A signer was reset within the last 24 hours",
        "A different person has to verify or approve.", MayReplace;
    VerifierNotManager            403 Never Requester Always    Ends  "The verifier is not the person's manager",
        "The manager whom Microsoft Entra names for the person has to vouch, or have the person verified in another \
         way. Then get a new approval.", MayReplace;
    OtherTicket                   422 Never Requester Always    Ends  "The approval is for another ticket",
        "Get an approval for this ticket.";
    OtherTenant                   422 Never Requester Always    Ends  "The approval is for another tenant",
        "Get an approval for this person's tenant.";
    OtherPerson                   422 Never Requester Always    Ends  "The ticket and the approval name different people",
        "Find out which person is meant. Then correct the ticket or get a new approval.";
    TargetNotFound                422 Never Requester Always    Ends  "The person is not in the directory",
        FIND;
    TicketUserNotFound            422 Never Requester Always    Ends  "The person in the ticket is not in the directory",
        "Correct the person's user principal name or object id in the ticket, then approve it again.";
    ApproverNotFound              422 Never Requester Always    Ends  "The approver is not in the directory",
        FIND, MayReplace;
    VerifierNotFound              422 Never Requester Always    Ends  "The verifier is not in the directory",
        FIND, MayReplace;
    KeyOwnerNotFound              422 Never Requester Always    Ends  "The owner of the key is not in the directory",
        "The operator of this service has to correct the name of the key's owner.", MayReplace;
    TargetDisabled                422 Never Requester Always    Ends  "The person's account is disabled",
        "An administrator has to enable the account first. The person cannot register while it is disabled.";
    ApproverDisabled              422 Never Requester Always    Ends  "The approver's account is disabled",
        "Get an approval from an approver whose account is enabled.", MayReplace;
    VerifierDisabled              422 Never Requester Always    Ends  "The verifier's account is disabled",
        "Have the person verified by a colleague whose account is enabled, then get a new approval.", MayReplace;
    ApproverIsTarget              403 Never Requester Always    Ends  "The person approved their own reset",
        "Get an approval from a different approver.", MayReplace;
    VerifierIsTarget              403 Never Requester Always    Ends  "The person verified themselves",
        "A different person has to verify them. Then get a new approval.", MayReplace;
    NotTheKeysOwner               403 Never Requester Always    Ends  "The approval was signed with a key of another person",
        "The approver has to sign with their own key.", MayReplace;
    KeyWithoutOwner               403 Never Requester Always    Ends  "The key has no owner",
        "Sign with a key that has an owner, or ask the operator of this service to name the owner of this key.", MayReplace;
    HardwareKeyMissing            403 Never Requester Always    Ends  "The approver did not sign in with a hardware key",
        "The approver has to sign in with a hardware key and approve again.", MayReplace;
    ApproverVerified              403 Never Requester Always    Ends  "The approver also verified the person",
        "A different person has to verify or approve. To reset an administrator, get two approvals by \
         different approvers in different trust domains, and verify in two ways, neither by text message.", MayReplace;
    BreakGlass                    403 Never Requester Always    Ends  "Break-glass accounts are never reset here",
        "Such accounts are never reset here. Follow your procedure for break-glass accounts.", Useless;
    RestrictedUnit                403 Never Requester Always    Ends  "The person's restricted unit does not allow it",
        "An administrator of that unit has to reset the person by hand.", Useless;
    PrivilegedRole                403 Never Requester Always    Ends  "The person holds a privileged role",
        SECOND;
    PrivilegedEligibleRole        403 Never Requester Always    Ends  "The person may activate a privileged role",
        SECOND;
    PrivilegedRoleAssignableGroup 403 Never Requester Always    Ends  "The person is in a role-assignable group",
        SECOND;
    PrivilegedGroupOwner          403 Never Requester Always    Ends  "The person owns a role-assignable group",
        SECOND;
    PrivilegedEligibleGroup       403 Never Requester Always    Ends  "The person may join a privileged group",
        SECOND;
    PrivilegedRestrictedUnit      403 Never Requester Always    Ends  "The person is in a restricted unit",
        SECOND;
    PrivilegedGroup               403 Never Requester Always    Ends  "The person is in a privileged group",
        SECOND;
    PrivilegedApprover            403 Never Requester Always    Ends  "The person approves resets",
        SECOND;
    NoPrivilegedCredential        403 Never Requester Always    Ends  "Administrators are not reset here",
        "A Privileged Authentication Administrator has to reset the person by hand.", Useless;
    SourceStandardOnly            403 Never Requester Always    Ends  "Resets for administrators may not be requested here",
        "A Privileged Authentication Administrator has to reset the person by hand.", Useless;
    IssuerStandardOnly            403 Never Requester Always    Ends  "This approval does not count for administrators",
        "Get two approvals from approval systems that may approve resets for administrators.", MayReplace;
    ApprovalsOneApprover          403 Never Requester Always    Ends  "One person gave both approvals",
        INDEPENDENT;
    ApprovalsOneDomain            403 Never Requester Always    Ends  "Both approvals come from one trust domain",
        DOMAINS;
    EvidenceOneMethod             403 Never Requester Always    Ends  "The person was verified in only one way",
        INDEPENDENT;
    EvidenceSms                   403 Never Requester Always    Ends  "The person was verified by text message",
        INDEPENDENT, MayReplace;
    Frozen                        403 Never Requester Always    Waits "Resets are frozen",
        "Ask the security team to lift the freeze, then ask for the reset again. The approval can be \
         used until it expires.", Useless;
    CoolingDown                   403 Never Requester Always    Ends  "The person was reset a short time ago",
        "Find out why another reset is needed. Then add a second approval by a different approver, or wait until that \
         time. If this approval expires meanwhile, get a new one.";
    CapReached                    403 Never Requester Always    Ends  "There were too many resets in an hour",
        "Have the security team check who requests so many. Try again later, until the approval expires.", Useless;
    VerifierLimit                 403 Never Requester Always    Ends  "The verifier has verified too many people",
        "A different person has to verify. Then get a new approval.", MayReplace;
    ContactChanged                403 Never Requester Always    Ends  "A number in the directory has changed",
        "Find out who changed it. Then verify the person in another way and get a new approval.", MayReplace;
    EvidenceWeak                  403 Never Requester Always    Ends  "The verification used only weak contacts",
        "Verify the person in another way as well, such as in person, by video, or by a call to a line that is not in \
         their account. Then get a new approval.";
    PasswordJustChanged           403 Never Requester Always    Ends  "The password was just changed",
        "Ask the person whether they changed it. Then verify them in a second way and get a new approval, or add an \
         approval by a different approver.";
    AloneCapReached               403 Never Requester Always    Ends  "Too many resets were verified and approved by one person",
        "Have a different person verify or approve: that is not counted.", Useless;
    PasskeyCopied                 403 Never Requester Always    Ends  "A passkey may have been copied",
        "Have the security team ask the owner of the passkey what they approved, and in which order. Then approve again; \
         if the passkey was copied, with another one.", MayReplace;
    WouldLockOut                  422 Never Requester Never     Ends  "The person could not register afterwards",
        "Ask the person whether they still have it. If not, get a new approval that removes passkeys too \
         (passkeys:remove). If they do, get one that keeps them (passkeys:keep). To go ahead although they cannot \
         register, get one with lockout:accept.", Useless;
    TooManyPreviews               403 Never Requester Always    Ends  "There were too many previews",
        "Start the reset, or get a new approval.", Useless;
    NoSuchReset                   404 Never Requester Never     Ends  "There is no such reset",
        "Use an approval of that reset. Outcomes can be read for 24 hours.", Hidden;
    TargetBusy                    409 Soon  Requester Never     Waits "Another reset of this person is in progress",
        "Wait until the other reset has ended.";
    ChangedMeanwhile              422 Never Requester Always    Ends  "Something changed after the reset began",
        "See in Entra which methods remain, then get new approvals.";
    Misconfigured                 503 Later Operator  Never     Waits "This service is misconfigured",
        "The log of this service says what is wrong. The approval can still be used.";
    SecretsUnavailable            503 Soon  Upstream  Never     Waits "A secret could not be fetched",
        AGAIN;
    KeysUnavailable               503 Soon  Upstream  Never     Waits "The keys for checking approvals could not be fetched",
        AGAIN;
    DirectoryUnavailable          503 Soon  Upstream  Never     Waits "The directory does not answer",
        AGAIN;
    LedgerUnavailable             503 Soon  Upstream  Never     Waits "The database does not answer",
        "Send the same request again later. Nothing is done twice.";
    AuditUnavailable              503 Soon  Upstream  Never     Waits "The audit trail could not be written",
        AGAIN;
    QueueUnavailable              503 Soon  Upstream  Never     Waits "The queue does not answer",
        AGAIN;
    OutOfTime                     503 Soon  Upstream  Never     Waits "There was not enough time left to begin",
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
                assert_eq!(row.begun, Begun::Waits, "{code:?}");
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
