//! Two at the same moment, in every order in which their calls to the table can come.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::{Item, Key, Store, StoreError, Write};
use serde_json::json;

use super::histories::Chance;
use super::{Browser, about_to_approve, same, with_desk_and};
use crate::memory::MemoryStore;
use crate::test_app::{ADA, JANE, Overrides, SAM, TestApp, VERA};

/// How often two are let go at once.
const ORDERS: u64 = 30;

/// A store before each call to which other tasks may go first.
struct Shuffling {
    store: MemoryStore,
    chance: Mutex<Chance>,
    calls: AtomicU64,
}

impl Shuffling {
    /// Comes back when there were so many more calls, or nothing goes on.
    async fn after(&self, calls: u64) {
        let end = self.calls.load(Ordering::SeqCst) + calls;
        for _ in 0..10_000 {
            if self.calls.load(Ordering::SeqCst) >= end {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn let_others_go_first(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let others = self.chance.lock().unwrap().below(8);
        for _ in 0..others {
            tokio::task::yield_now().await;
        }
    }

    fn count(&self, prefix: &str) -> usize {
        let keys = self.store.keys().into_iter();
        keys.filter(|Key(key)| key.starts_with(prefix)).count()
    }
}

#[async_trait]
impl Store for Shuffling {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.let_others_go_first().await;
        self.store.get(key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.let_others_go_first().await;
        self.store.commit(writes).await
    }
}

async fn shuffled(seed: u64) -> (TestApp, Arc<Shuffling>) {
    let store = Arc::new(Shuffling {
        store: MemoryStore::default(),
        chance: Mutex::new(Chance(seed)),
        calls: AtomicU64::new(0),
    });
    let overrides = Overrides {
        store: Some(store.clone()),
        ..Overrides::default()
    };
    (with_desk_and(same, overrides).await, store)
}

#[tokio::test]
async fn two_sign_ins_for_one_draft_at_once_sign_it_once_and_have_one_reset_done() {
    let mut both_were_redeemed = 0;
    for seed in 0..ORDERS {
        let (app, store) = shuffled(seed).await;
        let (sam, draft) = about_to_approve(&app).await;
        let signatures = store.count("desk-signature#");
        let mut codes = Vec::new();
        for _ in 0..2 {
            app.clock.pass(Duration::from_secs(1));
            let code = sam.code(SAM, draft["nonce"].as_str().unwrap()).await;
            codes.push(code.unwrap());
        }
        let (one, other) =
            tokio::join!(sam.redeem(&draft, &codes[0]), sam.redeem(&draft, &codes[1]));
        for answer in [&one, &other] {
            assert!(
                [200, 202].contains(&answer.status),
                "seed {seed}: {answer:?}"
            );
        }
        app.wait(Duration::from_secs(600)).await;
        assert_eq!(
            store.count("desk-signature#"),
            signatures + 1,
            "seed {seed}"
        );
        assert_eq!(app.has(JANE), ["windowsHelloForBusiness"], "seed {seed}");
        let ended = |name: &str| app.decisions().iter().filter(|one| *one == name).count();
        assert_eq!(
            (ended("allowed"), ended("Completed")),
            (1, 1),
            "seed {seed}"
        );
        both_were_redeemed += usize::from(ended("signed approval") == 2);
    }
    println!("{both_were_redeemed} of {ORDERS}");
    assert!(both_were_redeemed > 0);
}

#[tokio::test]
async fn of_a_rejection_and_an_approval_at_once_one_counts() {
    let (mut approved, mut rejected) = (0, 0);
    for seed in 0..ORDERS {
        let (app, store) = shuffled(seed).await;
        let case = Browser::of(&app, VERA).await.verify(JANE).await;
        let (ada, sam) = (Browser::of(&app, ADA).await, Browser::of(&app, SAM).await);
        let draft = sam.draft_approval(&case).await.json;
        let code = sam.code(SAM, draft["nonce"].as_str().unwrap()).await;
        let code = code.unwrap();
        let path = format!("/desk/cases/{case}/rejection");
        let no = json!({"reason": "it was not her"});
        let says_no = async {
            store.after(seed).await;
            ada.post(&path, &no).await
        };
        let (yes, no) = tokio::join!(sam.redeem(&draft, &code), says_no);
        app.wait(Duration::from_secs(3 * 60 * 60)).await;
        let is_reset = app.has(JANE) == ["windowsHelloForBusiness"];
        match no.status {
            200 => {
                rejected += 1;
                assert!(!is_reset, "seed {seed}: {yes:?}");
                assert!(app.writes().is_empty(), "seed {seed}");
                let code = yes.code();
                let codes = ["desk_rejected", "approval_rejected"];
                assert!(codes.contains(&code), "seed {seed}: {yes:?}");
            }
            _ => {
                approved += 1;
                assert_eq!(no.code(), "desk_approved", "seed {seed}");
                assert!(is_reset, "seed {seed}: {yes:?}");
            }
        }
        let is_end = |event: &Event| matches!(event, Event::Outcome { .. });
        let ends = app
            .trail
            .events()
            .iter()
            .filter(|event| is_end(event))
            .count();
        assert_eq!(ends, usize::from(is_reset), "seed {seed}");
    }
    println!("{approved} approved, {rejected} rejected");
    assert!(approved > 0 && rejected > 0);
}
