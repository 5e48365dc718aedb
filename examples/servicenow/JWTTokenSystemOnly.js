// The JWT API script of README.md, step 2: only `system` signs.
var JWTTokenSystemOnly = Class.create();
JWTTokenSystemOnly.prototype = Object.extend(new JWTTokenInternal(), {
    initialize: function (jwtProviderID) {
        JWTTokenInternal.prototype.initialize.call(this, jwtProviderID);
    },

    isAllowedToGenerateJWT: function () {
        return gs.getSession().getUserName() == 'system';
    },

    type: 'JWTTokenSystemOnly'
});
