use simulated::entra::{DefaultMethod, DefaultRefusal, Kind, Method, PASSWORD_ID, PhoneType};

use super::*;

fn message(answer: &Value) -> &str {
    answer["error"]["message"].as_str().unwrap()
}

#[tokio::test]
async fn the_list_has_the_password_and_every_other_method_with_its_type() {
    let client = GraphClient::new().await;
    let (status, answer) = client
        .get(&format!("/v1.0/users/{ADELE}/authentication/methods"))
        .await;
    assert_eq!(status, 200);
    let types: Vec<_> = each(&answer, "@odata.type");
    let expected = [
        "password",
        "phone",
        "phone",
        "phone",
        "microsoftAuthenticator",
        "softwareOath",
        "fido2",
    ];
    assert_eq!(
        types,
        expected.map(|name| format!("#microsoft.graph.{name}AuthenticationMethod"))
    );
    assert_eq!(
        each(&answer, "id")[..4],
        [PASSWORD_ID, MOBILE, ALTERNATE, OFFICE]
    );
    assert_eq!(answer["value"][1]["phoneNumber"], "+1 4255550101");
    assert_eq!(answer["value"][6]["passkeyType"], "deviceBound");
}

#[tokio::test]
async fn a_collection_has_the_methods_of_its_type_and_each_can_be_read_by_its_id() {
    let client = GraphClient::new().await;
    let base = format!("/v1.0/users/{ADELE}/authentication");
    let (_, answer) = client.get(&format!("{base}/phoneMethods")).await;
    assert_eq!(
        each(&answer, "phoneType"),
        ["mobile", "alternateMobile", "office"]
    );
    assert_eq!(
        client.get(&format!("{base}/phoneMethods/{OFFICE}")).await.1["phoneType"],
        "office"
    );
    assert_eq!(
        client.get(&format!("{base}/methods/{OFFICE}")).await.1["@odata.type"],
        "#microsoft.graph.phoneAuthenticationMethod"
    );
    assert_eq!(
        client
            .get(&format!("{base}/softwareOathMethods/{OFFICE}"))
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn six_methods_can_be_deleted_in_the_right_order_with_the_default_last() {
    let client = GraphClient::new().await;
    let (app, oath, key) = (
        client.id_of(ADELE, "microsoftAuthenticator"),
        client.id_of(ADELE, "softwareOath"),
        client.id_of(ADELE, "fido2"),
    );
    let (status, answer) = client
        .remove(ADELE, "microsoftAuthenticatorMethods", &app)
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (400, &json!("badRequest"))
    );
    assert_eq!(
        message(&answer),
        format!(
            "The requested authentication method id of [{app}] matches the user's current \
             default authentication method, and cannot be deleted until the default \
             authentication method is changed"
        )
    );
    assert_eq!(
        answer["error"]["innerError"]["message"],
        answer["error"]["message"]
    );
    let (status, answer) = client.remove(ADELE, "phoneMethods", MOBILE).await;
    assert_eq!(status, 400);
    assert!(message(&answer).contains("without first deleting alternate mobile number"));
    assert_eq!(client.tenant.methods_of(ADELE).len(), 6);

    for (collection, id) in [
        ("softwareOathMethods", oath.as_str()),
        ("phoneMethods", OFFICE),
        ("phoneMethods", ALTERNATE),
        ("phoneMethods", MOBILE),
        ("microsoftAuthenticatorMethods", app.as_str()),
    ] {
        assert_eq!(
            client.remove(ADELE, collection, id).await,
            (StatusCode::NO_CONTENT, Value::Null),
            "{collection}"
        );
    }
    assert_eq!(
        client.tenant.methods_of(ADELE).len(),
        1,
        "a passkey cannot be a default, so it does not block the default"
    );
    assert_eq!(client.remove(ADELE, "fido2Methods", &key).await.0, 204);
    let (status, answer) = client.remove(ADELE, "fido2Methods", &key).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (404, &json!("resourceNotFound"))
    );
    let (_, answer) = client
        .get(&format!("/v1.0/users/{ADELE}/authentication/methods"))
        .await;
    assert_eq!(each(&answer, "id"), [PASSWORD_ID]);
}

#[tokio::test]
async fn refusing_to_delete_the_default_has_two_messages() {
    let client = GraphClient::new().await;
    client
        .tenant
        .set_default_refusal(DefaultRefusal::OthersConfigured);
    let app = client.id_of(ADELE, "microsoftAuthenticator");
    let (_, answer) = client
        .remove(ADELE, "microsoftAuthenticatorMethods", &app)
        .await;
    assert_eq!(
        message(&answer),
        "Cannot delete default method with other methods configured. Please change default \
         method before deletion."
    );
}

#[tokio::test]
async fn of_two_authenticators_the_first_is_the_default_and_is_deleted_after_the_second() {
    let client = GraphClient::new().await;
    client.tenant.register(NESTOR, Method::authenticator("one"));
    client.tenant.register(NESTOR, Method::authenticator("two"));
    client.tenant.set_default(NESTOR, DefaultMethod::Push);
    let methods = client.tenant.methods_of(NESTOR);
    assert_eq!(
        client
            .remove(NESTOR, "softwareOathMethods", &methods[0].id)
            .await
            .0,
        204
    );
    assert_eq!(
        client
            .remove(NESTOR, "microsoftAuthenticatorMethods", &methods[1].id)
            .await
            .0,
        400
    );
    assert_eq!(
        client
            .remove(NESTOR, "microsoftAuthenticatorMethods", &methods[2].id)
            .await
            .0,
        204
    );
    assert_eq!(
        client
            .remove(NESTOR, "microsoftAuthenticatorMethods", &methods[1].id)
            .await
            .0,
        204
    );
}

#[tokio::test]
async fn an_alternate_mobile_that_is_the_default_blocks_both_numbers_until_the_default_changes() {
    let permissions = ["UserAuthenticationMethod.ReadWrite.All"];
    let client = GraphClient::with_permissions(&permissions).await;
    client.tenant.register(
        LIDIA,
        Method::phone(PhoneType::AlternateMobile, "+1 4255550199"),
    );
    client
        .tenant
        .set_default(LIDIA, DefaultMethod::VoiceAlternateMobile);
    assert_eq!(client.remove(LIDIA, "phoneMethods", ALTERNATE).await.0, 400);
    assert_eq!(client.remove(LIDIA, "phoneMethods", MOBILE).await.0, 400);
    let preferences = format!("/beta/users/{LIDIA}/authentication/signInPreferences");
    let set = |default: &str| {
        let change = json!({"userPreferredMethodForSecondaryAuthentication": default});
        client
            .request(Verb::PATCH, &preferences)
            .json(&change)
            .send()
    };
    assert_eq!(set("push").await.unwrap().status(), 400);
    assert_eq!(set("sms").await.unwrap().status(), 204);
    assert_eq!(
        client.get(&preferences).await.1["userPreferredMethodForSecondaryAuthentication"],
        "sms"
    );
    assert_eq!(client.remove(LIDIA, "phoneMethods", ALTERNATE).await.0, 204);
    assert_eq!(client.remove(LIDIA, "phoneMethods", MOBILE).await.0, 204);
}

#[tokio::test]
async fn a_hardware_token_is_under_beta_and_can_be_deactivated_and_deleted() {
    let client = GraphClient::new().await;
    let id = client.id_of(MEGAN, "hardwareOath");
    let types = |answer: &Value| each(answer, "@odata.type").join(" ");
    let (_, v1) = client
        .get(&format!("/v1.0/users/{MEGAN}/authentication/methods"))
        .await;
    let (_, beta) = client
        .get(&format!("/beta/users/{MEGAN}/authentication/methods"))
        .await;
    assert!(!types(&v1).contains("hardwareOath") && types(&beta).contains("hardwareOath"));
    assert!(types(&v1).contains("#microsoft.graph.somethingNewAuthenticationMethod"));

    let token = format!("/beta/users/{MEGAN}/authentication/hardwareOathMethods/{id}");
    assert_eq!(client.get(&token).await.1["device"]["status"], "activated");
    assert_eq!(
        client
            .call(Verb::POST, &format!("{token}/deactivate"))
            .await
            .0,
        204
    );
    assert_eq!(client.get(&token).await.1["device"]["status"], "assigned");
    assert_eq!(
        client.remove(MEGAN, "hardwareOathMethods", &id).await.0,
        400
    );
    assert_eq!(client.delete(&token).await.0, 204);
    assert!(
        client
            .tenant
            .methods_of(MEGAN)
            .iter()
            .all(|method| method.kind != "hardwareOathAuthenticationMethod")
    );
}

#[tokio::test]
async fn every_type_that_can_be_deleted_is_deleted_in_its_own_collection() {
    let client = GraphClient::with_permissions(&["UserAuthenticationMethod.ReadWrite.All"]).await;
    let kinds = [
        (Kind::Email, "emailMethods", "v1.0"),
        (Kind::External, "externalAuthenticationMethods", "v1.0"),
        (
            Kind::PlatformCredential,
            "platformCredentialMethods",
            "v1.0",
        ),
        (
            Kind::TemporaryAccessPass,
            "temporaryAccessPassMethods",
            "v1.0",
        ),
        (
            Kind::WindowsHelloForBusiness,
            "windowsHelloForBusinessMethods",
            "v1.0",
        ),
        (Kind::QrCodePin, "qrCodePinMethod", "beta"),
    ];
    for (kind, collection, version) in kinds {
        let method = Method::of(kind, json!({}));
        let id = if kind == Kind::QrCodePin {
            ""
        } else {
            method.id()
        };
        let path = format!("/{version}/users/{LIDIA}/authentication/{collection}/{id}");
        client.tenant.register(LIDIA, method.clone());
        assert_eq!(client.get(&path).await.0, 200, "{path}");
        assert_eq!(client.delete(&path).await.0, 204, "{path}");
    }
    assert_eq!(client.tenant.methods_of(LIDIA).len(), 1);
}

#[tokio::test]
async fn the_password_cannot_be_deleted_and_the_general_delete_does_not_exist() {
    let client = GraphClient::with_permissions(&["UserAuthenticationMethod.ReadWrite.All"]).await;
    assert_eq!(
        client.remove(ADELE, "passwordMethods", PASSWORD_ID).await.0,
        405
    );
    let (status, answer) = client.remove(ADELE, "methods", MOBILE).await;
    assert_eq!(status, 404);
    assert!(
        answer["Message"]
            .as_str()
            .unwrap()
            .starts_with("No HTTP resource was found that matches the request URI")
    );
    assert!(answer.get("error").is_none());
}

#[tokio::test]
async fn a_deleted_method_is_still_in_as_many_lists_as_the_lag_says() {
    let client = GraphClient::new().await;
    client.tenant.set_deletion_lag(2);
    assert_eq!(client.remove(ADELE, "phoneMethods", OFFICE).await.0, 204);
    assert_eq!(client.remove(ADELE, "phoneMethods", OFFICE).await.0, 404);
    assert_eq!(client.tenant.methods_of(ADELE).len(), 5);
    for shown in [true, true, false] {
        let (_, answer) = client
            .get(&format!("/v1.0/users/{ADELE}/authentication/methods"))
            .await;
        assert_eq!(each(&answer, "id").contains(&OFFICE.to_owned()), shown);
    }
}

#[tokio::test]
async fn a_deleted_method_that_lists_still_show_does_not_block_the_default() {
    let client = GraphClient::new().await;
    client.tenant.set_deletion_lag(9);
    let methods = client.tenant.methods_of(GRACE);
    assert_eq!(client.remove(GRACE, "phoneMethods", MOBILE).await.0, 204);
    assert_eq!(
        client
            .remove(GRACE, "microsoftAuthenticatorMethods", &methods[0].id)
            .await
            .0,
        204
    );
}
