//! Goes on from a snapshot with the version that is compiled here, and says what must not be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use simulated::entra::Call;

use crate::setting::Setting;
use crate::snapshot::{Snapshot, StoredItem, end, is_over, is_owed, records, stage};
use crate::world::World;

/// Longer than any lease: no other process works on a record any more.
const LONGER_THAN_A_LEASE: Duration = Duration::from_secs(5 * 60);

/// What came of it.
pub struct CarriedOn {
    /// To what each record came, by its id.
    pub ends: BTreeMap<String, Value>,
    /// What must not be and is.
    pub violations: Vec<String>,
}

/// Wakes every record of the snapshot, lets the queue deliver until it is empty, and sends once more what was sent.
pub async fn carry_on(setting: &Setting, snapshot: &Snapshot) -> CarriedOn {
    let world = World::start(setting, snapshot, LONGER_THAN_A_LEASE).await;
    let before = snapshot.records();
    for id in before.keys() {
        world.wake(id).await;
    }
    let empty = world.drain().await;

    let items = world.product.table.items();
    let after = records(&items);
    let mut check = Check {
        violations: Vec::new(),
    };
    check.that(empty, || "the queue does not become empty".to_owned());
    for (id, record) in &before {
        check.record(id, record, &after[id], &world);
    }
    check.items(&snapshot.items, &items, &after);
    check.graph(snapshot, &before, &after, &world);
    check.comments(&after, &world);
    // Empty while a snapshot is being taken.
    for (id, expected) in &snapshot.ends {
        let found = end(&after[id]);
        // What waits is judged by the version that claims it. Earlier ones began resets that lock the person out.
        let is_judged_anew = stage(&before[id]) == "waiting" && found["code"] == "would_lock_out";
        check.that(found == *expected || is_judged_anew, || {
            format!("{id} came to {found} and not to {expected}")
        });
    }
    for request in &snapshot.again {
        let reply = world.send(request).await;
        let known = reply.json["reset"]
            .as_str()
            .is_some_and(|id| before.contains_key(id));
        check.that(
            reply.status == 200 && reply.json["replayed"] == true && known,
            || format!("sent once more it was not known: {reply:?}"),
        );
    }
    let last = world.product.table.items();
    check.that(last == items, || {
        "a repeated request has changed the table".to_owned()
    });
    CarriedOn {
        ends: after
            .iter()
            .map(|(id, record)| (id.clone(), end(record)))
            .collect(),
        violations: check
            .violations
            .iter()
            .map(|what| format!("{}: {what}", snapshot.name))
            .collect(),
    }
}

struct Check {
    violations: Vec<String>,
}

impl Check {
    fn that(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(otherwise());
        }
    }

    /// A record that was over stays as it was, but for who has been told; another one has come to its end.
    fn record(&mut self, id: &str, before: &Value, after: &Value, world: &World) {
        self.that(is_over(after), || format!("{id} is still {}", stage(after)));
        self.that(!is_owed(after), || {
            format!("{id} still owes: {}", after["duties"])
        });
        if is_over(before) {
            let [was, is] = [before, after].map(without_the_lease);
            self.that(was == is, || format!("{id} was over, and has become {is}"));
        }
        if before.is_null() || is_over(before) && !is_owed(before) {
            self.that(before == after, || {
                format!("{id} was finished, and has changed")
            });
        }
        let was_told = is_over(before) && before["duties"]["trail"] != "owed";
        if !was_told && after["duties"]["trail"] == "done" {
            let events = world.product.audit.events.lock().unwrap();
            let told = events.iter().any(|event| {
                event["reset"] == *id
                    && matches!(event["audit"].as_str(), Some("outcome" | "refused"))
            });
            self.that(told, || {
                format!("the end of {id} is not in the audit trail")
            });
        }
    }

    /// What is not a record: nothing is lost, no person stays locked, each approval is used up for one reset.
    fn items(
        &mut self,
        before: &[StoredItem],
        after: &[StoredItem],
        records: &BTreeMap<String, Value>,
    ) {
        let find = |pk: &str| after.iter().find(|item| item.pk == pk);
        for item in before {
            let now = find(&item.pk);
            self.that(now.is_some(), || format!("{} is gone", item.pk));
            let kept = now.is_some_and(|now| now.expires_at == item.expires_at);
            self.that(kept || !item.pk.starts_with("reset#"), || {
                format!("{} is forgotten at another time", item.pk)
            });
            let lasts = ["approval#", "delivery#", "freeze"];
            if lasts.iter().any(|kind| item.pk.starts_with(kind)) {
                self.that(now == Some(item), || format!("{} has changed", item.pk));
            }
        }
        for item in after.iter().filter(|item| item.pk.starts_with("target#")) {
            let body: Value = serde_json::from_str(&item.body).unwrap();
            self.that(body["running"] == false, || {
                format!("{} is still taken", item.pk)
            });
        }
        for (id, record) in records {
            let claimed = record["stage"]["claimed"]["claim"]["approvals"].as_array();
            for approval in claimed.into_iter().flatten() {
                let [iss, jti] = ["iss", "jti"].map(|name| approval["id"][name].as_str().unwrap());
                let used = find(&format!("approval#{iss}#{jti}"));
                let used = used.is_some_and(|used| used.body.contains(id.as_str()));
                self.that(used, || {
                    format!("an approval of {id} is not used up for it")
                });
            }
        }
    }

    /// Nothing is removed twice, nor what is settled, nor what was not asked for; and what is said to be gone is gone.
    fn graph(
        &mut self,
        snapshot: &Snapshot,
        before: &BTreeMap<String, Value>,
        after: &BTreeMap<String, Value>,
        world: &World,
    ) {
        let mut done = BTreeSet::new();
        for call in world.tenant.writes() {
            let path: Vec<&str> = call.path.split('/').collect();
            let (user, last) = (path[2], path[path.len() - 1]);
            let twice = call.status == 204 && !done.insert(call.path.clone());
            self.that(!twice, || format!("done twice: {call:?}"));
            // What waits is judged when it is claimed.
            let waiting = before.values().any(|record| stage(record) == "waiting");
            let mut running = before.values().filter(|record| {
                stage(record) == "running" && record["stage"]["claimed"]["claim"]["target"] == user
            });
            let open = match call.method.as_str() {
                "DELETE" => running.any(|record| is_open(record, last, snapshot)),
                _ if last == "deactivate" => {
                    running.any(|record| is_open(record, path[path.len() - 2], snapshot))
                }
                _ => running.any(|record| {
                    let sessions = &record["stage"]["claimed"]["sessions"];
                    sessions == "pending" || sessions == "trying"
                }),
            };
            self.that(open || waiting, || {
                format!("not to be done: {}", short(&call))
            });
        }
        for (id, record) in after {
            let reset = &record["stage"]["claimed"];
            let Some(target) = reset["claim"]["target"].as_str() else {
                continue;
            };
            let there = world.tenant.methods_of(target);
            for entry in reset["entries"].as_array().unwrap() {
                let method = &entry["method"];
                // A number that was registered anew has the same id.
                let still = there.iter().any(|one| method["id"] == one.id)
                    && !method["kind"]["phone"].is_string();
                self.that(entry["progress"] != "removed" || !still, || {
                    format!("{id} says that {method} is removed, and it is there")
                });
            }
        }
    }

    /// The ticket is told once.
    fn comments(&mut self, after: &BTreeMap<String, Value>, world: &World) {
        for (ticket, comments) in world.comments() {
            let marks = comments.iter().filter_map(|text| text.lines().last());
            let mut seen = BTreeSet::new();
            for mark in marks {
                self.that(seen.insert(mark), || {
                    format!("{ticket} is told twice: {mark}")
                });
            }
        }
        for (id, record) in after {
            let told = record["duties"]["note"] == "done" && record["request"]["source"] == "jira";
            if told && !record["stage"]["claimed"].is_null() {
                let mut all = world.comments().flat_map(|(_, comments)| comments);
                let mark = format!("reregister-mfa {id}");
                self.that(all.any(|text| text.ends_with(&mark)), || {
                    format!("the note of {id} is not in its ticket")
                });
            }
        }
    }
}

/// Whether this method is still to go: not settled, and not gone already while its answer was lost.
fn is_open(record: &Value, method: &str, snapshot: &Snapshot) -> bool {
    let reset = &record["stage"]["claimed"];
    let mut entries = reset["entries"].as_array().unwrap().iter();
    let Some(entry) = entries.find(|entry| entry["method"]["id"] == method) else {
        // Tokens that could not be listed at the claim may be found later.
        return reset["hardware_unknown"] == true && reset["claim"]["deactivates"] == true;
    };
    let changed = snapshot
        .people
        .iter()
        .find(|one| one["id"] == reset["claim"]["target"]);
    let there = changed.is_none_or(|person| {
        let mut methods = person["methods"].as_array().unwrap().iter();
        methods.any(|one| one["id"] == method)
    });
    match &entry["progress"] {
        Value::String(progress) => match progress.as_str() {
            "pending" | "deferred" => true,
            "trying" => there,
            _ => false,
        },
        Value::Object(progress) => progress.contains_key("asked") && there,
        _ => false,
    }
}

fn without_the_lease(record: &Value) -> Value {
    let mut record = record.clone();
    if let Some(members) = record.as_object_mut() {
        for name in ["lease_until", "retry_at", "runs", "duties"] {
            members.remove(name);
        }
    }
    record
}

fn short(call: &Call) -> String {
    format!("{} {} ({})", call.method, call.path, call.status)
}
