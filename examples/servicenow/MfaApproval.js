// The script include of README.md, step 4: makes the approval of an approved item. Change the six lines at the
// top.
var MfaApproval = Class.create();
MfaApproval.prototype = {
    INSTANCE: 'CHANGE ME: the property instance_name of the real instance',
    PROVIDER: 'CHANGE ME: the sys_id of the JWT provider',
    KID: 'servicenow-2026',
    ISS: 'https://contoso.service-now.com',
    AUD: 'https://mfa.contoso.com/webhooks',
    UPN: 'user_name', // or 'email': the field of sys_user with the user principal name, as in the rule

    initialize: function () {},

    // The approval of a request item; empty without a decision, or on a clone.
    mint: function (item) {
        var decision = new GlideRecord('sysapproval_approver');
        decision.addQuery('sysapproval', item.getUniqueValue());
        decision.addQuery('state', 'approved');
        decision.orderByDesc('sys_updated_on');
        decision.setLimit(1);
        decision.query();
        if (!decision.next() || String(gs.getProperty('instance_name')) !== this.INSTANCE) {
            return '';
        }
        var now = this.seconds(new GlideDateTime());
        var evidence = {
            method: String(item.getValue('u_mfa_method')),
            verified_by: String(item.u_mfa_verified_by[this.UPN]),
            verified_at: this.seconds(new GlideDateTime(item.getValue('u_mfa_verified_at')))
        };
        if (item.getValue('u_mfa_via')) {
            evidence.via = String(item.getValue('u_mfa_via'));
        }
        if (item.getValue('u_mfa_contact_source')) {
            evidence.contact_source = String(item.getValue('u_mfa_contact_source'));
        }
        var claims = {
            iss: this.ISS,
            aud: this.AUD,
            iat: now,
            exp: now + 900,
            jti: String(decision.getUniqueValue()),
            txn: String(item.getValue('number')),
            sub: String(item.requested_for[this.UPN]),
            act: { sub: String(decision.approver[this.UPN]) },
            scope: 'mfa:reregister',
            verification: [evidence]
        };
        if (item.getValue('u_mfa_passkey')) {
            claims.scope += ' ' + String(item.getValue('u_mfa_passkey'));
        }
        if (item.getValue('u_mfa_reason')) {
            claims.reason = String(item.getValue('u_mfa_reason'));
        }
        var header = JSON.stringify({ kid: this.KID });
        return String(new sn_auth.GlideJWTAPI().generateJWT(this.PROVIDER, header, JSON.stringify(claims)) || '');
    },

    seconds: function (time) {
        return Math.floor(time.getNumericValue() / 1000);
    },

    type: 'MfaApproval'
};
