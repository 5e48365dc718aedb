//! Who we are, from STS. moto does not have this call, so a small server plays it: the query protocol of
//! `sts:GetWebIdentityToken`, and what the policy of template.yaml allows.

use std::collections::HashMap;

use axum::Router;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::routing::post;
use reregister_mfa::aws::Sts;
use reregister_mfa::web_identity::{WebIdentity, WebIdentityError};
use secrecy::ExposeSecret;

/// An error of the query protocol.
fn error(status: StatusCode, code: &str) -> (StatusCode, String) {
    (
        status,
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        ),
    )
}

async fn sts() -> Sts {
    let answer = async |Form(form): Form<HashMap<String, String>>| {
        let is = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
        if !is("Action", "GetWebIdentityToken")
            || !is("SigningAlgorithm", "RS256")
            || !is("DurationSeconds", "300")
        {
            return error(StatusCode::BAD_REQUEST, "ValidationError");
        }
        if !is("Audience.member.1", "api://AzureADTokenExchange")
            || form.contains_key("Audience.member.2")
        {
            return error(StatusCode::FORBIDDEN, "AccessDenied");
        }
        let body = "<GetWebIdentityTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                    <GetWebIdentityTokenResult><WebIdentityToken>a.b.c</WebIdentityToken>\
                    <Expiration>2026-11-24T12:00:00Z</Expiration></GetWebIdentityTokenResult>\
                    <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetWebIdentityTokenResponse>";
        (StatusCode::OK, body.to_owned())
    };
    served(Router::new().route("/", post(answer))).await
}

async fn served(router: Router) -> Sts {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Sts::new(&crate::moto::config_at(&url).await)
}

#[tokio::test]
async fn the_token_is_for_one_audience_signed_with_rs256_and_good_for_300_seconds() {
    let token = sts()
        .await
        .token("api://AzureADTokenExchange")
        .await
        .unwrap();
    assert_eq!(token.expose_secret(), "a.b.c");
}

#[tokio::test]
async fn an_audience_that_the_role_may_not_ask_for_is_refused_and_not_tried_again() {
    let refused = sts()
        .await
        .token("https://elsewhere.example")
        .await
        .unwrap_err();
    assert_eq!(
        refused,
        WebIdentityError::Refused("AccessDenied".to_owned())
    );
}

#[tokio::test]
async fn only_an_error_that_an_administrator_mends_is_a_refusal() {
    let refused = WebIdentityError::Refused;
    let unavailable = WebIdentityError::Unavailable;
    for (status, code, expected) in [
        (
            400,
            "OutboundWebIdentityFederationDisabled",
            refused as fn(String) -> _,
        ),
        (
            403,
            "OutboundWebIdentityFederationDisabledException",
            refused,
        ),
        (400, "JWTPayloadSizeExceededException", refused),
        (403, "AccessDeniedException", refused),
        (400, "ValidationError", refused),
        (400, "Throttling", unavailable),
        (400, "ThrottlingException", unavailable),
        (408, "RequestTimeoutException", unavailable),
        (403, "ExpiredToken", unavailable),
        // The session ends in less than the token's 300 seconds, and another one begins.
        (403, "SessionDurationEscalationException", unavailable),
        (500, "InternalError", unavailable),
        (503, "AccessDenied", unavailable),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = async move || error(status, code);
        let sts = served(Router::new().route("/", post(answer))).await;
        let none = sts.token("api://AzureADTokenExchange").await.unwrap_err();
        assert_eq!(none, expected(code.to_owned()));
    }
}
