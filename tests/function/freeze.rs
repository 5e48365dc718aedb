//! An operator who invokes the worker stops resets and lets them go on. The function behind the URL takes no such command.

use std::time::Duration;

use serde_json::{Value, json};
use simulated::function_url;
use simulated::request::Request;
use simulated::runtime_api::{Invocation, RuntimeApi};

use crate::deployment::{Deployment, Entrance};

const TIME: Duration = Duration::from_secs(30);

async fn invoke(api: &RuntimeApi, event: Value) -> Result<Value, String> {
    match api.invoke(event, TIME).await.unwrap() {
        Invocation::Response(bytes) => Ok(serde_json::from_slice(&bytes).unwrap()),
        Invocation::Error { body } => Err(body.to_string()),
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn the_worker_freezes_and_thaws_and_says_how_the_switch_is_set() {
    let deployment = Deployment::new(Entrance::RuntimeApi).await;
    let mut worker = deployment.worker().await;
    let show = json!({"show": "freeze"});
    let clear = json!({
        "standard": false, "privileged": false, "why": null, "since": null, "message": "Resets are not frozen.",
    });
    assert_eq!(invoke(&worker.api, show.clone()).await, Ok(clear.clone()));
    let thaw = invoke(&worker.api, json!({"thaw": "all"})).await.unwrap();
    assert_eq!(
        thaw["message"],
        "The thaw changed nothing. Resets are not frozen."
    );

    let all = json!({"freeze": "all", "why": "SEC-77"});
    let all = invoke(&worker.api, all).await.unwrap();
    assert_eq!(
        (&all["standard"], &all["privileged"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(all["why"], "SEC-77");
    let message = all["message"].as_str().unwrap();
    assert!(
        message.starts_with("Resets are frozen for everyone since "),
        "{message}"
    );

    let standard = json!({"freeze": "standard", "why": "SEC-77"});
    assert_eq!(
        invoke(&worker.api, standard).await,
        Ok(all.clone()),
        "nothing is thawed"
    );
    assert_eq!(invoke(&worker.api, show.clone()).await, Ok(all));

    let rest = invoke(&worker.api, json!({"thaw": "standard"}))
        .await
        .unwrap();
    assert_eq!(
        (&rest["standard"], &rest["privileged"]),
        (&json!(false), &json!(true))
    );
    let message = rest["message"].as_str().unwrap();
    assert!(message.starts_with("The freeze for standard people is lifted. Resets are frozen for"));
    let queue = invoke(&worker.api, json!({"Records": []})).await;
    assert_eq!(queue, Ok(Value::Null), "events of the queue go on");
    assert!(worker.is_up());
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_caller_of_the_function_url_can_neither_freeze_nor_thaw_resets() {
    let deployment = Deployment::new(Entrance::RuntimeApi).await;
    let worker = deployment.worker().await;
    let frozen = json!({"freeze": "all", "why": "SEC-77"});
    let frozen = invoke(&worker.api, frozen).await.unwrap();
    let front = deployment.runtime_api();
    for command in [
        json!({"thaw": "all"}),
        json!({"freeze": "all", "why": "denial of service"}),
        json!({"show": "freeze"}),
    ] {
        for path in ["/", "/resets", "/webhooks/jira", "/freeze", "/thaw"] {
            let request = Request::post_json(path, command.to_string());
            let reply = deployment.send(request).await;
            assert!(reply.status >= 400, "{path} {command}: {reply:?}");
        }
        // As members of the event itself, which a caller of the URL cannot write; nor does the worker take an HTTP event.
        let mut event = function_url::event(&Request::get("/nothing"));
        event
            .as_object_mut()
            .unwrap()
            .extend(command.as_object().unwrap().clone());
        assert!(invoke(&worker.api, event.clone()).await.is_err());
        let _ = invoke(front, event).await;
        assert!(invoke(front, command).await.is_err());
    }
    let now = invoke(&worker.api, json!({"show": "freeze"}))
        .await
        .unwrap();
    assert_eq!(now, frozen);
}

#[tokio::test]
async fn a_freeze_command_of_another_shape_is_an_error_and_so_is_one_while_aws_is_down() {
    // Connections to this port are refused at once.
    let deployment = Deployment::at(Entrance::RuntimeApi, "http://127.0.0.1:9", "x", "x").await;
    let mut worker = deployment.worker().await;
    for wrong in [
        json!({"freeze": "all"}),
        json!({"freeze": "all", "why": ""}),
        json!({"freeze": "all", "why": "two\nlines"}),
        json!({"freeze": null, "why": "x"}),
        json!({"freeze": true, "why": "x"}),
        json!({"freeze": "everyone", "why": "x"}),
        json!({"freeze": "all", "why": "x", "thaw": "all"}),
        json!({"freeze": "all", "why": "x", "Records": []}),
        json!({"freeze": "all", "why": "x", "until": "tomorrow"}),
        json!({"thaw": "none"}),
        json!({"thaw": "all", "why": "x"}),
        json!({"show": "everything"}),
        json!({"frozen": true}),
        json!(["all", "x", null, null]),
    ] {
        let answer = invoke(&worker.api, wrong.clone()).await;
        let error = answer.expect_err(&wrong.to_string());
        assert!(!error.contains("cannot be set"), "{wrong}: {error}");
    }
    let right = json!({"freeze": "all", "why": "x"});
    let error = invoke(&worker.api, right).await.unwrap_err();
    assert!(error.contains("the freeze switch cannot be set"), "{error}");
    assert!(worker.is_up());
}
