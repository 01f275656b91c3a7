//! A file system of its own in a person's home: small, or of another kind.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Site, left_out};

/// Mounted at `small` in the home, as long as the test runs.
pub struct Small(pub PathBuf);

impl Small {
    /// A tmpfs with these options: `size=4m`.
    pub fn mount(site: &Site, options: &str) -> Option<Small> {
        Small::mount_kind(site, "tmpfs", &["-o", options])
    }

    /// One that knows neither access control lists nor other attributes.
    pub fn mount_plain(site: &Site) -> Option<Small> {
        Small::mount_kind(site, "ramfs", &[])
    }

    /// With another size.
    pub fn resize(&self, size: &str) {
        mount(&["-o", &format!("remount,size={size}")], &self.0);
    }

    fn mount_kind(site: &Site, kind: &str, options: &[&str]) -> Option<Small> {
        if !rustix::process::getuid().is_root() {
            return left_out("a small file system is mounted by root alone");
        }
        let at = site.home(&site.person()).join("small");
        fs::create_dir(&at).unwrap();
        mount(&[&["-t", kind], options, &[kind]].concat(), &at);
        let owner = nix::unistd::User::from_name(&site.person()).unwrap().unwrap();
        chown(&at, Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
        Some(Small(at))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn mount(words: &[&str], at: &Path) {
    assert!(Command::new("mount").args(words).arg(at).status().unwrap().success());
}
