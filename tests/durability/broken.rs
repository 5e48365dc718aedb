//! The table that the ledger is kept in, sound or broken on purpose: a harness that lets a broken one pass would prove
//! nothing.

use std::collections::HashMap;

use reregister_mfa::reset::ports::{Condition, Item, Key, StoreError, Write};

/// How the world is broken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Broken {
    /// It is not.
    #[default]
    No,
    /// A run that was overtaken can write: conditions on versions are not looked at.
    NoFence,
    /// Every commit takes what it finds for its own.
    NoOwner,
    /// That a change is about to be made is acknowledged and not written.
    NoIntent,
    /// The end of a reset is written, and the target stays as it was.
    EndsWithoutTarget,
    /// A read gives an item as it was before its last write.
    StaleReads,
    /// A commit is acknowledged before it is kept: it is kept with the next one.
    ActsBeforeAcceptance,
    /// The queue takes a message and loses it.
    LosesMessages,
}

/// A compare-and-swap table.
#[derive(Default)]
pub struct Table {
    pub broken: Broken,
    pub items: HashMap<Key, Item>,
    /// The items as they were before their last write.
    before: HashMap<Key, Option<Item>>,
    /// What is acknowledged and not kept yet.
    behind: Vec<Write>,
}

impl Table {
    pub fn new(broken: Broken) -> Table {
        Table {
            broken,
            ..Table::default()
        }
    }

    pub fn get(&self, key: &Key) -> Option<Item> {
        match self.broken {
            Broken::StaleReads => match self.before.get(key) {
                Some(before) => before.clone(),
                None => self.items.get(key).cloned(),
            },
            _ => self.current(key),
        }
    }

    /// The item with what was acknowledged for it.
    fn current(&self, key: &Key) -> Option<Item> {
        let behind = self.behind.iter().find(|write| write.key == *key);
        match behind.and_then(|write| write.item.as_ref()) {
            Some(item) => Some(item.clone()),
            None => self.items.get(key).cloned(),
        }
    }

    /// All writes, or none and what was found. `keep` sees each write before it is kept, and the item that was there.
    pub fn commit(
        &mut self,
        writes: &[Write],
        mut keep: impl FnMut(Option<&Item>, &Write),
    ) -> Result<(), StoreError> {
        if !writes.iter().all(|write| self.is_met(write)) {
            let found = writes.iter().map(|write| self.found(write)).collect();
            return Err(StoreError::Conflict(found));
        }
        let mut kept: Vec<Write> = writes
            .iter()
            .filter_map(|write| self.damaged(write, writes))
            .collect();
        if self.broken == Broken::ActsBeforeAcceptance {
            std::mem::swap(&mut kept, &mut self.behind);
        }
        for write in kept {
            keep(self.items.get(&write.key), &write);
            if let Some(item) = write.item {
                let before = self.items.insert(write.key.clone(), item);
                self.before.insert(write.key, before);
            }
        }
        Ok(())
    }

    fn is_met(&self, write: &Write) -> bool {
        let version = self.current(&write.key).map(|item| item.version);
        match write.condition {
            Condition::Absent => version.is_none(),
            Condition::Version(_) if self.broken == Broken::NoFence => true,
            Condition::Version(wanted) => version == Some(wanted),
        }
    }

    /// What a write whose condition is not met found.
    fn found(&self, write: &Write) -> Option<Item> {
        if self.is_met(write) {
            return None;
        }
        let mut item = self.current(&write.key);
        if let (Broken::NoOwner, Some(item), Some(new)) = (self.broken, &mut item, &write.item) {
            item.writer = new.writer;
        }
        item
    }

    /// What a broken table makes of a write; `None` if it drops it.
    fn damaged(&self, write: &Write, all: &[Write]) -> Option<Write> {
        let Key(key) = &write.key;
        let mut write = write.clone();
        match self.broken {
            Broken::NoIntent if key.starts_with("reset#") => {
                if let Some(item) = write.item.as_mut() {
                    item.body = item.body.replace(r#""trying""#, r#""pending""#);
                }
            }
            Broken::EndsWithoutTarget if key.starts_with("target#") => {
                let is_claim = all.iter().any(|other| other.key.0.starts_with("approval#"));
                return is_claim.then_some(write);
            }
            _ => {}
        }
        Some(write)
    }
}
