//! Privileged Identity Management: active roles, and roles and groups that a person or a group is eligible for. Instances
//! are what has begun; schedules are that and what begins later.

use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::{Answer, Outcome};
use super::calls::{GraphCall, Type};
use super::directory::{ActiveRole, CREATED, Directory};
use super::groups_and_roles::{ASSIGNMENT, FILTERED_LISTS, role_entity};
use super::users_file::{AssignmentType, GroupEligibility, RoleAssignment, RoleEligibility};

/// Which of PIM's two lists is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The instances: what has begun.
    Begun,
    /// The schedules: also what begins later.
    All,
}

const ASSIGNMENT_INSTANCE: Type = Type {
    name: "unifiedRoleAssignmentScheduleInstance",
    properties: ASSIGNMENT,
    more: &[
        "assignmentType",
        "memberType",
        "startDateTime",
        "endDateTime",
        "roleAssignmentOriginId",
        "roleAssignmentScheduleId",
    ],
};

const ASSIGNMENT_SCHEDULE: Type = Type {
    name: "unifiedRoleAssignmentSchedule",
    properties: ASSIGNMENT,
    more: &["assignmentType", "memberType", "status", "scheduleInfo"],
};

const ELIGIBILITY_INSTANCE: Type = Type {
    name: "unifiedRoleEligibilityScheduleInstance",
    properties: ASSIGNMENT,
    more: &["memberType", "startDateTime", "endDateTime"],
};

const ELIGIBILITY_SCHEDULE: Type = Type {
    name: "unifiedRoleEligibilitySchedule",
    properties: ASSIGNMENT,
    more: &["memberType", "status", "scheduleInfo"],
};

const GROUP_ELIGIBILITY: &[&str] = &["id", "principalId", "groupId", "accessId", "memberType"];

const GROUP_INSTANCE: Type = Type {
    name: "privilegedAccessGroupEligibilityScheduleInstance",
    properties: GROUP_ELIGIBILITY,
    more: &["startDateTime", "endDateTime", "eligibilityScheduleId"],
};

const GROUP_SCHEDULE: Type = Type {
    name: "privilegedAccessGroupEligibilitySchedule",
    properties: GROUP_ELIGIBILITY,
    more: &["status", "scheduleInfo"],
};

impl Seen {
    fn of<'a>(self, instance: &'a Type, schedule: &'a Type) -> &'a Type {
        match self {
            Seen::Begun => instance,
            Seen::All => schedule,
        }
    }

    fn includes(self, starts_in_hours: Option<i64>) -> bool {
        self == Seen::All || starts_in_hours.is_none()
    }

    /// The end of the path, and of the context.
    fn list(self, instances: &str) -> String {
        match self {
            Seen::Begun => format!("{instances}Instances"),
            Seen::All => format!("{instances}s"),
        }
    }

    /// The members of an object that say when it begins and ends.
    fn period(self, start: Option<String>, end: Option<String>) -> Value {
        match self {
            Seen::Begun => json!({"startDateTime": start, "endDateTime": end}),
            Seen::All => json!({
                "status": "Provisioned",
                "scheduleInfo": {
                    "startDateTime": start,
                    "expiration": {"type": if end.is_some() { "afterDateTime" } else { "noExpiration" }, "endDateTime": end},
                },
            }),
        }
    }
}

fn in_hours(hours: i64) -> Option<String> {
    let time = Timestamp::now()
        .checked_add(Span::new().hours(hours))
        .ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// When something began or begins that has no end.
fn start(starts_in_hours: Option<i64>) -> Option<String> {
    starts_in_hours.map_or_else(|| Some(CREATED.to_owned()), in_hours)
}

/// `GET /roleManagement/directory/roleAssignmentScheduleInstances` and `roleAssignmentSchedules`: assignments made by PIM
/// and those made "directly through the role assignments API"
/// (<https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignmentscheduleinstances>,
/// <https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignmentschedules>).
pub(super) fn role_assignments(
    directory: &Directory,
    call: &GraphCall,
    licences: &[String],
    seen: Seen,
) -> Outcome {
    call.allow_options(&FILTERED_LISTS)?;
    require_pim(licences)?;
    let principal = call.filter(&["principalId"])?.map(|(_, id)| id);
    let of = |active: &&ActiveRole| {
        principal.is_none_or(|id| active.assignment.principal_id == id)
            && seen.includes(active.starts_in_hours)
    };
    let list = directory.assignments.iter().filter(of);
    call.page(
        &seen.list("roleManagement/directory/roleAssignmentSchedule"),
        seen.of(&ASSIGNMENT_INSTANCE, &ASSIGNMENT_SCHEDULE),
        list.map(|active| assignment(active, seen)).collect(),
    )
}

fn assignment(active: &ActiveRole, seen: Seen) -> Value {
    // Only an activation has an end. It began an hour ago.
    let is_activation = active.kind == AssignmentType::Activated;
    let begins = match active.starts_in_hours {
        Some(hours) => in_hours(hours),
        None => is_activation.then(|| in_hours(-1)).flatten(),
    };
    let ends = is_activation.then(|| in_hours(7)).flatten();
    let mut object = role_entity(
        &active.assignment,
        json!({"assignmentType": active.kind, "memberType": "Direct"}),
    );
    if let (Value::Object(fields), Value::Object(period)) = (&mut object, seen.period(begins, ends))
    {
        fields.extend(period);
        let id = fields.get("id").cloned().unwrap_or_default();
        if seen == Seen::Begun {
            fields.insert("roleAssignmentOriginId".to_owned(), id.clone());
            fields.insert("roleAssignmentScheduleId".to_owned(), id);
        }
    }
    object
}

/// `GET /roleManagement/directory/roleEligibilityScheduleInstances` and `roleEligibilitySchedules`
/// (<https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances>,
/// <https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityschedules>).
pub(super) fn role_eligibilities(
    directory: &Directory,
    call: &GraphCall,
    licences: &[String],
    seen: Seen,
) -> Outcome {
    call.allow_options(&FILTERED_LISTS)?;
    require_pim(licences)?;
    let principal = call.filter(&["principalId"])?.map(|(_, id)| id);
    let of = |eligibility: &&RoleEligibility| {
        principal.is_none_or(|id| eligibility.principal_id == id)
            && seen.includes(eligibility.starts_in_hours)
    };
    let all = directory.role_eligibilities.iter().filter(of);
    let all = all.map(|eligibility| {
        let assignment = RoleAssignment {
            principal_id: eligibility.principal_id,
            role_definition_id: eligibility.role_definition_id,
            directory_scope_id: eligibility.directory_scope_id.clone(),
        };
        let mut object = role_entity(&assignment, json!({"memberType": "Direct"}));
        let period = seen.period(start(eligibility.starts_in_hours), None);
        if let (Value::Object(fields), Value::Object(period)) = (&mut object, period) {
            fields.extend(period);
        }
        object
    });
    call.page(
        &seen.list("roleManagement/directory/roleEligibilitySchedule"),
        seen.of(&ELIGIBILITY_INSTANCE, &ELIGIBILITY_SCHEDULE),
        all.collect(),
    )
}

/// `GET /identityGovernance/privilegedAccess/group/eligibilityScheduleInstances` and `eligibilitySchedules`, which
/// require a filter by principal or by group
/// (<https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-eligibilityscheduleinstances>,
/// <https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-eligibilityschedules>). If the principal is a
/// group, its members are not listed.
pub(super) fn group_eligibilities(
    directory: &Directory,
    call: &GraphCall,
    licences: &[String],
    seen: Seen,
) -> Outcome {
    call.allow_options(&FILTERED_LISTS)?;
    require_pim(licences)?;
    let Some((name, id)) = call.filter(&["principalId", "groupId"])? else {
        return Err(Answer::error(
            400,
            "MissingParameters",
            "Required parameters are missing: $filter on principalId or groupId.",
        ));
    };
    let of = |eligibility: &&GroupEligibility| {
        let asked = if name == "groupId" {
            eligibility.group_id
        } else {
            eligibility.principal_id
        };
        id == asked && seen.includes(eligibility.starts_in_hours)
    };
    let objects = directory.group_eligibilities.iter().filter(of);
    let objects = objects.map(|eligibility| {
        let id = |last: Uuid| format!("{}_{}_{last}", eligibility.group_id, eligibility.access_id);
        let mut object = json!({
            "id": id(eligibility.principal_id),
            "principalId": eligibility.principal_id,
            "groupId": eligibility.group_id,
            "accessId": eligibility.access_id,
            "memberType": "direct",
        });
        let period = seen.period(start(eligibility.starts_in_hours), None);
        if let (Value::Object(fields), Value::Object(period)) = (&mut object, period) {
            fields.extend(period);
            if seen == Seen::Begun {
                let schedule = json!(id(eligibility.principal_id));
                fields.insert("eligibilityScheduleId".to_owned(), schedule);
            }
        }
        object
    });
    call.page(
        &seen.list("identityGovernance/privilegedAccess/group/eligibilitySchedule"),
        seen.of(&GROUP_INSTANCE, &GROUP_SCHEDULE),
        objects.collect(),
    )
}

/// The error is the one that scripts report from tenants without PIM.
fn require_pim(licences: &[String]) -> Result<(), Answer> {
    if licences.iter().any(|licence| licence == "AAD_PREMIUM_P2") {
        return Ok(());
    }
    let text =
        "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.";
    Err(Answer::error(400, "AadPremiumLicenseRequired", text))
}
