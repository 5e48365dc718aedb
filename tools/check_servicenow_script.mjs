// Runs the script of docs/servicenow.md with stand-ins for ServiceNow's objects, and verifies what it sends
// independently. Plain Node, no packages:  node tools/check_servicenow_script.mjs [url]
//
// With a URL it also sends the request there. RESET_KEY, RESET_NUMBER, RESET_PERSON and RESET_APPROVAL say what.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const page = readFileSync(new URL('../docs/servicenow.md', import.meta.url), 'utf8');
const script = /```js\n([\s\S]*?)```/.exec(page)[1];
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
    assert.deepEqual(notes, ['MFA reset: Done.']);
}

const problem = { title: 'No.', next: 'Do that.', code: 'approval_missing' };
assert.deepEqual(run({ answer: { status: 422, body: JSON.stringify(problem) } }).notes,
    ['MFA reset: NOT done. No. Do that. (approval_missing)']);
assert.deepEqual(run({ answer: { status: 204, body: '' } }).notes, []);
assert.match(run({ answer: { status: 502, body: 'Internal Server Error' } }).notes[0], /no answer \(HTTP 502\)/);
assert.match(run({ answer: null }).notes[0], /no answer \(HTTP 0\)/);
for (const password of [null, '', 'whsec_', 'whsec_not base64!']) {
    const { sent, notes } = run({ password });
    assert.equal(sent.body, undefined, 'nothing is sent unsigned');
    assert.match(notes[0], /not sent/);
}

if (process.argv[2]) {
    const { sent } = run();
    const answer = await fetch(process.argv[2], { method: sent.method, headers: sent.headers, body: sent.body });
    console.log(answer.status, await answer.text());
}
console.log('the script of docs/servicenow.md signs what Standard Webhooks verifies');
