//! Things that go wrong on demand: which requests they meet. What happens then is each server's own.

/// Something that goes wrong with certain requests.
///
/// Without more words it is one 503 for the next request that fits.
#[derive(Clone, Debug)]
pub struct Fault<E> {
    method: String,
    path_contains: String,
    times: u32,
    skip: u32,
    effect: E,
}

impl<E: Copy + Default> Fault<E> {
    /// A fault for requests with this method (`*` for any) whose path or query, percent-decoded, contains
    /// this text.
    pub fn on(method: &str, path_contains: &str) -> Self {
        Fault {
            method: method.to_owned(),
            path_contains: path_contains.to_owned(),
            times: 1,
            skip: 0,
            effect: E::default(),
        }
    }

    /// It happens this often, then no more.
    pub fn times(self, times: u32) -> Self {
        Fault { times, ..self }
    }

    /// The first requests that fit go through.
    pub fn skip(self, skip: u32) -> Self {
        Fault { skip, ..self }
    }

    pub(crate) fn with(self, effect: E) -> Self {
        Fault { effect, ..self }
    }

    /// What happens to this request, if anything; counts it.
    pub(crate) fn strike(&mut self, method: &str, target: &str) -> Option<E> {
        let fits =
            (self.method == "*" || self.method == method) && target.contains(&self.path_contains);
        if !fits || self.times == 0 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.effect)
    }
}
