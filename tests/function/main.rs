//! The real binary, behind each of its doors.

mod deployment;
mod journeys;
mod robustness;
