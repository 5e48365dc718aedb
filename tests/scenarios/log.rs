//! The log of every scenario, since a subscriber of one thread may miss what another thread has cached as unwanted.

use std::io;
use std::sync::{Mutex, Once};

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts the log; a scenario that reads it does so first.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true);
        subscriber.with_writer(|| Log).init();
    });
}

/// The lines with this text in them.
pub fn lines_with(text: &str) -> String {
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(text)).collect();
    lines.join("\n")
}
