//! The names that people read beside the user principal name, and the link to the Entra admin centre.

use serde_json::json;

use crate::test_app::{JANE, TestApp};

#[tokio::test]
async fn preview_and_outcome_have_the_persons_name_and_the_preview_the_organisations() {
    let app = TestApp::with_policy(|policy| policy.add("organisation", "Contoso")).await;
    let approval = app.approve_on_call(app.on_call_draft());
    let preview = app.preview(&approval).await;
    assert_eq!(preview.json["target_name"], "Jane Doe");
    assert_eq!(preview.json["target"], JANE);
    assert_eq!(preview.json["organisation"], "Contoso");
    // The simulated login is no cloud whose admin centre is known.
    assert_eq!(preview.json["entra_url"], json!(null));

    for _ in ["done", "stored"] {
        let outcome = app.reset_on_call(&approval).await;
        outcome.assert_completed();
        assert_eq!(outcome.json["target_name"], "Jane Doe");
        assert_eq!(outcome.json["entra_url"], json!(null));
    }
    let trail = serde_json::to_string(&app.trail.events()).unwrap();
    assert!(!trail.contains("Jane Doe"), "{trail}");
}

#[tokio::test]
async fn a_display_name_that_hides_something_is_made_harmless_before_it_is_kept() {
    let app =
        TestApp::with_tenant(|users| users.set("users.11.displayName", "Jane\n\u{202e}<b>Doe"))
            .await;
    let approval = app.approve_on_call(app.on_call_draft());
    let preview = app.preview(&approval).await;
    assert_eq!(preview.json["target_name"], "Jane bDoe");
    assert_eq!(preview.json["organisation"], json!(null));
}
