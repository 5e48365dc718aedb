//! The pictures of the README: the on-call page, and a note as Jira shows it. `make pictures` writes them into the
//! folder PICTURES; without it they go beside the other screenshots.

use std::process::Command;

use crate::notes::Desk;

#[tokio::test]
#[ignore = "needs Node and Chromium: make pictures"]
async fn the_pictures_show_the_product_at_work() {
    let desk = Desk::for_pictures().await;
    let app = &desk.app;
    let scope = "mfa:reregister passkeys:remove";
    let on_call = app.approve_on_call(app.on_call_draft().scope(scope));
    draw(&["page.mjs", &app.url(), &on_call]).await;

    let reply = app
        .send(app.jira(&app.approve(app.draft().scope(scope))))
        .await;
    reply.assert_completed();
    let comments = desk.comments();
    assert_eq!(comments.len(), 1);
    draw(&["note.mjs", "HELP-42", &comments[0]]).await;
}

/// Runs one of the scripts in tests/page/pictures.
async fn draw(arguments: &[&str]) {
    let node = std::env::var("NODE").expect("NODE is set by make pictures");
    let (script, arguments) = arguments.split_first().unwrap();
    let mut command = Command::new(node);
    command
        .arg(format!("pictures/{script}"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page"));
    // The product answers in this thread while Node runs in another.
    let ended = tokio::task::spawn_blocking(move || command.status());
    assert!(ended.await.unwrap().unwrap().success());
}
