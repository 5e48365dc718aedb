//! What is fetched before it is needed, beside the first event.

use std::time::Duration;

use simulated::entra::Fault;

use crate::test_app::TestApp;

/// Waits until Entra has been asked for a token.
async fn asked_for_token(app: &TestApp) {
    while app.tenant.token_requests() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_event_that_comes_during_the_warm_up_waits_for_what_that_fetches() {
    let app = TestApp::new().await;
    let warm_up = app.app.begin_warm_up();
    asked_for_token(&app).await;
    warm_up.event_came();
    app.reset(app.draft()).await.assert_completed();
    assert_eq!(app.tenant.token_requests(), 1);
}

#[tokio::test]
async fn a_warm_up_that_lambda_froze_is_given_up_and_holds_up_no_event() {
    let app = TestApp::new().await;
    app.tenant.fail(Fault::on("POST", "/token").hang());
    let warm_up = app.app.begin_warm_up();
    asked_for_token(&app).await;
    app.clock.pass(Duration::from_secs(2));
    warm_up.event_came();
    // Sooner than the warm-up would have ended by itself.
    let reset = tokio::time::timeout(Duration::from_secs(2), app.reset(app.draft()));
    reset.await.expect("it waits").assert_completed();
    assert_eq!(app.tenant.token_requests(), 2);
}
