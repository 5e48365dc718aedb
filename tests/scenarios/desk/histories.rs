//! Random histories: sessions, drafts, sign-ins by right and wrong people, false tokens, repeated codes, lost groups,
//! rotated keys, failing removals, the worker, messages that come twice, and processes that die between any two calls.
//! Whatever happens, a reset rests on two good signatures of two people, no verification serves two resets, and every
//! approval that was kept is submitted in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use reregister_mfa::clock::Timestamp;
use reregister_mfa::ids::Digest;
use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::{Key, Wake};
use serde_json::{Value, json};
use simulated::entra::{Changes, Fault, Method, OldKey};

use super::mortal::World as Mortals;
use super::{APPROVERS, Browser, SAM_ID, VICTOR_ID};
use crate::test_app::{ADA, ADELE, JANE, SAM, VERA, VICTOR, without_cool_down};

/// From which seed on, and how many: 15 others each day. `make histories` takes 2,000, which is minutes;
/// `FIRST_SEED=17 HISTORIES=1` takes one again.
fn seeds() -> Range<u64> {
    let number = |name, default| {
        let set = std::env::var(name).ok();
        set.map_or(default, |text| text.parse().unwrap())
    };
    let histories = number("HISTORIES", 15);
    let day = Timestamp::now().as_second() / (24 * 60 * 60);
    let first = number("FIRST_SEED", u64::try_from(day).unwrap() * histories);
    first..first + histories
}

/// SplitMix64.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }
}

/// What is known of a draft: who may sign it, and whether it was signed well.
struct Known {
    draft: Value,
    session: usize,
    signer: &'static str,
    is_signed_well: bool,
}

const SIGNERS: [&str; 4] = [VERA, VICTOR, SAM, ADA];

/// Their object ids, as the trail names them.
fn id_of(signer: &str) -> &'static str {
    match signer {
        VERA => "a1000000-0000-4000-8000-00000000000d",
        VICTOR => VICTOR_ID,
        SAM => SAM_ID,
        ADA => "a1000000-0000-4000-8000-000000000010",
        other => panic!("{other} signs nothing here"),
    }
}

struct World<'a> {
    mortals: &'a Mortals,
    chance: Chance,
    sessions: Vec<(Browser<'a>, &'static str)>,
    known: Vec<Known>,
    cases: Vec<String>,
    /// The cases whose rejection was answered as in time.
    rejected: BTreeSet<String>,
    codes: Vec<(usize, String)>,
    deaths: usize,
}

impl World<'_> {
    async fn step(&mut self) {
        if self.chance.one_in(4) {
            self.mortals.mortal.dies_after(self.chance.below(45));
        }
        match self.chance.below(13) {
            0 => {
                let who = SIGNERS[self.chance.below(SIGNERS.len())];
                let mut browser = Browser::new(&self.mortals.app);
                let may_sign_in = browser.code(who, "x").await.is_ok();
                if may_sign_in && browser.look(who).await.status == 200 {
                    self.sessions.push((browser, who));
                }
                self.mortals.app.clock.pass(Duration::from_secs(1));
            }
            1 | 2 => self.draft_verification().await,
            3 | 4 => self.draft_approval().await,
            5..=7 => self.sign().await,
            8 => self.repeat_a_code().await,
            9 => self.disturb(),
            10 => self.reject().await,
            11 => self.redeliver().await,
            _ => {
                let minutes = [1, 3, 7][self.chance.below(3)];
                let time = Duration::from_secs(60 * minutes);
                self.deaths += usize::from(self.mortals.wait(time, None).await);
            }
        }
        self.deaths += usize::from(self.mortals.mortal.begins_anew());
    }

    /// A message about any draft comes once more.
    async fn redeliver(&mut self) {
        if self.known.is_empty() {
            return;
        }
        let nth = self.chance.below(self.known.len());
        let id = self.known[nth].draft["id"].as_str().unwrap();
        let wake = Wake::Draft(id.try_into().unwrap());
        let _comes_again = self.mortals.app.app.wake(wake, None).await;
    }

    async fn reject(&mut self) {
        let (Some(session), false) = (self.any_session(), self.cases.is_empty()) else {
            return;
        };
        let case = self.cases[self.chance.below(self.cases.len())].clone();
        let path = format!("/desk/cases/{case}/rejection");
        let (browser, _) = &self.sessions[session];
        let answer = browser.post(&path, &json!({"reason": "no"})).await;
        if answer.status == 200 {
            self.rejected.insert(case);
        }
    }

    async fn draft_verification(&mut self) {
        let target = [JANE, ADELE][self.chance.below(2)];
        let Some(session) = self.session_of(&[VERA, VICTOR]) else {
            return;
        };
        let (browser, who) = &self.sessions[session];
        let reply = browser.draft_verification(target).await;
        self.keep(reply.json, session, who);
    }

    async fn draft_approval(&mut self) {
        if self.cases.is_empty() {
            return;
        }
        let case = self.cases[self.chance.below(self.cases.len())].clone();
        let Some(session) = self.session_of(&[SAM, ADA, VICTOR]) else {
            return;
        };
        let (browser, who) = &self.sessions[session];
        let reply = browser.draft_approval(&case).await;
        self.keep(reply.json, session, who);
    }

    fn keep(&mut self, draft: Value, session: usize, signer: &'static str) {
        if draft["text"].is_string() {
            self.known.push(Known {
                draft,
                session,
                signer,
                is_signed_well: false,
            });
        }
    }

    fn any_session(&mut self) -> Option<usize> {
        (!self.sessions.is_empty()).then(|| self.chance.below(self.sessions.len()))
    }

    /// Mostly one of these people's.
    fn session_of(&mut self, people: &[&str]) -> Option<usize> {
        let theirs = |session: &usize| people.contains(&self.sessions[*session].1);
        let theirs: Vec<usize> = (0..self.sessions.len()).filter(theirs).collect();
        if theirs.is_empty() || self.chance.one_in(4) {
            return self.any_session();
        }
        Some(theirs[self.chance.below(theirs.len())])
    }

    /// Signs in for a draft, often the latest: mostly the right person with a true token.
    async fn sign(&mut self) {
        if self.known.is_empty() {
            return;
        }
        let mut nth = self.chance.below(self.known.len());
        if self.chance.one_in(2) {
            nth = self.known.len() - 1;
        }
        let for_another = self.chance.one_in(8);
        let other = self.chance.below(self.known.len());
        let nonce_of = if for_another { other } else { nth };
        let known = &self.known[nth];
        let mut who = known.signer;
        if self.chance.one_in(6) {
            who = SIGNERS[self.chance.below(SIGNERS.len())];
        }
        let (changes, is_true) = match self.chance.below(10) {
            0 => (Changes::none().without("acrs"), false),
            1 => (Changes::none().claim("auth_time", 1), false),
            2 => (Changes::none().claim("roles", json!(["Other"])), false),
            _ => (Changes::none(), true),
        };
        let (browser, _) = &mut self.sessions[known.session];
        browser.changes = changes;
        if !self.chance.one_in(4) {
            // Else it may be the sign-in of another text.
            self.mortals.app.clock.pass(Duration::from_secs(1));
        }
        let nonce = self.known[nonce_of].draft["nonce"].as_str().unwrap();
        let code = browser.code(who, nonce).await;
        browser.changes = Changes::none();
        let Ok(code) = code else { return };
        self.codes.push((nth, code.clone()));
        let reply = browser.redeem(&self.known[nth].draft, &code).await;
        let is_good = is_true && who == self.known[nth].signer && nonce_of == nth;
        self.known[nth].is_signed_well |= is_good;
        if let Some(case) = reply.json["case"].as_str() {
            self.cases.push(case.to_owned());
        }
    }

    async fn repeat_a_code(&mut self) {
        if self.codes.is_empty() {
            return;
        }
        let (_, code) = self.codes[self.chance.below(self.codes.len())].clone();
        let nth = self.chance.below(self.known.len());
        let (browser, _) = &self.sessions[self.known[nth].session];
        browser.redeem(&self.known[nth].draft, &code).await;
    }

    fn disturb(&mut self) {
        let app = &self.mortals.app;
        match self.chance.below(5) {
            0 => app
                .tenant
                .fail(Fault::on("DELETE", "Methods").times(3).status(503)),
            1 => app.tenant.leave_group(APPROVERS.parse().unwrap(), ADA),
            2 => app.tenant.rotate_keys(OldKey::Stays),
            3 => app.lose_ends_before(Duration::from_secs(2)),
            _ => {
                for target in [JANE, ADELE] {
                    app.tenant
                        .register(target, Method::authenticator("New phone"));
                }
            }
        }
    }
}

/// How many resets and how many deaths there were.
async fn history(seed: u64) -> (usize, usize) {
    let mortals = Mortals::new(without_cool_down).await;
    let mut world = World {
        mortals: &mortals,
        chance: Chance(seed),
        sessions: Vec::new(),
        known: Vec::new(),
        cases: Vec::new(),
        rejected: BTreeSet::new(),
        codes: Vec::new(),
        deaths: 0,
    };
    for who in [VERA, SAM] {
        world
            .sessions
            .push((Browser::of(&mortals.app, who).await, who));
    }
    for _ in 0..40 {
        world.step().await;
    }
    mortals.wait(Duration::from_secs(8 * 60 * 60), None).await;

    let well: BTreeMap<&str, &str> = world
        .known
        .iter()
        .filter(|known| known.is_signed_well)
        .map(|known| (known.draft["id"].as_str().unwrap(), known.signer))
        .collect();
    let mut rests_on = BTreeMap::new();
    let mut ended = BTreeSet::new();
    let mut used = BTreeSet::new();
    for event in mortals.mortal.trail.events() {
        match event {
            Event::Allowed { reset, parties, .. } => {
                let approval = &parties.approvals[0];
                let verification = approval.id.jti.to_string();
                let verifier = approval.verification[0].verified_by.to_string();
                let approver = approval.approver.to_string();
                let signed_by = well.get(verification.as_str()).map(|signer| id_of(signer));
                assert_eq!(signed_by, Some(&*verifier), "seed {seed}: {approval:?}");
                assert_ne!(verifier, approver, "seed {seed}");
                let text = |known: &Known| known.draft["text"].as_str().unwrap().to_owned();
                let approved_well = world.known.iter().any(|known| {
                    known.is_signed_well
                        && id_of(known.signer) == approver
                        && text(known).contains("\"kind\":\"approve\"")
                        && text(known).contains(&verification)
                });
                assert!(approved_well, "seed {seed}: {approval:?}");
                rests_on.insert(reset, verification);
            }
            Event::Intended { reset, .. } => {
                assert!(
                    rests_on.contains_key(&reset),
                    "seed {seed}: a change without a decision"
                );
            }
            // It may be written down twice.
            Event::Outcome { outcome, .. } if ended.insert(outcome.reset) => {
                let verification = &rests_on[&outcome.reset];
                assert!(used.insert(verification.clone()), "seed {seed}: used twice");
                let is_rejected = world.rejected.contains(verification);
                assert!(!is_rejected, "seed {seed}: done after a rejection");
            }
            _ => {}
        }
    }
    for id in approvals_kept(&mortals) {
        let digest = Digest::of(format!("desk:{id}").as_bytes()).to_string();
        let keys = mortals.mortal.store.keys();
        let is_submitted = keys.iter().any(|Key(key)| key.contains(&digest));
        assert!(is_submitted, "seed {seed}: {id} was not submitted");
    }
    assert_eq!(mortals.app.queue_length(), 0, "seed {seed}");
    (ended.len(), world.deaths)
}

/// The approvals at the desk whose signature was kept.
fn approvals_kept(mortals: &Mortals) -> Vec<String> {
    let mut kept = Vec::new();
    mortals.mortal.store.look("desk-draft#", |body| {
        let stored: Value = serde_json::from_str(body).unwrap();
        let text = stored["text"].as_str().unwrap();
        let draft: Value = serde_json::from_str(text).unwrap();
        if draft["act"]["channel"] == "desk" {
            kept.push(draft["id"].as_str().unwrap().to_owned());
        }
    });
    kept.retain(|id| mortals.has_signature(id));
    kept
}

#[tokio::test]
async fn no_history_resets_a_person_without_two_good_signatures_of_two_people() {
    let (mut resets, mut deaths) = (0, 0);
    println!("seeds {:?}", seeds());
    for seed in seeds() {
        let (more_resets, more_deaths) = history(seed).await;
        (resets, deaths) = (resets + more_resets, deaths + more_deaths);
    }
    println!("{resets} resets, {deaths} deaths");
    assert!(resets > 0 && deaths > 0);
}
