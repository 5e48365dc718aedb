// A person signs in to an app that uses oauth4webapi, a client that its makers certified for OpenID Connect, at the
// simulated tenant, which tests/microsoft.rs starts and describes in the environment. The client makes PKCE, state and
// nonce, and checks state, nonce, issuer, audience, times and the signature of the id_token.

import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';

const { BASE_URL, TENANT, SIGN_APP, SIGN_SECRET, REDIRECT_URI, PERSON } = process.env;
const issuer = new URL(`${BASE_URL}/${TENANT}/v2.0`);
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
const client = { client_id: SIGN_APP };

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const authorize = new URL(server.authorization_endpoint);
authorize.search = new URLSearchParams({
    client_id: SIGN_APP,
    response_type: 'code',
    response_mode: 'fragment',
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile',
    prompt: 'login',
    login_hint: PERSON,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
}).toString();

const page = await (await fetch(authorize)).text();
const action = page.match(/<form method="post" action="([^"]+)">/)[1].replaceAll('&amp;', '&');
const person = page.match(/<button name="user" value="([^"]+)" autofocus>Sign in as Adele Vance</)[1];
const back = await fetch(new URL(action, authorize), {
    method: 'POST',
    body: new URLSearchParams({ user: person }),
    redirect: 'manual',
});
assert.equal(back.status, 302);
const location = new URL(back.headers.get('location'));
const answer = oauth.validateAuthResponse(server, client, new URLSearchParams(location.hash.slice(1)), state);

const redeem = (method) =>
    oauth.authorizationCodeGrantRequest(server, client, method, answer, REDIRECT_URI, verifier);
const response = await redeem(oauth.ClientSecretPost(SIGN_SECRET));
const result = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
});
await oauth.validateApplicationLevelSignature(server, response);
const claims = oauth.getValidatedIdTokenClaims(result);
assert.deepEqual([claims.aud, claims.roles, claims.nonce], [SIGN_APP, ['Verifier'], nonce]);

// The code is used up.
const again = await redeem(oauth.ClientSecretPost(SIGN_SECRET));
await assert.rejects(oauth.processAuthorizationCodeResponse(server, client, again), (error) => {
    assert.match(error.error_description, /^AADSTS54005: /);
    return error.error === 'invalid_grant';
});
