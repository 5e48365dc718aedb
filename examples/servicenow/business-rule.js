// The business rule of docs/servicenow.md: signs the approved item and sends it. ES5, for a scoped application or the
// global scope. Change the four lines at the top.
(function executeRule(current, previous /* null when async */) {
    var URL = 'https://CHANGE-ME.lambda-url.eu-west-1.on.aws/webhooks/servicenow'; // output ServiceNowUrl
    var CREDENTIAL = 'CHANGE ME: the sys_id of the credential';
    var UPN = 'user_name'; // or 'email': the field of sys_user with the user principal name
    var FUNCTION_WRITES_NOTES = false; // true with [notes.servicenow] in policy.toml, or all is in the item twice

    // JSON in ASCII alone: it is not documented how generateMac turns other characters into bytes.
    function ascii(json) {
        return json.replace(/[\u007f-\uffff]/g, function (c) {
            return '\\u' + ('0000' + c.charCodeAt(0).toString(16)).slice(-4);
        });
    }

    function tell(text) {
        var record = new GlideRecord(current.getTableName());
        if (record.get(current.getUniqueValue())) {
            record.work_notes = text;
            record.update();
        }
    }

    var body = ascii(JSON.stringify({
        number: String(current.getValue('number')),
        state: String(current.getValue('approval')),
        // The person. On other tables the field may be request.requested_for or caller_id.
        requested_for: String(current.requested_for[UPN]),
        approvals: String(current.getValue('u_mfa_approvals') || '').split(/\s+/)
    }));
    var id = current.getUniqueValue() + '_' + current.getValue('sys_mod_count');
    var time = String(Math.floor(new GlideDateTime().getNumericValue() / 1000));

    var credential = new sn_cc.StandardCredentialsProvider().getCredentialByID(CREDENTIAL);
    var key = credential ? String(credential.getAttribute('password') || '').replace(/^whsec_/, '') : '';
    var signer = typeof CertificateEncryption === 'undefined'
        ? new GlideCertificateEncryption() : new CertificateEncryption();
    var mac = key ? signer.generateMac(key, 'HmacSHA256', id + '.' + time + '.' + body) : null;
    if (!mac) {
        tell('MFA reset: not sent, because the key of the webhook is missing or is not base64.');
        return;
    }

    var status = 0;
    try {
        var request = new sn_ws.RESTMessageV2();
        request.setEndpoint(URL);
        request.setHttpMethod('POST');
        request.setRequestHeader('Content-Type', 'application/json');
        request.setRequestHeader('webhook-id', id);
        request.setRequestHeader('webhook-timestamp', time);
        request.setRequestHeader('webhook-signature', 'v1,' + mac);
        request.setRequestBody(body); // these very bytes are signed
        var response = request.executeAsync();
        response.waitForResponse(60);
        status = Number(response.getStatusCode());
        if (status === 204) {
            return; // it asked for nothing
        }
        var answer = JSON.parse(response.getBody());
        if (!answer.note) {
            throw new Error('an answer of AWS, not of the function');
        }
        if (FUNCTION_WRITES_NOTES && answer.reset) {
            return; // accepted: its end gets a note of the function
        }
        tell(answer.note + (answer.code ? ' (' + answer.code + ')' : ''));
    } catch (error) {
        tell('MFA reset: no answer (HTTP ' + status + '). It may have been done all the same. '
            + 'To ask again, change *Send MFA reset again* and save.');
    }
})(current, previous);
