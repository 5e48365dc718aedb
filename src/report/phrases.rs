//! The phrases that answers, notes and previews have in common: why a method is left, why something failed, and what each
//! warning says.

use crate::reset::{Failure, KeepReason, Warning};

pub fn kept(why: KeepReason) -> &'static str {
    match why {
        KeepReason::NotMfa => "not an MFA method",
        KeepReason::ButtonLeavesIt => "Entra's own re-register button keeps it, too",
        KeepReason::DeactivateByHand => {
            "an administrator has to deactivate it in Entra: Users, person, Authentication methods, the token's menu"
        }
        KeepReason::UnknownType => "it is unknown, or cannot be read: check it in Entra",
    }
}

pub fn failed(why: Failure) -> &'static str {
    match why {
        Failure::Refused => "Microsoft Graph refused, usually because it is the default method",
        Failure::NotAllowed => "the app has no permission for it",
        Failure::KeepsFailing => "Microsoft Graph kept failing",
        Failure::OutOfTime => "there was not enough time",
        Failure::Other => "Microsoft Graph refused, or its answer cannot be read",
    }
}

pub fn warning(warning: Warning) -> &'static str {
    match warning {
        Warning::PasskeyLeft => {
            "A passkey stays in place. If it was on the phone that is gone, ask for an approval that removes passkeys \
             too (passkeys:remove). So soon after a reset, it needs two approvers."
        }
        Warning::HardwareOathLeft => {
            "A hardware OATH token stays in place. An administrator has to deactivate it in Entra, under \
             Authentication methods."
        }
        Warning::HardwareOathUnknown => {
            "Hardware OATH tokens could not be listed. If Entra shows one, have it deactivated."
        }
        Warning::UnknownTypeLeft => {
            "A method that is unknown, or cannot be read, stays in place. Check it in Entra."
        }
        Warning::Guest => {
            "The person signs in with an account of another organisation. Sign-in may ask for the MFA of that organisation, \
             which is not reset here."
        }
        Warning::ContactFromColleague => {
            "The contact details for the verification came from a colleague, not from a directory."
        }
        Warning::ApproverVerified => {
            "An approver also verified the person, so fewer people have checked than it seems."
        }
        Warning::PasswordJustChanged => {
            "The password was changed a short time before. Ask the person whether they did it. If not, tell the security \
             team."
        }
        Warning::PasswordAgeUnknown => {
            "Microsoft Entra does not say when the password was changed, so a recent change would not show."
        }
        Warning::WeakContacts => {
            "The verification used only contacts that an attacker inside the account could answer or change."
        }
        Warning::VerifierPace => {
            "A verifier has had several people reset within two hours. The security team has to check with them that each \
             was verified."
        }
        Warning::SignInOutOfContext => "It was approved by a sign-in that phishing may imitate.",
        Warning::NoLongerAllowed => {
            "The reset was interrupted. These approvals no longer allowed it when it resumed, so it was stopped."
        }
        Warning::MethodAppeared => {
            "A method was registered during the reset and kept. Ask the person whether it is theirs. If not, tell the \
             security team."
        }
    }
}
