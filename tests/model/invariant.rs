//! What must always hold, by name.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Invariant {
    ApprovalOnce = 1,
    DeliveryOnce = 2,
    AcceptedFirst = 4,
    IntentFirst = 8,
    NoChangeAfterTheLease = 16,
    NoClaimOnAFreeze = 32,
    Cap = 64,
    NeverBack = 128,
    NoFalseSuccess = 256,
    NoteOnce = 512,
    AnswerFromARecord = 1024,
    /// These are read off the state.
    OneRunning,
    HeldByARun,
    EveryRequestEnds,
}

use Invariant::*;

impl Invariant {
    pub const ALL: [Invariant; 14] = [
        ApprovalOnce,
        DeliveryOnce,
        AcceptedFirst,
        IntentFirst,
        NoChangeAfterTheLease,
        NoClaimOnAFreeze,
        Cap,
        NeverBack,
        NoFalseSuccess,
        NoteOnce,
        AnswerFromARecord,
        OneRunning,
        HeldByARun,
        EveryRequestEnds,
    ];

    pub fn bit(self) -> u16 {
        self as u16
    }

    pub fn name(self) -> &'static str {
        match self {
            ApprovalOnce => "an approval is used at most once",
            DeliveryOnce => "a delivery is accepted once, unless it was refused",
            AcceptedFirst => "nothing is changed before the acceptance",
            IntentFirst => "no change without an intent in the record before it",
            NoChangeAfterTheLease => {
                "no change by a run that had lost its lease as it wrote the intent"
            }
            NoClaimOnAFreeze => "no claim on a freeze",
            Cap => "no more claims than the cap allows",
            NeverBack => "a record never goes back",
            NoFalseSuccess => "completed only if everything is done in Graph",
            NoteOnce => "one note, unless a run wrote it after its lease",
            AnswerFromARecord => "an answer 2xx only if there is a record",
            OneRunning => "a target has one running reset at a time",
            HeldByARun => "a target is held exactly while its reset runs",
            EveryRequestEnds => "every accepted request ends, and its notifications are sent",
        }
    }
}
