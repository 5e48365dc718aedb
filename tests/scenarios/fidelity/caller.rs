//! A caller that asks the simulated tenant for all that it has, also for what the product does not ask.

use reqwest::header::CONTENT_LENGTH;
use reqwest::{Client, Method as Verb};
use serde_json::{Value, json};
use simulated::entra::{Fault, Tenant};

use super::journeys::methods_of_every_kind;
use super::recorder::Traffic;
use crate::test_app::{ADELE, JANE, MEGAN};

const APP: &str = "0b1c2d3e-4f50-4162-8738-495a6b7c8d9e";
const JANES_ID: &str = "a1000000-0000-4000-8000-00000000000b";
/// The id of no person, and of no method.
const UNKNOWN: &str = "a1000000-0000-4000-8000-0000000000ff";

/// The collections of methods, with the type that each is of. The last two only beta has.
const COLLECTIONS: [(&str, &str); 12] = [
    ("emailMethods", "email"),
    ("externalAuthenticationMethods", "external"),
    ("fido2Methods", "fido2"),
    ("microsoftAuthenticatorMethods", "microsoftAuthenticator"),
    ("passwordMethods", "password"),
    ("phoneMethods", "phone"),
    ("platformCredentialMethods", "platformCredential"),
    ("softwareOathMethods", "softwareOath"),
    ("temporaryAccessPassMethods", "temporaryAccessPass"),
    ("windowsHelloForBusinessMethods", "windowsHelloForBusiness"),
    ("hardwareOathMethods", "hardwareOath"),
    ("qrCodePinMethod", "qrCodePin"),
];

struct Caller {
    tenant: Tenant,
    url: String,
    http: Client,
    token: String,
}

impl Caller {
    async fn new(traffic: &Traffic) -> Caller {
        let tenant = Tenant::from_json(include_str!("../../../examples/users.json")).unwrap();
        tenant.grant(&[
            "Directory.Read.All",
            "GroupMember.Read.All",
            "PrivilegedEligibilitySchedule.Read.AzureADGroup",
            "RoleManagement.Read.Directory",
            "User.ReadWrite.All",
            "UserAuthMethod-Password.Read.All",
            "UserAuthenticationMethod.ReadWrite.All",
        ]);
        for method in methods_of_every_kind() {
            tenant.register(JANE, method);
        }
        let mut caller = Caller {
            url: traffic.door(&tenant).await,
            tenant,
            http: Client::new(),
            token: String::new(),
        };
        caller.sign_in().await;
        caller
    }

    async fn sign_in(&mut self) {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", APP),
            ("client_secret", "standard-app-secret"),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let url = format!("{}/contoso.example/oauth2/v2.0/token", self.url);
        let answer = self.http.post(url).form(&form).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        self.token = answer["access_token"].as_str().unwrap().to_owned();
    }

    async fn call(&self, verb: Verb, path: &str, body: Option<Value>) {
        let call = self
            .http
            .request(verb, format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        let call = match body {
            Some(body) => call.json(&body),
            // As Graph demands of a POST.
            None => call.header(CONTENT_LENGTH, 0),
        };
        call.send().await.unwrap();
    }

    async fn get(&self, path: &str) {
        self.call(Verb::GET, path, None).await;
    }

    /// In v1.0 and in beta, where both have it.
    async fn get_both(&self, path: &str) {
        for version in ["v1.0", "beta"] {
            self.get(&format!("/{version}{path}")).await;
        }
    }
}

/// The versions that have a collection.
fn versions(collection: &str) -> &'static [&'static str] {
    match collection {
        "hardwareOathMethods" | "qrCodePinMethod" => &["beta"],
        _ => &["v1.0", "beta"],
    }
}

/// Everything with and without a permission for it, and what is not there.
pub async fn asks_for_everything(traffic: &Traffic) {
    let mut caller = Caller::new(traffic).await;
    read(&caller).await;
    write(&caller).await;

    caller.tenant.grant(&[]);
    caller.sign_in().await;
    read(&caller).await;
    caller.token = "no.token".to_owned();
    caller.get_both(&format!("/users/{JANES_ID}")).await;
    caller.tenant.fail(Fault::on("GET", "groups").status(500));
    caller.get_both("/groups").await;
}

async fn read(caller: &Caller) {
    let every = "id,userPrincipalName,displayName,businessPhones,givenName,jobTitle,mail,mobilePhone,officeLocation,\
                 preferredLanguage,surname,accountEnabled,createdDateTime,userType,externalUserState,\
                 onPremisesSyncEnabled,isManagementRestricted,signInSessionsValidFromDateTime,department,\
                 lastPasswordChangeDateTime,creationType,identities";
    let file: Value = serde_json::from_str(include_str!("../../../examples/users.json")).unwrap();
    let groups = file["groups"].as_array().unwrap();
    let groups: Vec<_> = groups.iter().map(|group| &group["id"]).collect();
    for user in file["users"].as_array().unwrap() {
        let id = user["id"].as_str().unwrap();
        caller.get_both(&format!("/users/{id}")).await;
        for query in ["", "?$select=id,displayName"] {
            let path = format!("/users/{id}/manager{query}");
            caller.get_both(&path).await;
        }
        for version in ["v1.0", "beta"] {
            let path = format!("/{version}/users/{id}/checkMemberGroups");
            let asked = json!({ "groupIds": groups });
            caller.call(Verb::POST, &path, Some(asked)).await;
        }
        caller
            .get_both(&format!("/users/{id}?$select={every}"))
            .await;
        for relation in ["transitiveMemberOf", "ownedObjects"] {
            let path = format!("/users/{id}/{relation}?$top=1&$select=id,displayName");
            caller.get_both(&path).await;
        }
        caller
            .get(&format!(
                "/beta/users/{id}/authentication/signInPreferences"
            ))
            .await;
    }
    caller.get_both(&format!("/users/{UNKNOWN}")).await;
    caller.get_both("/groups?$top=2").await;
    let filter = format!("?$filter=principalId eq '{JANES_ID}'");
    let roles = "/roleManagement/directory";
    for list in [
        "roleAssignments",
        "roleAssignmentScheduleInstances",
        "roleEligibilityScheduleInstances",
    ] {
        caller.get_both(&format!("{roles}/{list}")).await;
        caller.get_both(&format!("{roles}/{list}{filter}")).await;
    }
    let eligibilities = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances";
    caller.get_both(eligibilities).await;
    for group in groups {
        let group = group.as_str().unwrap();
        caller
            .get_both(&format!("{eligibilities}?$filter=groupId eq '{group}'"))
            .await;
    }

    let methods = format!("/users/{JANES_ID}/authentication");
    caller.get_both(&format!("{methods}/methods")).await;
    for method in caller.tenant.methods_of(JANE) {
        caller
            .get_both(&format!("{methods}/methods/{}", method.id))
            .await;
    }
    for (collection, kind) in COLLECTIONS {
        for version in versions(collection) {
            let collection = format!("/{version}{methods}/{collection}");
            caller.get(&collection).await;
            if kind == "qrCodePin" {
                continue;
            }
            caller
                .get(&format!("{collection}/{}", id_of(caller, kind)))
                .await;
            caller.get(&format!("{collection}/{UNKNOWN}")).await;
        }
    }
}

/// The id of Jane's method of this kind. The password's is the same for all people.
fn id_of(caller: &Caller, kind: &str) -> String {
    let all = caller.tenant.methods_of(JANE);
    let of_kind = all
        .into_iter()
        .find(|method| method.kind == format!("{kind}AuthenticationMethod"));
    of_kind.map_or_else(
        || simulated::entra::PASSWORD_ID.to_owned(),
        |method| method.id,
    )
}

async fn write(caller: &Caller) {
    let beta = format!("/beta/users/{JANES_ID}/authentication");
    for default in [
        "push",
        "voiceMobile",
        "voiceAlternateMobile",
        "voiceOffice",
        "oath",
        "sms",
    ] {
        let change = json!({"userPreferredMethodForSecondaryAuthentication": default});
        let path = format!("{beta}/signInPreferences");
        caller.call(Verb::PATCH, &path, Some(change)).await;
        caller.get(&path).await;
    }
    let change = json!({"userPreferredMethodForSecondaryAuthentication": "push"});
    let path = format!("/beta/users/{MEGAN}/authentication/signInPreferences");
    caller.call(Verb::PATCH, &path, Some(change)).await;

    let token = format!(
        "{beta}/hardwareOathMethods/{}",
        id_of(caller, "hardwareOath")
    );
    caller
        .call(Verb::POST, &format!("{token}/deactivate"), None)
        .await;
    caller.get(&token).await;
    for (collection, kind) in COLLECTIONS {
        for version in versions(collection) {
            let collection = format!("/{version}/users/{JANES_ID}/authentication/{collection}");
            let method = match kind {
                "password" => continue,
                "qrCodePin" => collection,
                _ => format!("{collection}/{}", id_of(caller, kind)),
            };
            // The second time there is none.
            caller.call(Verb::DELETE, &method, None).await;
            caller.call(Verb::DELETE, &method, None).await;
        }
    }
    for version in ["v1.0", "beta"] {
        for person in [JANE, ADELE, UNKNOWN] {
            let path = format!("/{version}/users/{person}/revokeSignInSessions");
            caller.call(Verb::POST, &path, None).await;
        }
    }
}
