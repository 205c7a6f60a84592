//! Where a file is mounted from, as Linux tells it.
//!
//! A mount holds on to what it was made of. When that is renamed or replaced where it comes from, as `docker run -v
//! ring.json:/etc/shop/ring.json` and the `subPath` of Kubernetes invite to, the mount goes on showing the old file.

use std::fs;
use std::path::{Path, PathBuf};

/// The mount that a file is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    id: u64,
    /// What of its file system is mounted. The system writes the name that this has now.
    root: String,
    point: PathBuf,
}

impl Mount {
    /// The mount of the file that a path leads to, where the system tells of mounts.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let file = fs::canonicalize(path).ok()?;
        Self::among(&fs::read_to_string("/proc/self/mountinfo").ok()?, &file)
    }

    /// Of several at one place the last one is on top.
    fn among(mounts: &str, file: &Path) -> Option<Self> {
        let holding = mounts.lines().filter_map(Self::parse).filter(|mount| file.starts_with(&mount.point));
        holding.max_by_key(|mount| mount.point.components().count())
    }

    /// `id parent device root point ...`, with a blank written as `\040`.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(' ');
        let (id, root, point) = (fields.next()?, fields.nth(2)?, fields.next()?);
        Some(Self { id: id.parse().ok()?, root: root.to_owned(), point: unescaped(point)? })
    }

    /// Whether nothing but this file is mounted there.
    pub(super) fn is_of_the_file_alone(&self, path: &Path) -> bool {
        fs::canonicalize(path).is_ok_and(|file| file == self.point)
    }

    /// Whether what is mounted can lose its name: the root of a file system cannot.
    pub(super) fn can_be_replaced(&self) -> bool {
        self.root != "/"
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Whether what the mount was made of is called otherwise by now, or not at all.
    pub(super) fn was_replaced(&self, now: &Self) -> bool {
        now.is_gone() || (self.is_same(now) && now.root != self.root)
    }

    /// Whether what the mount was made of has no name any more.
    pub(super) fn is_gone(&self) -> bool {
        self.root.ends_with("//deleted")
    }
}

fn unescaped(text: &str) -> Option<PathBuf> {
    let mut parts = text.split('\\');
    let mut path = parts.next()?.to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(3)?;
        path.push(char::from(u8::from_str_radix(code, 8).ok()?));
        path.push_str(rest);
    }
    Some(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 254:0 / / rw - ext4 /dev/vda rw
30 22 0:26 / /etc rw shared:2 - tmpfs tmpfs rw
31 30 254:0 /srv/ring.json /etc/shop/ring.json rw - ext4 /dev/vda rw
32 30 254:0 /srv/my\\040shop /etc/my\\040shop rw - ext4 /dev/vda rw
33 32 254:0 /srv/other /etc/my\\040shop rw - ext4 /dev/vda rw
a line that is something else
";

    fn of(file: &str) -> Mount {
        Mount::among(MOUNTS, Path::new(file)).unwrap()
    }

    #[test]
    fn a_file_is_on_the_innermost_mount_and_on_the_last_one_there() {
        for (file, id) in [
            ("/srv/ring.json", 22),
            ("/etcetera/ring.json", 22),
            ("/etc/ring.json", 30),
            ("/etc/shop/ring.json", 31),
            ("/etc/shop/ring.json.old", 30),
            ("/etc/my shop/ring.json", 33),
        ] {
            assert_eq!(of(file).id, id, "{file}");
        }
    }

    #[test]
    fn only_what_is_not_the_root_of_a_file_system_can_be_replaced() {
        assert!(of("/etc/shop/ring.json").can_be_replaced() && of("/etc/my shop/x").can_be_replaced());
        assert!(!of("/etc/ring.json").can_be_replaced() && !of("/ring.json").can_be_replaced());
    }

    #[test]
    fn a_mount_is_of_something_else_when_its_root_has_another_name_or_none() {
        let before = of("/etc/shop/ring.json");
        let now = |id, root: &str| Mount { id, root: root.to_owned(), ..before.clone() };
        for (now, replaced) in [
            (now(31, "/srv/ring.json"), false),
            (now(31, "/srv/ring.json.old"), true),
            (now(31, "/srv/ring.json//deleted"), true),
            (now(40, "/srv/ring.json"), false),
            (now(40, "/srv/new.json"), false),
            (now(40, "/srv/new.json//deleted"), true),
        ] {
            assert_eq!(before.was_replaced(&now), replaced, "{now:?}");
        }
    }
}
