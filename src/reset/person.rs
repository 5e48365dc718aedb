//! What the directory knows of people: facts, no verdict.

use crate::ids::ObjectId;

/// A person in the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name that all comparisons use.
    pub id: ObjectId,
    /// The user principal name of today, for people to read.
    pub upn: String,
    /// `accountEnabled`.
    pub enabled: bool,
    /// `userType` is Guest: another tenant's MFA may be what counts.
    pub guest: bool,
    /// `isManagementRestricted`: in a restricted management administrative unit.
    pub management_restricted: bool,
}

/// Everything that may make somebody privileged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivilegeFacts {
    /// Groups and roles, also through other groups.
    pub memberships: Vec<Membership>,
    /// What they own.
    pub owned: Vec<Membership>,
    /// Role assignments that are active: of any scope, custom roles too.
    pub assignments: Vec<RoleAssignment>,
    /// What Privileged Identity Management lets them activate.
    pub eligibility: Eligibility,
}

/// What Privileged Identity Management says of somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Eligibility {
    /// Role assignments that are active through PIM.
    pub active: Vec<RoleAssignment>,
    /// Roles that they may activate.
    pub roles: Vec<RoleAssignment>,
    /// Groups that make privileged, by name, and that they or a group of theirs may become part of (PIM for Groups).
    pub groups: Vec<String>,
    /// The tenant says that it has no licence for some of this.
    pub unlicensed: bool,
}

/// One group or role that somebody is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// A directory role that is active.
    Role {
        /// `roleTemplateId`.
        template: String,
        /// For people.
        name: String,
    },
    /// A group.
    Group {
        /// Its object id.
        id: ObjectId,
        /// For people.
        name: String,
        /// `isAssignableToRole`.
        assignable_to_role: bool,
    },
    /// Something whose properties we may not read. It may be anything.
    Unreadable,
    /// Something that gives no rights, such as an administrative unit.
    Other,
}

impl Membership {
    /// The group's id, if it is a group.
    pub fn group_id(&self) -> Option<ObjectId> {
        match self {
            Membership::Group { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// A role that somebody holds directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// `roleDefinitionId`; of a built-in role the same as its template id.
    pub role: String,
    /// `directoryScopeId`.
    pub scope: String,
}
