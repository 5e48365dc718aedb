//! One process in the place of a Lambda environment: it gets a whole processor until it asks for its first event, and
//! from then on the share that Lambda gives a function of its size.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use crate::Result;

/// As Lambda's scheduler counts it.
const PERIOD: Duration = Duration::from_millis(20);

/// What a process gets of a processor after its start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Share {
    Whole,
    /// In hundredths.
    Part(u32),
}

/// Whether this machine lets us hold a process to a share.
///
/// # Errors
/// Why it does not.
pub fn can_hold() -> Result<()> {
    let mut child = Command::new("sleep").arg("60").spawn()?;
    let held = Group::with(child.id()).and_then(|group| group.hold(PERIOD / 2).map(|()| group));
    child.kill()?;
    child.wait()?;
    held.map(drop)
}

/// A process, which is ended when this is dropped, in a control group of its own where it gets a share.
pub struct Process {
    child: Child,
    group: Option<Group>,
    share: Share,
}

impl Process {
    /// Takes it in before it has done anything that counts.
    ///
    /// # Errors
    /// If it is to get a share, and this machine's control groups are not ours.
    pub fn new(child: Child, share: Share) -> Result<Process> {
        let group = match share {
            Share::Whole => None,
            Share::Part(_) => Some(Group::with(child.id())?),
        };
        let process = Process {
            child,
            group,
            share,
        };
        Ok(process)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Begins to hold it to its share.
    pub fn is_ready(&self) -> Result<()> {
        match (&self.group, self.share) {
            (Some(group), Share::Part(hundredths)) => group.hold(PERIOD * hundredths / 100),
            _ => Ok(()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A control group of the kernel's: cpu(4) of version 1, or cpu.max of version 2.
struct Group {
    path: PathBuf,
    is_version_2: bool,
}

impl Group {
    fn with(process: u32) -> Result<Group> {
        let (root, is_version_2) = match Path::new("/sys/fs/cgroup/cpu").is_dir() {
            true => ("/sys/fs/cgroup/cpu", false),
            false => ("/sys/fs/cgroup", true),
        };
        let group = Group {
            path: Path::new(root).join(format!("bench-{process}")),
            is_version_2,
        };
        fs::create_dir(&group.path).map_err(|error| {
            format!("a share of a processor needs control groups, as root: {error}")
        })?;
        fs::write(group.path.join("cgroup.procs"), process.to_string())?;
        Ok(group)
    }

    fn hold(&self, quota: Duration) -> Result<()> {
        let (quota, period) = (quota.as_micros(), PERIOD.as_micros());
        if self.is_version_2 {
            fs::write(self.path.join("cpu.max"), format!("{quota} {period}"))?;
        } else {
            fs::write(self.path.join("cpu.cfs_period_us"), period.to_string())?;
            fs::write(self.path.join("cpu.cfs_quota_us"), quota.to_string())?;
        }
        Ok(())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The kernel may need a moment to see that the process has ended.
        for _ in 0..50 {
            if fs::remove_dir(&self.path).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
