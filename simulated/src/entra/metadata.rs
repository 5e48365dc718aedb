//! The documents in which the login describes itself
//! (<https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#fetch-the-openid-configuration-document>).

use serde_json::json;
use uuid::Uuid;

use super::answers::{Answer, LoginError};
use super::state::State;

/// The `claims_supported` of Entra.
const CLAIMS: [&str; 19] = [
    "sub",
    "iss",
    "cloud_instance_name",
    "cloud_instance_host_name",
    "cloud_graph_host_name",
    "msgraph_host",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "nonce",
    "preferred_username",
    "name",
    "tid",
    "ver",
    "at_hash",
    "c_hash",
    "email",
];

/// Whether a document stands for all tenants.
fn is_template(tenant: &str) -> bool {
    ["common", "organizations"].contains(&tenant)
}

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`. For `common` the issuer is a template.
pub(super) fn openid_configuration(state: &State, tenant: &str, base: &str) -> Answer {
    let is_template = is_template(tenant);
    if !is_template && !state.is_called(tenant) {
        let text = format!("Tenant '{tenant}' not found.");
        return LoginError::new(400, "invalid_tenant", 90002, text)
            .answer(&Uuid::new_v4().to_string());
    }
    let id = state.tenant.to_string();
    let (path, issuer) = match is_template {
        true => (tenant, "{tenantid}"),
        false => (id.as_str(), id.as_str()),
    };
    Answer::json(
        200,
        json!({
            "issuer": format!("{base}/{issuer}/v2.0"),
            "authorization_endpoint": format!("{base}/{path}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base}/{path}/oauth2/v2.0/token"),
            "device_authorization_endpoint": format!("{base}/{path}/oauth2/v2.0/devicecode"),
            "end_session_endpoint": format!("{base}/{path}/oauth2/v2.0/logout"),
            // In Entra it is Graph's; here the two have one address.
            "userinfo_endpoint": format!("{base}/oidc/userinfo"),
            "kerberos_endpoint": format!("{base}/{path}/kerberos"),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{base}/{path}/discovery/v2.0/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "claims_supported": CLAIMS,
            "request_uri_parameter_supported": false,
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        }),
    )
    .published()
}

/// `GET /{tenant}/discovery/v2.0/keys`
pub(super) fn key_set(state: &mut State, tenant: &str, base: &str) -> Answer {
    state.sign_ins.key_set_requests += 1;
    if let (false, Err(error)) = (is_template(tenant), state.check_tenant(tenant)) {
        return error.answer(&Uuid::new_v4().to_string());
    }
    let id = state.tenant.to_string();
    Answer::json(200, state.sign_ins.keys.key_set(base, &id)).published()
}

/// `GET /common/discovery/instance`, with which Microsoft's libraries check whether a login belongs to Microsoft.
pub(super) fn instance(state: &State, base: &str) -> Answer {
    let host = base.split_once("://").map_or(base, |(_, host)| host);
    Answer::json(
        200,
        json!({
            "tenant_discovery_endpoint": format!("{base}/{}/v2.0/.well-known/openid-configuration", state.tenant),
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }),
    )
    .published()
}
