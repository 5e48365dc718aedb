//! From authentic to admitted: the rules that depend on the time and on the channel.

use std::ops::Deref;

use super::time_limits::CLOCK_SKEW;
use super::{ApprovalError, Authentic, TimeLimits};
use crate::clock::{self, Timestamp};

/// An approval that was good at the time at which it was admitted.
#[derive(Debug)]
pub struct Approval {
    authentic: Authentic,
}

impl Deref for Approval {
    type Target = Authentic;

    fn deref(&self) -> &Authentic {
        &self.authentic
    }
}

impl AsRef<Authentic> for Authentic {
    fn as_ref(&self) -> &Authentic {
        self
    }
}

impl AsRef<Authentic> for Approval {
    fn as_ref(&self) -> &Authentic {
        &self.authentic
    }
}

impl Authentic {
    /// Judges the approval as of `now`.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn admit(self, now: Timestamp) -> Result<Approval, ApprovalError> {
        self.check(now)?;
        Ok(Approval { authentic: self })
    }

    /// What [`Authentic::admit`] would say.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self, now: Timestamp) -> Result<(), ApprovalError> {
        let limits = TimeLimits::of(self.channel());
        let claims = self.claims();
        let soon = clock::after(now, CLOCK_SKEW);
        if claims.exp <= now {
            return Err(ApprovalError::Expired { exp: claims.exp });
        }
        if claims.iat > soon || claims.nbf.is_some_and(|nbf| nbf > soon) {
            return Err(ApprovalError::NotYet);
        }
        if claims.exp > clock::after(claims.iat, limits.longest_lifetime) {
            return Err(ApprovalError::TooLongLived {
                minutes: limits.longest_lifetime.as_secs() / 60,
            });
        }
        let oldest = clock::before(now, limits.oldest_evidence);
        if claims
            .verification
            .iter()
            .any(|v| v.verified_at < oldest || v.verified_at > soon)
        {
            return Err(ApprovalError::StaleEvidence {
                minutes: limits.oldest_evidence.as_secs() / 60,
            });
        }
        if !claims
            .verification
            .iter()
            .any(|v| v.evidence.counts(claims.reason))
        {
            return Err(ApprovalError::EvidenceOnLostPhone);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use simulated::approval::{Draft, ON_CALL_AUDIENCE, WEBHOOK_AUDIENCE, evidence};
    use simulated::issuer::Issuer;

    use super::*;
    use crate::approval::{
        Algorithm, Audiences, Channel, IssuerPolicy, KeySet, authenticate, parse_unverified,
    };

    const NOW: i64 = 1_790_000_000;
    const MINUTE: i64 = 60;

    /// What becomes, now, of an approval for this channel that is changed first.
    fn admitted(
        channel: Channel,
        change: impl FnOnce(Draft) -> Draft,
    ) -> Result<(), ApprovalError> {
        let issuer = Issuer::es256("https://issuer.example", "k");
        let audience = match channel {
            Channel::Webhook => WEBHOOK_AUDIENCE,
            Channel::OnCall | Channel::Desk => ON_CALL_AUDIENCE,
        };
        let token = issuer.approve(&change(Draft::new(NOW).audience(audience)));
        let policy: IssuerPolicy = toml::from_str(
            "iss = \"https://issuer.example\"\nkeys.file = \"k\"\nalgorithms = [\"ES256\"]\ndomain = \"d\"",
        )
        .unwrap();
        let keys = KeySet::parse(issuer.jwks().to_string().as_bytes(), &[Algorithm::ES256]);
        let audiences = Audiences {
            webhook: WEBHOOK_AUDIENCE.to_owned(),
            on_call: ON_CALL_AUDIENCE.to_owned(),
            desk: None,
        };
        let unverified = parse_unverified(&token).unwrap();
        let authentic = authenticate(&unverified, &policy, &keys.unwrap(), &audiences).unwrap();
        let now = Timestamp::from_second(NOW).unwrap();
        authentic.admit(now).map(drop)
    }

    fn on_ticket(change: impl FnOnce(Draft) -> Draft) -> Result<(), ApprovalError> {
        admitted(Channel::Webhook, change)
    }

    #[test]
    fn an_approval_is_over_in_the_second_of_its_expiry_and_not_before() {
        let exp = Timestamp::from_second(NOW).unwrap();
        assert_eq!(
            on_ticket(|draft| draft.issued_at(NOW - 9).expires_at(NOW)),
            Err(ApprovalError::Expired { exp })
        );
        assert_eq!(
            on_ticket(|draft| draft.issued_at(NOW - 9).expires_at(NOW + 1)),
            Ok(())
        );
    }

    #[test]
    fn the_clock_of_an_issuer_may_be_a_minute_fast_and_no_more() {
        let claims: [fn(Draft, i64) -> Draft; 2] = [
            |draft, at| draft.issued_at(at),
            |draft, at| draft.claim("nbf", at),
        ];
        for set in claims {
            assert_eq!(on_ticket(|draft| set(draft, NOW + MINUTE)), Ok(()));
            assert_eq!(
                on_ticket(|draft| set(draft, NOW + MINUTE + 1)),
                Err(ApprovalError::NotYet)
            );
        }
    }

    #[test]
    fn an_approval_may_be_valid_for_90_minutes_in_a_ticket_and_15_on_call_and_no_more() {
        for (channel, minutes) in [(Channel::Webhook, 90_i64), (Channel::OnCall, 15)] {
            let lasting = |seconds| {
                admitted(channel, |draft| {
                    draft.issued_at(NOW).expires_at(NOW + seconds)
                })
            };
            assert_eq!(lasting(minutes * MINUTE), Ok(()));
            assert_eq!(
                lasting(minutes * MINUTE + 1),
                Err(ApprovalError::TooLongLived {
                    minutes: minutes.unsigned_abs()
                })
            );
        }
    }

    #[test]
    fn evidence_may_be_240_minutes_old_in_a_ticket_and_60_on_call_and_a_minute_ahead() {
        for (channel, minutes) in [(Channel::Webhook, 240_i64), (Channel::OnCall, 60)] {
            let verified = |at| {
                let entries = [
                    evidence("vera@contoso.example", NOW),
                    evidence("vera@contoso.example", at),
                ];
                admitted(channel, |draft| draft.verification(entries))
            };
            let stale = Err(ApprovalError::StaleEvidence {
                minutes: minutes.unsigned_abs(),
            });
            assert_eq!(verified(NOW - minutes * MINUTE), Ok(()));
            assert_eq!(verified(NOW - minutes * MINUTE - 1), stale);
            assert_eq!(verified(NOW + MINUTE), Ok(()));
            assert_eq!(verified(NOW + MINUTE + 1), stale);
        }
    }
}
