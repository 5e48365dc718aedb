//! What the product does, told as stories: a simulated tenant behind real HTTP, the product behind real HTTP,
//! and time that passes only when it is told to.

mod attacks;
mod house;
mod on_call;
mod outages;
mod privileged;
mod repeats;
mod tickets;
mod trouble;
