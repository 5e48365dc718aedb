// A person signs in to an app that uses Microsoft's own client for Node, with the scopes that it always asks for, at the
// simulated tenant, which tests/microsoft.rs starts and describes in the environment.

import assert from 'node:assert/strict';
import { ConfidentialClientApplication, CryptoProvider } from '@azure/msal-node';

const { BASE_URL, TENANT, SIGN_APP, SIGN_SECRET, REDIRECT_URI, PERSON } = process.env;
const app = new ConfidentialClientApplication({
    auth: {
        clientId: SIGN_APP,
        clientSecret: SIGN_SECRET,
        authority: `${BASE_URL}/${TENANT}`,
        // Without it msal asks Microsoft whether this login is Microsoft's.
        knownAuthorities: [new URL(BASE_URL).host],
    },
});
const plain = (html) => html.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');

/** What the app gets after the person has clicked on their name. */
async function answered(url) {
    const page = await (await fetch(url)).text();
    const action = plain(page.match(/<form method="post" action="([^"]+)">/)[1]);
    const person = page.match(/<button name="user" value="([^"]+)" autofocus>Sign in as Adele Vance</)[1];
    const back = await fetch(new URL(action, url), {
        method: 'POST',
        body: new URLSearchParams({ user: person }),
        redirect: 'manual',
    });
    if (back.status === 302) {
        const location = new URL(back.headers.get('location'));
        assert.equal(location.origin + location.pathname, REDIRECT_URI);
        return new URLSearchParams(location.search || location.hash.slice(1));
    }
    const form = await back.text();
    assert.equal(plain(form.match(/<form method="post" action="([^"]+)">/)[1]), REDIRECT_URI);
    const inputs = form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g);
    return new URLSearchParams([...inputs].map(([, name, value]) => [name, plain(value)]));
}

for (const responseMode of ['query', 'fragment', 'form_post']) {
    const crypto = new CryptoProvider();
    const { verifier, challenge } = await crypto.generatePkceCodes();
    const [state, nonce] = [crypto.createNewGuid(), crypto.createNewGuid()];
    const scopes = ['email'];
    const url = await app.getAuthCodeUrl({
        scopes,
        redirectUri: REDIRECT_URI,
        responseMode,
        loginHint: PERSON,
        state,
        nonce,
        codeChallenge: challenge,
        codeChallengeMethod: 'S256',
    });
    assert.match(new URL(url).searchParams.get('scope'), /offline_access/);
    const answer = await answered(url);
    assert.equal(answer.get('state'), state, answer.get('error_description'));
    const code = answer.get('code');
    const result = await app.acquireTokenByCode(
        { code, scopes, redirectUri: REDIRECT_URI, codeVerifier: verifier, state, nonce },
        { code, state: answer.get('state') },
    );
    const { aud, roles, email } = result.idTokenClaims;
    assert.deepEqual([aud, roles, email], [SIGN_APP, ['Verifier'], PERSON]);
    assert.equal(result.account.username, PERSON);
}
