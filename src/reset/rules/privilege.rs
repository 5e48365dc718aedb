//! Who may be reset, and who is privileged. Graph itself stops no one: app-only permissions reset Global
//! Administrators too, so this check is the only one.

use super::{Pim, Rules};
use crate::reset::model::{Membership, Person, Privilege, PrivilegeFacts, RoleAssignment};
use crate::reset::refusal::{Refusal, UNLICENSED};

/// The roles whose holders an Authentication Administrator may act on (Microsoft Learn, "Privileged roles and
/// permissions in Microsoft Entra ID", table "Who can perform sensitive actions"). The holder of any other
/// role, built-in or custom, is privileged.
const STANDARD_ROLES: [(&str, &str); 8] = [
    (
        "c4e39bd9-1100-46d3-8c65-fb160da0071f",
        "Authentication Administrator",
    ),
    ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers"),
    ("95e79109-95c0-4d8e-aee3-d01accf2d47b", "Guest Inviter"),
    (
        "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
        "Message Center Reader",
    ),
    (
        "966707d0-3269-4727-9be2-8c3a10f19b9d",
        "Password Administrator",
    ),
    ("4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader"),
    (
        "27460883-1df1-4691-b032-3b79643e5e63",
        "User Experience Success Manager",
    ),
    (
        "75934031-6c7e-415a-99d7-48dbd49e875e",
        "Usage Summary Reports Reader",
    ),
];

/// How much proof a target wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tier {
    /// One approval.
    Standard,
    /// Two, from two trust domains. For the reason given.
    Privileged(Privilege),
}

impl Tier {
    /// What makes the target privileged, if anything does.
    pub fn privilege(&self) -> Option<&Privilege> {
        match self {
            Tier::Standard => None,
            Tier::Privileged(privilege) => Some(privilege),
        }
    }
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Tier::Standard => f.write_str("standard"),
            Tier::Privileged(privilege) => privilege.fmt(f),
        }
    }
}

/// Refuses accounts that nobody may reset, by what the account itself says. Whether a person in a restricted
/// management administrative unit may be reset depends on the credential: see [`tier`].
///
/// # Errors
/// [`Refusal::BreakGlass`] or [`Refusal::TargetDisabled`].
pub fn reject_untouchable(target: &Person, rules: &Rules) -> Result<(), Refusal> {
    if rules.break_glass.contains(target.id) {
        return Err(Refusal::BreakGlass);
    }
    if !target.enabled {
        return Err(Refusal::TargetDisabled);
    }
    Ok(())
}

/// Which tier the target is in.
///
/// # Errors
/// [`Refusal::Misconfigured`] if something that decides it cannot be read: not knowing is not a tier.
pub fn tier(target: &Person, facts: &PrivilegeFacts, rules: &Rules) -> Result<Tier, Refusal> {
    let mut groups = facts.memberships.iter().chain(&facts.owned);
    if groups.any(|membership| *membership == Membership::Unreadable) {
        return Err(Refusal::Misconfigured {
            what: "a group or role of the target cannot be read (GroupMember.Read.All, RoleManagement.Read.Directory)",
        });
    }
    if facts.hidden {
        return Err(Refusal::Misconfigured {
            what: "a group of privileged_groups hides its members, and the app has no permission Member.Read.Hidden",
        });
    }
    // What PIM says is believed; that it says nothing is believed only if the policy agrees.
    let pim = &facts.eligibility;
    if pim.unlicensed && rules.pim != Pim::Unlicensed {
        return Err(UNLICENSED);
    }
    // From what is surest to what is only possible; the first is what the refusal names.
    let privilege = restricted(target)
        .or_else(|| named_role(&facts.memberships))
        .or_else(|| beyond_standard(&facts.assignments).map(Privilege::Role))
        .or_else(|| beyond_standard(&pim.active).map(Privilege::Role))
        .or_else(|| role_assignable(&facts.memberships).map(Privilege::RoleAssignableGroup))
        .or_else(|| role_assignable(&facts.owned).map(Privilege::OwnsGroup))
        .or_else(|| beyond_standard(&pim.roles).map(Privilege::EligibleRole))
        .or_else(|| {
            pim.groups
                .first()
                .map(|group| Privilege::EligibleGroup(group.clone()))
        })
        .or_else(|| policy_group(&facts.memberships, rules))
        .or_else(|| policy_group(&facts.owned, rules))
        .or_else(|| {
            rules
                .names_as_privileged(target)
                .then_some(Privilege::NamedInPolicy)
        });
    Ok(privilege.map_or(Tier::Standard, Tier::Privileged))
}

fn restricted(target: &Person) -> Option<Privilege> {
    target
        .management_restricted
        .then_some(Privilege::RestrictedUnit)
}

fn named_role(memberships: &[Membership]) -> Option<Privilege> {
    memberships.iter().find_map(|membership| match membership {
        Membership::Role { template, name } if !is_standard(template) => {
            Some(Privilege::Role(name.clone()))
        }
        Membership::Role { .. }
        | Membership::Group { .. }
        | Membership::Unreadable
        | Membership::Other => None,
    })
}

/// A role of the table is standard at the scope of the whole tenant. At an administrative unit it is not, since
/// that may be a restricted one, and a person with a role there is not one that an Authentication Administrator may act
/// on. Where the scope cannot be read, it may be such a unit.
fn beyond_standard(assignments: &[RoleAssignment]) -> Option<String> {
    assignments
        .iter()
        .find(|assignment| {
            !is_standard(&assignment.role) || assignment.scope.as_deref() != Some("/")
        })
        .map(|assignment| assignment.role.clone())
}

fn role_assignable(groups: &[Membership]) -> Option<String> {
    groups.iter().find_map(|membership| match membership {
        Membership::Group {
            name,
            assignable_to_role: true,
            ..
        } => Some(name.clone()),
        Membership::Role { .. }
        | Membership::Group { .. }
        | Membership::Unreadable
        | Membership::Other => None,
    })
}

fn policy_group(groups: &[Membership], rules: &Rules) -> Option<Privilege> {
    groups.iter().find_map(|membership| match membership {
        Membership::Group { id, name, .. } if rules.privileged_groups.contains(id) => {
            Some(Privilege::PolicyGroup(name.clone()))
        }
        Membership::Role { .. }
        | Membership::Group { .. }
        | Membership::Unreadable
        | Membership::Other => None,
    })
}

fn is_standard(role: &str) -> bool {
    STANDARD_ROLES
        .iter()
        .any(|(id, _)| id.eq_ignore_ascii_case(role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset::model::PimEligibility;
    use crate::reset::model::samples::person;
    use crate::reset::rules::BreakGlass;

    fn target() -> Person {
        person("a1000000-0000-4000-8000-000000000001")
    }

    fn facts() -> PrivilegeFacts {
        PrivilegeFacts {
            memberships: Vec::new(),
            owned: Vec::new(),
            assignments: Vec::new(),
            eligibility: PimEligibility::default(),
            hidden: false,
        }
    }

    fn rules() -> Rules {
        Rules {
            break_glass: BreakGlass::Accounts([].into()),
            privileged_groups: [].into(),
            privileged_people: Vec::new(),
            hardware_oath: Default::default(),
            pim: Default::default(),
            per_hour: 60,
            approver_per_hour: 20,
            verifier_per_hour: 10,
            verifier_per_day: 25,
            verifier_told_at: 3,
            cool_down: std::time::Duration::ZERO,
            fresh_password: std::time::Duration::ZERO,
            compare_employee_ids: true,
            weak_contacts: Default::default(),
            desk_lines: Default::default(),
        }
    }

    fn holding(role: &str, scope: &str) -> Vec<RoleAssignment> {
        vec![RoleAssignment {
            role: role.to_owned(),
            scope: Some(scope.to_owned()),
        }]
    }

    #[test]
    fn whoever_holds_every_role_of_the_table_and_no_other_is_standard() {
        let assignments = STANDARD_ROLES
            .iter()
            .flat_map(|(id, _)| holding(&id.to_uppercase(), "/"))
            .collect();
        let facts = PrivilegeFacts {
            assignments,
            ..facts()
        };
        assert_eq!(tier(&target(), &facts, &rules()), Ok(Tier::Standard));
    }

    #[test]
    fn any_other_role_makes_privileged_at_whatever_scope_and_also_if_it_is_only_eligible() {
        let custom = "b5c4b9a5-1d39-4ef8-9b77-6a3f9c1f0f4e";
        let role = Privilege::Role(custom.to_owned());
        for scope in ["/", "/administrativeUnits/1"] {
            let facts = PrivilegeFacts {
                assignments: holding(custom, scope),
                ..facts()
            };
            assert_eq!(
                tier(&target(), &facts, &rules()),
                Ok(Tier::Privileged(role.clone()))
            );
        }
        let (standard, _) = STANDARD_ROLES[4];
        let scoped = PrivilegeFacts {
            assignments: holding(standard, "/administrativeUnits/1"),
            ..facts()
        };
        let role_of_unit = Tier::Privileged(Privilege::Role(standard.to_owned()));
        assert_eq!(tier(&target(), &scoped, &rules()), Ok(role_of_unit));
        let known = |active, roles| PrivilegeFacts {
            eligibility: PimEligibility {
                active,
                roles,
                ..PimEligibility::default()
            },
            ..facts()
        };
        let active = known(holding(custom, "/"), Vec::new());
        assert_eq!(
            tier(&target(), &active, &rules()),
            Ok(Tier::Privileged(role))
        );
        let eligible = known(Vec::new(), holding(custom, "/"));
        let role = Privilege::EligibleRole(custom.to_owned());
        assert_eq!(
            tier(&target(), &eligible, &rules()),
            Ok(Tier::Privileged(role))
        );
    }

    #[test]
    fn a_tenant_that_says_it_has_no_licence_is_believed_only_if_the_policy_says_so_too() {
        let facts = PrivilegeFacts {
            eligibility: PimEligibility {
                unlicensed: true,
                ..PimEligibility::default()
            },
            ..facts()
        };
        assert_eq!(tier(&target(), &facts, &rules()), Err(UNLICENSED));
        let agreed = Rules {
            pim: Pim::Unlicensed,
            ..rules()
        };
        assert_eq!(tier(&target(), &facts, &agreed), Ok(Tier::Standard));
    }

    #[test]
    fn a_standard_role_whose_scope_cannot_be_read_is_not_a_standard_one() {
        let (role, _) = STANDARD_ROLES[4];
        let mut assignments = holding(role, "/");
        assignments[0].scope = None;
        let facts = PrivilegeFacts {
            assignments,
            ..facts()
        };
        let expected = Tier::Privileged(Privilege::Role(role.to_owned()));
        assert_eq!(tier(&target(), &facts, &rules()), Ok(expected));
    }

    #[test]
    fn a_group_that_hides_its_members_is_not_a_tier() {
        let facts = PrivilegeFacts {
            hidden: true,
            ..facts()
        };
        let result = tier(&target(), &facts, &rules());
        assert!(matches!(result, Err(Refusal::Misconfigured { .. })));
    }

    #[test]
    fn one_unreadable_group_among_readable_ones_is_not_a_tier() {
        let group = Membership::Group {
            id: target().id,
            name: "Everyone".to_owned(),
            assignable_to_role: false,
        };
        for facts in [
            PrivilegeFacts {
                memberships: vec![group.clone(), Membership::Unreadable],
                ..facts()
            },
            PrivilegeFacts {
                owned: vec![group, Membership::Unreadable],
                ..facts()
            },
        ] {
            let result = tier(&target(), &facts, &rules());
            assert!(matches!(result, Err(Refusal::Misconfigured { .. })));
        }
    }
}
