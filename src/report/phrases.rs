//! The phrases that answers, notes and previews have in common: why a method is left, why something failed, and what each
//! warning says.

use crate::reset::{Failure, KeepReason, Warning};

pub fn kept(why: KeepReason) -> &'static str {
    match why {
        KeepReason::NotMfa => "no MFA method",
        KeepReason::ButtonLeavesIt => "Require re-register MFA leaves it",
        KeepReason::DeactivateByHand => {
            "deactivate it in Entra: Users, the person, Authentication methods, the token's menu"
        }
        KeepReason::UnknownType => "a type that this version does not know",
    }
}

pub fn failed(why: Failure) -> &'static str {
    match why {
        Failure::Refused => "Microsoft Graph refuses it, usually because it is the default method",
        Failure::NotAllowed => "the app is not allowed to",
        Failure::KeepsFailing => "Microsoft Graph kept failing",
        Failure::OutOfTime => "there was no time left",
        Failure::Other => "Microsoft Graph refuses it",
    }
}

pub fn warning(warning: Warning) -> &'static str {
    match warning {
        Warning::PasskeyLeft => {
            "A passkey stays in place; if it is on a phone that is gone, get an approval with passkeys:remove (within \
             the cool-down it takes two, by two people)."
        }
        Warning::HardwareOathLeft => {
            "A hardware OATH token was left; deactivate it in Entra under Authentication methods."
        }
        Warning::HardwareOathUnknown => {
            "Hardware OATH tokens could not be looked up; look in Entra whether the person has one."
        }
        Warning::UnknownTypeLeft => {
            "A method of a type that this version does not know was left; look at it in Entra."
        }
        Warning::Guest => "The person is a guest: the MFA of their home tenant may be what counts.",
        Warning::ContactFromColleague => {
            "The contact for the verification came from a colleague, not from a directory."
        }
        Warning::ApproverVerified => {
            "An approver has verified the person as well: fewer people have looked than it seems."
        }
        Warning::NoLongerAllowed => {
            "The reset was interrupted, and since then the person may not be reset on these approvals any more."
        }
        Warning::MethodAppeared => {
            "A method was registered while the reset ran and was left: make sure that the person did it."
        }
    }
}
