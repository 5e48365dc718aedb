// Runs the scripts of examples/servicenow with stand-ins for ServiceNow's objects, and verifies what they sign
// independently. Plain Node, no packages:  node tools/check_servicenow_script.mjs [url]
//
// With a URL it also sends the request there. RESET_KEY, RESET_NUMBER, RESET_PERSON and RESET_APPROVAL say what. With
// RESET_JWKS it signs the approval itself, as the instance would, and writes its public key to that file.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import vm from 'node:vm';

const text = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const script = text('examples/servicenow/business-rule.js');
assert.ok(!/=>|`|\b(let|const|class)\b/.test(script.replace(/\/\/.*/g, '')), 'ES5 alone');

const KEY = process.env.RESET_KEY ?? 'whsec_' + Buffer.from('thirty-two bytes, more or less ok').toString('base64');
const FIELDS = {
    number: process.env.RESET_NUMBER ?? 'RITM0010072',
    approval: 'approved',
    sys_mod_count: '3',
    u_mfa_approvals: process.env.RESET_APPROVAL ?? 'Approved by Sam:\neyJhbGciOiJFUzI1NiJ9.e30.AA\n',
};

function run({ scoped = true, password = KEY, answer = { status: 200, body: '{"note":"Done."}' } } = {}) {
    const sent = { headers: {} };
    const notes = [];
    // As Java does it for a byte string: one byte a character, so that anything beyond ASCII would go wrong.
    function Encryption() {}
    Encryption.prototype.generateMac = (key, algorithm, data) => {
        assert.equal(algorithm, 'HmacSHA256');
        if (!/^[A-Za-z0-9+/]+=*$/.test(key)) return null;
        return createHmac('sha256', Buffer.from(key, 'base64')).update(Buffer.from(data, 'latin1')).digest('base64');
    };
    class GlideRecord {
        get() { return true; }
        update() { notes.push(this.work_notes); }
    }
    class RESTMessageV2 {
        setEndpoint(url) { sent.url = url; }
        setHttpMethod(method) { sent.method = method; }
        setRequestHeader(name, value) { sent.headers[name] = value; }
        setRequestBody(body) { sent.body = body; }
        executeAsync() {
            return {
                waitForResponse(seconds) { assert.ok(seconds <= 60); if (!answer) throw new Error('timed out'); },
                getStatusCode: () => answer.status,
                getBody: () => answer.body,
            };
        }
    }
    const current = {
        getTableName: () => 'sc_req_item',
        getUniqueValue: () => 'ee1197db476cc2904bf15222516d439f',
        getValue: (name) => FIELDS[name] ?? null,
        requested_for: { user_name: process.env.RESET_PERSON ?? 'jürgen.日本🚀@contoso.com' },
    };
    class Provider {
        getCredentialByID() { return password === null ? null : { getAttribute: () => password }; }
    }
    const world = {
        current, previous: null, GlideRecord,
        GlideDateTime: class { getNumericValue() { return Date.now(); } },
        sn_cc: { StandardCredentialsProvider: Provider },
        sn_ws: { RESTMessageV2 },
        [scoped ? 'CertificateEncryption' : 'GlideCertificateEncryption']: Encryption,
    };
    vm.runInNewContext(script, world);
    return { sent, notes };
}

for (const scoped of [true, false]) {
    const { sent, notes } = run({ scoped });
    const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = sent.headers;
    assert.match(id, /^[A-Za-z0-9_-]{1,64}$/);
    assert.match(time, /^[0-9]{10}$/);
    // eslint-disable-next-line no-control-regex
    assert.match(sent.body, /^[\x00-\x7e]*$/);
    const mac = createHmac('sha256', Buffer.from(KEY.slice('whsec_'.length), 'base64'));
    assert.equal(signature, 'v1,' + mac.update(`${id}.${time}.${sent.body}`, 'utf8').digest('base64'));
    const body = JSON.parse(sent.body);
    assert.equal(body.number, FIELDS.number);
    assert.equal(body.state, 'approved');
    assert.equal(body.requested_for, process.env.RESET_PERSON ?? 'jürgen.日本🚀@contoso.com');
    assert.ok(body.approvals.some((word) => word.startsWith('eyJ')));
    assert.deepEqual(notes, ['Done.']);
}

const problem = { title: 'Approval missing', note: 'Refused. No. Do that.', code: 'approval_missing' };
assert.deepEqual(run({ answer: { status: 422, body: JSON.stringify(problem) } }).notes,
    ['Refused. No. Do that. (approval_missing)']);
assert.match(run({ answer: { status: 403, body: '{"Message":"Forbidden"}' } }).notes[0], /no answer \(HTTP 403\)/);
assert.deepEqual(run({ answer: { status: 204, body: '' } }).notes, []);
assert.match(run({ answer: { status: 502, body: 'Internal Server Error' } }).notes[0], /no answer \(HTTP 502\)/);
assert.match(run({ answer: null }).notes[0], /no answer \(HTTP 0\)/);
for (const password of [null, '', 'whsec_', 'whsec_not base64!']) {
    const { sent, notes } = run({ password });
    assert.equal(sent.body, undefined, 'nothing is sent unsigned');
    assert.match(notes[0], /not sent/);
}

// The approval that an instance signs by itself.
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const readme = text('examples/servicenow/README.md');
const restricted = text('examples/servicenow/JWTTokenSystemOnly.js');
const mint = text('examples/servicenow/MfaApproval.js');
for (const source of [restricted, mint]) {
    assert.ok(!/=>|`|\b(let|const|class)\b/.test(source.replace(/\/\/.*/g, '')), 'ES5 alone');
}

function instance({ name = 'contoso', decided = true, user = 'system', reason = 'lost', passkey = null } = {}) {
    const encode = (text) => Buffer.from(text).toString('base64url');
    const seconds = Math.floor(Date.now() / 1000);
    const world = {
        Class: { create: () => function () { this.initialize.apply(this, arguments); } },
        gs: { getProperty: () => name, getSession: () => ({ getUserName: () => user }) },
        GlideDateTime: class {
            constructor(text) { this.at = text ? Date.parse(text.replace(' ', 'T') + 'Z') : Date.now(); }
            getNumericValue() { return this.at; }
        },
        GlideRecord: class {
            constructor(table) { assert.equal(table, 'sysapproval_approver'); this.query_ = {}; }
            addQuery(field, value) { this.query_[field] = value; }
            orderByDesc() {}
            setLimit() {}
            query() { assert.deepEqual(this.query_, { sysapproval: ITEM, state: 'approved' }); }
            next() { return decided; }
            getUniqueValue() { return 'a1b2c3d4e5f60718293a4b5c6d7e8f90'; }
            approver = { user_name: 'sam.approver@contoso.example' };
        },
        sn_auth: {
            GlideJWTAPI: class {
                generateJWT(provider, header, payload) {
                    assert.match(provider, /^CHANGE ME/);
                    const rule = new world.JWTTokenSystemOnly(provider);
                    if (!rule.isAllowedToGenerateJWT()) return null;
                    const signed = encode(JSON.stringify({ alg: 'RS256', typ: 'JWT', ...JSON.parse(header) }))
                        + '.' + encode(payload);
                    return signed + '.' + sign('sha256', Buffer.from(signed), privateKey).toString('base64url');
                }
            },
        },
        JWTTokenInternal: function () {},
    };
    world.JWTTokenInternal.prototype.initialize = function () {};
    // Prototype.js, which the platform has.
    const rules = 'Object.extend = Object.assign;';
    const own = mint.replace(/'CHANGE ME: the property instance_name[^']*'/, "'contoso'")
        .replace('https://contoso.service-now.com', 'https://servicenow.contoso.example')
        .replace('https://mfa.contoso.com/webhooks', 'https://mfa.contoso.example/webhooks');
    vm.runInNewContext(rules + restricted + own, world);
    const fields = {
        number: FIELDS.number, u_mfa_method: 'phone_call', u_mfa_via: 'desk', u_mfa_contact_source: 'company_directory',
        u_mfa_verified_at: new Date((seconds - 300) * 1000).toISOString().slice(0, 19).replace('T', ' '),
        u_mfa_reason: reason,
        u_mfa_passkey: passkey,
    };
    const item = {
        getUniqueValue: () => ITEM,
        getValue: (field) => fields[field] ?? null,
        requested_for: { user_name: process.env.RESET_PERSON ?? 'jane.doe@contoso.example' },
        u_mfa_verified_by: { user_name: 'vera.desk@contoso.example' },
    };
    return new world.MfaApproval().mint(item);
}
// The row of a field in the table of examples/servicenow/README.md.
function rowOfField(name) {
    return readme.split('\n').find((line) => line.startsWith(`| \`${name}\``));
}
const ITEM = 'ee1197db476cc2904bf15222516d439f';

const token = instance();
const [head, payload, signature] = token.split('.');
const read = (part) => JSON.parse(Buffer.from(part, 'base64url'));
assert.ok(verify('sha256', Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, 'base64url')));
assert.deepEqual(Object.keys(read(head)).sort(), ['alg', 'kid', 'typ']);
assert.equal(read(payload).exp - read(payload).iat, 900);
assert.equal(read(payload).verification[0].verified_by, 'vera.desk@contoso.example');
assert.equal(read(payload).reason, 'lost');
for (const reason of ['', null]) {
    assert.ok(!('reason' in read(instance({ reason }).split('.')[1])), 'a reason that was not given is left out');
}
const scope = (passkey) => read(instance({ passkey }).split('.')[1]).scope;
const choices = [...rowOfField('u_mfa_passkey').matchAll(/`([a-z]+:[a-z]+)`/g)].map((match) => match[1]);
assert.deepEqual(choices, ['passkeys:remove', 'passkeys:keep', 'lockout:accept']);
for (const choice of choices) {
    assert.equal(scope(choice), `mfa:reregister ${choice}`);
}
for (const unanswered of ['', null]) {
    assert.equal(scope(unanswered), 'mfa:reregister');
}
assert.equal(read(instance().split('.')[1]).jti, read(payload).jti, 'sent again, it is the same approval');
assert.equal(instance({ name: 'contosotest' }), '', 'a clone signs nothing');
assert.equal(instance({ decided: false }), '', 'what was not approved is not signed');
assert.equal(instance({ user: 'admin' }), '', 'only system signs');

if (process.env.RESET_JWKS) {
    const key = { ...publicKey.export({ format: 'jwk' }), kid: 'servicenow-2026', alg: 'RS256', use: 'sig' };
    writeFileSync(process.env.RESET_JWKS, JSON.stringify({ keys: [key] }));
    FIELDS.u_mfa_approvals = token;
}

if (process.argv[2]) {
    const { sent } = run();
    const answer = await fetch(process.argv[2], { method: sent.method, headers: sent.headers, body: sent.body });
    console.log(answer.status, await answer.text());
}
console.log('business-rule.js signs what Standard Webhooks verifies');
console.log(`MfaApproval.js signs an approval of ${token.length} characters`);
