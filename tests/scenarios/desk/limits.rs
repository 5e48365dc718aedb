//! How often a person may look, draft and see: as often as the table in docs/desk.md says, and no more.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Browser, JANE_ID, same, with_desk};
use crate::documented::documented;
use crate::test_app::{JANE, SAM, TestApp, VERA};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn contact() -> Value {
    json!({"person": JANE_ID, "contact": "business_phone"})
}

/// The next one is one too many.
async fn is_refused(browser: &Browser<'_>, path: &str) {
    let refused = match path {
        "/desk/people" => browser.post(path, &json!({"person": JANE})).await,
        "/desk/contacts" => browser.post(path, &contact()).await,
        case => browser.get(case).await,
    };
    refused.assert_refused(403, "desk_too_many");
}

#[tokio::test]
async fn a_person_looks_twenty_people_and_contacts_up_in_an_hour_in_whatever_session() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    for _ in 0..10 {
        let found = vera.post("/desk/people", &json!({"person": JANE})).await;
        assert_eq!(found.status, 200, "{found:?}");
        let shown = vera.post("/desk/contacts", &contact()).await;
        assert_eq!(shown.status, 200, "{shown:?}");
    }
    for path in ["/desk/people", "/desk/contacts"] {
        is_refused(&vera, path).await;
        is_refused(&Browser::of(&app, VERA).await, path).await;
    }
    app.clock.pass(HOUR);
    let vera = Browser::of(&app, VERA).await;
    let found = vera.post("/desk/people", &json!({"person": JANE})).await;
    assert_eq!(found.status, 200, "{found:?}");
}

/// A person looked up, so that drafts alone are counted.
async fn about_jane(app: &TestApp) -> Browser<'_> {
    let vera = Browser::of(app, VERA).await;
    vera.post("/desk/people", &json!({"person": JANE})).await;
    vera
}

#[tokio::test]
async fn a_session_has_five_open_drafts_and_a_person_makes_thirty_in_an_hour() {
    let app = with_desk(same).await;
    let body = super::browser::verification(JANE);
    let vera = about_jane(&app).await;
    let draft = async |vera: &Browser<'_>| {
        let draft = vera.post("/desk/drafts", &body).await;
        assert_eq!(draft.status, 200, "{draft:?}");
    };
    for _ in 0..5 {
        draft(&vera).await;
    }
    let sixth = vera.post("/desk/drafts", &body).await;
    sixth.assert_refused(403, "desk_too_many");
    assert!(sixth.detail().contains("waiting"), "{sixth:?}");
    // The refused one counts for the hour, too.
    for open in [5, 5, 5, 5, 4] {
        let vera = about_jane(&app).await;
        for _ in 0..open {
            draft(&vera).await;
        }
    }
    let thirty_first = about_jane(&app).await.post("/desk/drafts", &body).await;
    documented(&thirty_first);
    thirty_first.assert_refused(403, "desk_too_many");
    assert!(thirty_first.detail().contains("hour"), "{thirty_first:?}");
    app.clock.pass(HOUR);
    let next = about_jane(&app).await.post("/desk/drafts", &body).await;
    assert_eq!(next.status, 200, "{next:?}");
}

#[tokio::test]
async fn a_person_sees_sixty_verifications_in_an_hour() {
    let app = with_desk(same).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let path = format!("/desk/cases/{case}");
    let sam = Browser::of(&app, SAM).await;
    for _ in 0..60 {
        assert_eq!(sam.get(&path).await.status, 200);
    }
    is_refused(&sam, &path).await;
    app.clock.pass(HOUR);
    let sam = Browser::of(&app, SAM).await;
    assert_eq!(sam.get(&path).await.status, 200);
}
