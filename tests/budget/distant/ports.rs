//! The ports of that world: each call takes the time of its distance.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::approval::{Algorithm, IssuerPolicy, KeySet};
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::ids::{Kid, Label, ObjectId, PersonRef, TicketKey};
use reregister_mfa::reset::ports::{
    AuditError, AuditTrail, Directory, DirectoryError, Fault, Item, Key, KeySource,
    KeysUnavailable, Listing, Queue, QueueError, Security, SecurityError, Store, StoreError,
    TicketError, Tickets, Wake, Write,
};
use reregister_mfa::reset::{
    Event, Manager, Membership, Method, PasswordChange, Person, PimEligibility, PrivilegeFacts,
    RequestStatus,
};

use super::{AWS, Distant, GRAPH, ISSUERS, Issuers, PEOPLE};
use crate::wiring::START;

#[async_trait]
impl Clock for Distant {
    fn now(&self) -> Timestamp {
        let start: Timestamp = START.parse().unwrap();
        start.checked_add(self.0.time.now()).unwrap()
    }

    async fn sleep(&self, time: Duration) {
        self.0.time.sleep(time).await;
    }
}

#[async_trait]
impl KeySource for Distant {
    async fn keys(&self, issuer: &IssuerPolicy, kid: &Kid) -> Result<Arc<KeySet>, KeysUnavailable> {
        Ok(self.known_keys(issuer, kid).unwrap())
    }

    fn known_keys(&self, policy: &IssuerPolicy, _: &Kid) -> Option<Arc<KeySet>> {
        let Issuers { desk, security } = &*ISSUERS;
        let issuer = [desk, security]
            .into_iter()
            .find(|issuer| issuer.iss() == policy.iss.to_string())?;
        let keys = issuer.jwks().to_string();
        KeySet::parse(keys.as_bytes(), &[Algorithm::ES256])
            .ok()
            .map(Arc::new)
    }
}

fn kind_of(key: &Key) -> &str {
    key.0.split('#').next().unwrap_or_default()
}

#[async_trait]
impl Store for Distant {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let found = self.0.store.get(key).await;
        let name = format!("AWS: read {}", kind_of(key));
        self.call(name, AWS, || found).await
    }

    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let found = self.0.store.get_all(keys).await;
        let kinds: Vec<&str> = keys.iter().map(kind_of).collect();
        let name = format!("AWS: read {}", kinds.join(", "));
        self.call(name, AWS, || found).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let kinds: Vec<&str> = writes.iter().map(|write| kind_of(&write.key)).collect();
        let name = format!("AWS: commit {}", kinds.join(", "));
        self.call(name, AWS, || ()).await;
        self.0.store.commit(writes).await
    }
}

#[async_trait]
impl Queue for Distant {
    async fn schedule(&self, wake: Wake, after: Duration) -> Result<(), QueueError> {
        let Wake::Reset(id) = wake else {
            panic!("there is no desk here");
        };
        let name = format!("AWS: wake in {} s", after.as_secs());
        let schedule = || self.0.queue.lock().unwrap().push(id);
        self.call(name, AWS, schedule).await;
        Ok(())
    }
}

#[async_trait]
impl Directory for Distant {
    async fn person(&self, who: &PersonRef) -> Result<Person, DirectoryError> {
        let name = who.to_string();
        let found = PEOPLE
            .into_iter()
            .find(|(upn, id)| [*upn, *id].contains(&name.as_str()));
        let person = found.map(|(upn, id)| Person {
            id: id.parse().unwrap(),
            upn: upn.to_owned(),
            display_name: None,
            enabled: true,
            external: false,
            management_restricted: false,
            employee_id: None,
            synced: false,
            password: PasswordChange::At(Timestamp::UNIX_EPOCH),
            contacts: Default::default(),
        });
        let person = person.ok_or(DirectoryError::Permanent(Fault::NotFound));
        self.call("Graph: person", GRAPH, || person).await
    }

    /// Vera is everybody's.
    async fn manager(&self, _: &PersonRef) -> Result<Option<Manager>, DirectoryError> {
        let (_, vera) = PEOPLE[2];
        let manager = Manager {
            id: vera.parse().unwrap(),
            name: None,
        };
        self.call("Graph: manager", GRAPH, || Ok(Some(manager)))
            .await
    }

    async fn privilege_facts(&self, _: ObjectId) -> Result<PrivilegeFacts, DirectoryError> {
        let role = Membership::Role {
            template: "62e90394-69f5-4237-9190-012177145e10".to_owned(),
            name: "Global Administrator".to_owned(),
        };
        let facts = PrivilegeFacts {
            memberships: self.0.is_privileged.then_some(role).into_iter().collect(),
            owned: Vec::new(),
            assignments: Vec::new(),
            eligibility: PimEligibility::default(),
            hidden: false,
        };
        self.call("Graph: privilege facts", GRAPH, || Ok(facts))
            .await
    }

    async fn member_of(
        &self,
        _: ObjectId,
        _: &[ObjectId],
    ) -> Result<BTreeSet<ObjectId>, DirectoryError> {
        Ok(BTreeSet::new())
    }

    async fn methods(&self, _: ObjectId) -> Result<Listing, DirectoryError> {
        let list = || {
            Ok(Listing {
                methods: self.0.methods.lock().unwrap().clone(),
                hardware_unknown: false,
            })
        };
        self.call("Graph: methods", GRAPH, list).await
    }

    async fn remove(&self, _: ObjectId, method: &Method) -> Result<(), DirectoryError> {
        let remove = || {
            let mut methods = self.0.methods.lock().unwrap();
            methods.retain(|other| other.id != method.id);
            Ok(())
        };
        self.call(format!("Graph: remove {}", method.id), GRAPH, remove)
            .await
    }

    async fn deactivate(&self, _: ObjectId, _: &Method) -> Result<(), DirectoryError> {
        Err(DirectoryError::Permanent(Fault::NotFound))
    }

    async fn revoke_sessions(&self, _: ObjectId) -> Result<(), DirectoryError> {
        self.call("Graph: revoke sessions", GRAPH, || Ok(())).await
    }
}

#[async_trait]
impl AuditTrail for Distant {
    async fn append(&self, _: &Event) -> Result<(), AuditError> {
        Ok(())
    }
}

#[async_trait]
impl Security for Distant {
    async fn notify(&self, _: &Event) -> Result<(), SecurityError> {
        self.call("AWS: notice", AWS, || Ok(())).await
    }
}

#[async_trait]
impl Tickets for Distant {
    fn takes_notes(&self, _: &Label) -> bool {
        true
    }

    async fn write_note(
        &self,
        _: &Label,
        _: &TicketKey,
        _: &str,
        _: &str,
    ) -> Result<(), TicketError> {
        Err(TicketError::Permanent("no desk here"))
    }

    async fn write_status_note(
        &self,
        _: &Label,
        _: &TicketKey,
        _: &RequestStatus,
        _: &str,
    ) -> Result<(), TicketError> {
        // It is looked for before it is written.
        self.call("Jira: look for the note", GRAPH, || ()).await;
        self.call("Jira: write the note", GRAPH, || Ok(())).await
    }
}
