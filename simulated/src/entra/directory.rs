//! What the tenant knows: people with their methods, groups, and who is in which role.

use std::collections::HashSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::kinds::DefaultMethod;
use super::methods::Method;
use super::roles::{BUILT_IN, Role};
use super::users_file::{
    AssignmentType, Group, GroupEligibility, RoleAssignment, TenantFile, User,
};

/// When everything in this tenant was created.
pub(super) const CREATED: &str = "2024-03-01T08:00:00Z";

/// A person as of now.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) profile: User,
    pub(super) methods: Vec<Method>,
    /// Deleted methods, and how many more lists show them.
    pub(super) echoes: Vec<(Method, u32)>,
    pub(super) default: Option<DefaultMethod>,
    /// When the sessions were last revoked, if ever.
    pub(super) sessions_revoked: Option<Timestamp>,
}

impl Person {
    fn new(profile: User) -> Self {
        Person {
            methods: profile.methods.clone(),
            default: profile.default_method,
            echoes: Vec::new(),
            sessions_revoked: None,
            profile,
        }
    }

    /// Whether the person signs in at another tenant.
    pub(super) fn is_external(&self) -> bool {
        self.profile.user_principal_name.contains("#EXT#")
    }

    /// The one method that is the default now. Of several that could be, it is the first, so that all can
    /// be deleted in some order.
    pub(super) fn default_method(&self) -> Option<&Method> {
        let default = self.default?;
        self.methods.iter().find(|method| method.serves(default))
    }

    /// The methods as a list shows them now; each list is one less for the deleted ones.
    pub(super) fn list(&mut self) -> Vec<Method> {
        let mut shown = vec![Method::password()];
        shown.extend(self.methods.iter().cloned());
        for (echo, lists) in &mut self.echoes {
            if shown.iter().all(|method| method.id != echo.id) {
                shown.push(echo.clone());
            }
            *lists -= 1;
        }
        self.echoes.retain(|(_, lists)| *lists > 0);
        shown
    }

    /// Deletes a method for good, though the next lists may still show it.
    pub(super) fn delete(&mut self, id: &str, lists: u32) {
        let Some(at) = self
            .methods
            .iter()
            .position(|method| method.id.eq_ignore_ascii_case(id))
        else {
            return;
        };
        let gone = self.methods.remove(at);
        if lists > 0 {
            self.echoes.push((gone, lists));
        }
        if self.default_method().is_none() {
            self.default = None;
        }
    }
}

/// A role that somebody is in.
#[derive(Debug)]
pub(super) struct ActiveRole {
    pub(super) assignment: RoleAssignment,
    pub(super) kind: AssignmentType,
}

/// Everybody and everything.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) tenant: Uuid,
    pub(super) people: Vec<Person>,
    pub(super) groups: Vec<Group>,
    /// Every active role, whoever made it so.
    pub(super) assignments: Vec<ActiveRole>,
    pub(super) role_eligibilities: Vec<RoleAssignment>,
    pub(super) group_eligibilities: Vec<GroupEligibility>,
}

impl Directory {
    pub(super) fn new(file: &TenantFile) -> Self {
        Directory {
            tenant: file.tenant_id,
            people: file.users.iter().cloned().map(Person::new).collect(),
            groups: file.groups.clone(),
            assignments: active(file),
            role_eligibilities: file.role_eligibilities.clone(),
            group_eligibilities: file.group_eligibilities.clone(),
        }
    }

    /// A person by object id or sign-in name.
    pub(super) fn find(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| is_called(person, name))
    }

    /// The same, to change.
    pub(super) fn find_mut(&mut self, name: &str) -> Option<&mut Person> {
        self.people
            .iter_mut()
            .find(|person| is_called(person, name))
    }

    /// Deletes a person.
    pub(super) fn remove(&mut self, name: &str) {
        self.people.retain(|person| !is_called(person, name));
    }

    /// The groups that somebody is in, through other groups too.
    pub(super) fn groups_of(&self, principal: Uuid) -> Vec<&Group> {
        let (mut found, mut seen, mut ask) = (Vec::new(), HashSet::new(), vec![principal]);
        while let Some(member) = ask.pop() {
            for group in self
                .groups
                .iter()
                .filter(|group| group.members.contains(&member))
            {
                if seen.insert(group.id) {
                    found.push(group);
                    ask.push(group.id);
                }
            }
        }
        found
    }

    /// The built-in roles that somebody has in the whole tenant, through groups too. Custom roles and
    /// those in administrative units have no directoryRole object.
    pub(super) fn roles_of(&self, principal: Uuid) -> Vec<&'static Role> {
        let mut holders: HashSet<Uuid> = self
            .groups_of(principal)
            .iter()
            .map(|group| group.id)
            .collect();
        holders.insert(principal);
        let assigned = |role: &&Role| {
            self.assignments.iter().any(|active| {
                let assignment = &active.assignment;
                assignment.role_definition_id == role.template
                    && assignment.directory_scope_id == "/"
                    && holders.contains(&assignment.principal_id)
            })
        };
        BUILT_IN.iter().filter(assigned).collect()
    }
}

/// Entra lists an active role in both places, whether PIM made it active or not.
fn active(file: &TenantFile) -> Vec<ActiveRole> {
    let direct = file.role_assignments.iter().map(|assignment| ActiveRole {
        assignment: assignment.clone(),
        kind: AssignmentType::Assigned,
    });
    let scheduled = file
        .role_assignment_schedules
        .iter()
        .map(|schedule| ActiveRole {
            assignment: RoleAssignment {
                principal_id: schedule.principal_id,
                role_definition_id: schedule.role_definition_id,
                directory_scope_id: schedule.directory_scope_id.clone(),
            },
            kind: schedule.assignment_type,
        });
    direct.chain(scheduled).collect()
}

fn is_called(person: &Person, name: &str) -> bool {
    let by_id = name.parse().is_ok_and(|id: Uuid| id == person.profile.id);
    by_id
        || person
            .profile
            .user_principal_name
            .eq_ignore_ascii_case(name)
}
