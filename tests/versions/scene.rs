//! What snapshots of a story are taken of, and when: after each commit, and after each change in Graph.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use serde_json::Value;
use simulated::entra::{Method, Tenant};
use simulated::tickets::jira_cloud::JiraCloud;

use crate::facts::facts;
use crate::product::{MessageQueue, StoppedClock, Table};
use crate::setting::Setting;
use crate::snapshot::{HttpRequest, Snapshot};
use crate::world::{World, comments};

/// The snapshots that are kept, and what they show.
#[derive(Default)]
pub struct Gathered {
    pub snapshots: Vec<Snapshot>,
    shown: BTreeSet<String>,
}

impl Gathered {
    /// Keeps this snapshot if it shows something new.
    fn offer(&mut self, snapshot: Snapshot) {
        let before = self.shown.len();
        self.shown.extend(facts(&snapshot));
        if self.shown.len() > before {
            self.snapshots.push(snapshot);
        }
    }
}

pub type AtWrite = Box<dyn Fn(&Scene) + Send + Sync>;

/// What snapshots of a story are taken of.
pub struct Scene {
    empty: Snapshot,
    pub users: Vec<Value>,
    /// What the tenant does not show again: each method as the users file writes it, by person and id.
    methods: Mutex<BTreeMap<(String, String), Value>>,
    tenant: Tenant,
    jira: JiraCloud,
    clock: Arc<StoppedClock>,
    table: Arc<Table>,
    queue: Arc<MessageQueue>,
    gathered: Arc<Mutex<Gathered>>,
    taken: AtomicUsize,
    pub quiet: AtomicBool,
    pub disabled: Mutex<BTreeSet<String>>,
    pub removed: Mutex<BTreeSet<String>>,
    pub again: Mutex<Vec<HttpRequest>>,
    pub at_writes: Mutex<Vec<(usize, AtWrite)>>,
}

impl Scene {
    /// Watches a story that begins with `from`.
    pub fn watch(
        world: &World,
        from: Snapshot,
        setting: &Setting,
        gathered: Arc<Mutex<Gathered>>,
    ) -> Arc<Scene> {
        let scene = Arc::new(Scene {
            empty: from,
            methods: Mutex::new(setting.methods()),
            users: setting.users["users"].as_array().unwrap().clone(),
            tenant: world.tenant.clone(),
            jira: world.jira.clone(),
            clock: world.product.clock.clone(),
            table: world.product.table.clone(),
            queue: world.product.queue.clone(),
            gathered,
            taken: AtomicUsize::new(0),
            quiet: AtomicBool::new(false),
            disabled: Mutex::default(),
            removed: Mutex::default(),
            again: Mutex::default(),
            at_writes: Mutex::default(),
        });
        let on_commit: Weak<Scene> = Arc::downgrade(&scene);
        world.product.table.after_commit(move || {
            if let Some(scene) = on_commit.upgrade() {
                scene.take();
            }
        });
        let on_write: Weak<Scene> = Arc::downgrade(&scene);
        world.tenant.on_write(move |nth, tenant| {
            if let Some(scene) = on_write.upgrade() {
                scene.written(nth, tenant);
            }
        });
        scene
    }

    /// Takes a snapshot, and keeps it if it shows something new.
    pub fn take(&self) {
        if self.quiet.load(Ordering::SeqCst) {
            return;
        }
        let snapshot = self.now();
        self.gathered.lock().unwrap().offer(snapshot);
    }

    /// A snapshot of now.
    pub fn now(&self) -> Snapshot {
        let nth = self.taken.fetch_add(1, Ordering::SeqCst) + 1;
        let mut queue = self.queue.messages.lock().unwrap().clone();
        queue.sort();
        Snapshot {
            name: format!("{} {nth:02}", self.empty.name),
            now: self.clock.now(),
            items: self.table.items(),
            queue,
            people: self.people(),
            removed: self.removed.lock().unwrap().iter().cloned().collect(),
            comments: comments(&self.jira).collect(),
            again: self.again.lock().unwrap().clone(),
            ..self.empty.clone()
        }
    }

    /// Graph has been asked for a change, and has not answered yet.
    fn written(&self, nth: usize, tenant: &Tenant) {
        let call = tenant.calls().pop().unwrap();
        if call.path.ends_with("/deactivate") && matches!(call.status, 0 | 204) {
            let ids: Vec<&str> = call.path.split('/').collect();
            let mut methods = self.methods.lock().unwrap();
            let method = methods.get_mut(&(ids[2].to_owned(), ids[5].to_owned()));
            method.unwrap()["device"]["status"] = "assigned".into();
        }
        for (when, act) in self.at_writes.lock().unwrap().iter() {
            if *when == nth {
                act(self);
            }
        }
        self.take();
    }

    /// The people who are not as in the users file.
    fn people(&self) -> Vec<Value> {
        let methods = self.methods.lock().unwrap();
        let disabled = self.disabled.lock().unwrap();
        let removed = self.removed.lock().unwrap();
        let mut changed = Vec::new();
        for user in &self.users {
            let upn = user["userPrincipalName"].as_str().unwrap();
            if removed.contains(upn) {
                continue;
            }
            let id = user["id"].as_str().unwrap();
            let mut now = user.clone();
            let there = self.tenant.methods_of(id).into_iter();
            let there = there.map(|method| methods[&(id.to_owned(), method.id)].clone());
            now["methods"] = there.collect();
            if disabled.contains(upn) {
                now["accountEnabled"] = false.into();
            }
            if now != *user {
                changed.push(now);
            }
        }
        changed
    }

    /// A person registers a method, written as in the users file.
    pub fn register(&self, upn: &str, method: Value) {
        let user = self
            .users
            .iter()
            .find(|user| user["userPrincipalName"] == upn);
        let id = user.unwrap()["id"].as_str().unwrap();
        let registered: Method = serde_json::from_value(method.clone()).unwrap();
        let key = (id.to_owned(), registered.id().to_owned());
        self.methods.lock().unwrap().insert(key, method);
        self.tenant.register(upn, registered);
    }
}
