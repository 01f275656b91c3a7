//! Deletes so that it can be taken back: into the space's trash, as the freedesktop.org Trash specification 1.0 lays
//! it out, so that a desktop's file manager and `gio trash` know the same items.
//!
//! The home's trash is `.local/share/Trash`, any other space's `.Trash-<uid>` in its root: always the user's own
//! directory, closed to others, or it is not used. An item's note is written before the item moves, and goes after it
//! moved back: whatever is killed in between, nothing is lost.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use chrono::{Local, NaiveDateTime};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};
use quarterdeck_types::agent::{AgentError, Answer, Entry, ErrorCode, MAX_LIST_ENTRIES, TrashItem};
use quarterdeck_types::{FileName, Place, RelativePath, SpaceName};
use rustix::fs::{AtFlags, Dir, Mode, OFlags, Stat, fstat, mkdirat, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::errors::{During, Outcome};
use crate::files::{CAREFUL, entry, first_names, make_directories, rename_new, stat_name, sync_directory};
use crate::resolve::{Located, Spaces, escape_absolute, open_name};
use crate::uploads::numbered;

const HOMES: &str = ".local/share/Trash";
const NOTE: &[u8] = b".trashinfo";
const DATE: &str = "%Y-%m-%dT%H:%M:%S";
/// A name in the trash leaves room for [`NOTE`] and a number.
const MAX_ITEM_BYTES: usize = 255 - NOTE.len() - 5;
/// So many items of one name are somebody's mistake.
const MAX_NUMBERED: u32 = 9999;
/// A path of 4096 bytes, each escaped, and some room.
const MAX_NOTE_BYTES: u64 = 16 << 10;
/// What a note's path is not written with as it is (RFC 2396's reserved and unwise characters, but for the slash).
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Moves what is there, whatever it is, to its space's trash.
pub(crate) fn put(spaces: &Spaces, at: &Place) -> Outcome<Answer> {
    let at = spaces.locate(at)?;
    let (parent, name) = spaces.open_parent(&at)?;
    let about = stat_name(&parent, name.as_os_str()).during(&at)?;
    let place = place_of(spaces, &at);
    if holds(&place, &at) || holds(&at, &place) {
        return Err(no_trash(&at, "this belongs to the trash itself"));
    }
    let trash = Trash::make(spaces, place)?;
    let path = if trash.is_homes { at.absolute.as_os_str() } else { at.path.as_os_str() };
    let note = format!(
        "[Trash Info]\nPath={}\nDeletionDate={}\n",
        percent_encode(path.as_bytes(), ESCAPED),
        Local::now().format(DATE)
    );
    let short = shortened(&name);
    for number in 0..=MAX_NUMBERED {
        let item = numbered(&short, number);
        match trash.write_note(&item, &note) {
            Err(Errno::EXIST) => continue,
            other => other.during(&at)?,
        }
        match rename_new((parent.as_fd(), name.as_os_str()), (trash.files.as_fd(), item.as_os_str())) {
            Ok(()) => {
                // As far as it goes: a directory that lets us move entries need not let us read it.
                drop((sync_directory(&trash.files), sync_directory(&parent)));
                return Ok(Answer::Trash {
                    items: vec![trash.item(spaces, &item, entry(&item, &about, None))],
                    more: false,
                });
            }
            Err(errno) => {
                trash.remove_note(&item).during(&at)?;
                match errno {
                    Errno::EXIST => {}
                    Errno::XDEV => return Err(no_trash(&at, "this is on another file system than the space's trash")),
                    errno => return Err(errno).during(&at),
                }
            }
        }
    }
    Err(no_trash(&at, "the trash is full of items of this name"))
}

/// One page of a space's trash, ordered by the bytes of the items' names.
pub(crate) fn list(spaces: &Spaces, space: &SpaceName, after: Option<&FileName>, limit: u32) -> Outcome<Answer> {
    let Some(trash) = Trash::open(spaces, space)? else { return Ok(Answer::Trash { items: vec![], more: false }) };
    let limit = limit.clamp(1, MAX_LIST_ENTRIES) as usize;
    let mut names = first_names(&trash.files, after, limit + 1).during(&trash.at)?;
    let more = names.len() > limit;
    names.truncate(limit);
    let mut items = Vec::with_capacity(names.len());
    for name in names {
        match stat_name(&trash.files, name.as_os_str()) {
            Ok(about) => items.push(trash.item(spaces, &name, entry(&name, &about, None))),
            // Restored or removed since its name was read.
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno).during(&trash.at),
        }
    }
    Ok(Answer::Trash { items, more })
}

/// Puts an item back where it was, and never over what is there now.
pub(crate) fn restore(spaces: &Spaces, space: &SpaceName, item: &FileName) -> Outcome<Entry> {
    let gone = || AgentError::new(ErrorCode::NotFound, format!("{space}: there is no \"{item}\" in the trash"));
    let trash = Trash::open(spaces, space)?.ok_or_else(gone)?;
    let about = match stat_name(&trash.files, item.as_os_str()) {
        Err(Errno::NOENT) => return Err(gone()),
        other => other.during(&trash.at)?,
    };
    let place = trash.read_note(spaces, item).map(|note| note.place).ok_or_else(|| {
        let message = format!("{space}: nothing says where \"{item}\" was: move it out of {} yourself", trash.at);
        AgentError::new(ErrorCode::NoTrash, message)
    })?;
    let to = spaces.locate(&place)?;
    if let Some((above, _)) = spaces.split(&to) {
        make_directories(spaces, &above)?;
    }
    let (parent, name) = spaces.open_parent(&to)?;
    rename_new((trash.files.as_fd(), item.as_os_str()), (parent.as_fd(), name.as_os_str())).during(&to)?;
    drop((sync_directory(&parent), sync_directory(&trash.files)));
    trash.remove_note(item).during(&trash.at)?;
    Ok(entry(&name, &about, Some(&to.absolute)))
}

pub(crate) struct Trash {
    at: Located,
    space: SpaceName,
    is_homes: bool,
    files: OwnedFd,
    notes: OwnedFd,
}

/// What is known of an item.
struct Note {
    place: Place,
    deleted_us: Option<i64>,
}

impl Trash {
    fn make(spaces: &Spaces, at: Located) -> Outcome<Trash> {
        let (above, _) = spaces.split(&at).expect("a trash has a name");
        let parent = make_directories(spaces, &above)?;
        Trash::enter(spaces, at, &parent, true)
    }

    /// `None`: nothing was ever put there.
    pub(crate) fn open(spaces: &Spaces, space: &SpaceName) -> Outcome<Option<Trash>> {
        let at = place_of(spaces, &spaces.locate(&Place::In { space: space.clone(), path: RelativePath::default() })?);
        let opened = spaces.open_parent(&at).and_then(|(parent, _)| Trash::enter(spaces, at, &parent, false));
        match opened {
            Err(error) if error.code == ErrorCode::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    fn enter(spaces: &Spaces, at: Located, parent: &OwnedFd, make: bool) -> Outcome<Trash> {
        let (_, name) = spaces.split(&at).expect("a trash has a name");
        let own = own_directory(parent, &name, make).during(&at)?;
        let about = fstat(&own).during(&at)?;
        // In a directory of several people, anyone may have made it.
        if about.st_uid != geteuid().as_raw() || about.st_mode & 0o022 != 0 {
            return Err(no_trash(&at, "this directory is not your own, or is open to others"));
        }
        let within = |name: &str| {
            let name = FileName::parse(name).expect("a name");
            own_directory(&own, &name, make).during(&at)
        };
        let (files, notes) = (within("files")?, within("info")?);
        let space = spaces.name(&at);
        Ok(Trash { is_homes: space == SpaceName::home(), files, notes, at, space })
    }

    fn write_note(&self, item: &FileName, text: &str) -> Result<(), Errno> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | CAREFUL;
        let opened = open_name(&self.notes, note_name(item).as_os_str(), flags, Mode::from_raw_mode(0o600))?;
        let mut file = File::from(opened);
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|error| {
            let _ = self.remove_note(item);
            Errno::from_io_error(&error).unwrap_or(Errno::IO)
        })
    }

    /// What lies in it.
    pub(crate) fn files(&self) -> &OwnedFd {
        &self.files
    }

    /// Each item that came here before a moment (microseconds since 1970), and then the notes of what is not here any
    /// more: somebody may just be putting something else here.
    pub(crate) fn all_before(&self, moment_us: i64, mut each: impl FnMut(&FileName) -> Outcome<()>) -> Outcome<()> {
        let before = |about: &Stat| about.st_ctime * 1_000_000 + about.st_ctime_nsec as i64 / 1000 < moment_us;
        for found in Dir::read_from(&self.files).during(&self.at)? {
            // "." and ".." are no names.
            let Ok(item) = FileName::from_bytes(found.during(&self.at)?.file_name().to_bytes()) else { continue };
            if stat_name(&self.files, item.as_os_str()).is_ok_and(|about| before(&about)) {
                each(&item)?;
            }
        }
        for found in Dir::read_from(&self.notes).during(&self.at)? {
            let found = found.during(&self.at)?;
            let Some(item) = found.file_name().to_bytes().strip_suffix(NOTE) else { continue };
            let Ok(item) = FileName::from_bytes(item) else { continue };
            let old = stat_name(&self.notes, note_name(&item).as_os_str()).is_ok_and(|about| before(&about));
            if old && stat_name(&self.files, item.as_os_str()).is_err_and(|errno| errno == Errno::NOENT) {
                self.remove_note(&item).during(&self.at)?;
            }
        }
        Ok(())
    }

    pub(crate) fn remove_note(&self, item: &FileName) -> Result<(), Errno> {
        match unlinkat(&self.notes, note_name(item).as_os_str(), AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            other => other,
        }
    }

    fn read_note(&self, spaces: &Spaces, item: &FileName) -> Option<Note> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | CAREFUL;
        let opened = open_name(&self.notes, note_name(item).as_os_str(), flags, Mode::empty()).ok()?;
        let mut text = String::new();
        File::from(opened).take(MAX_NOTE_BYTES).read_to_string(&mut text).ok()?;
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        let path: Vec<u8> = percent_decode(value("Path")?.as_bytes()).collect();
        let place = match path.strip_prefix(b"/") {
            Some(rest) => Place::Absolute { absolute: format!("/{}", RelativePath::from_bytes(rest).ok()?) },
            None => Place::In { space: self.space.clone(), path: RelativePath::from_bytes(&path).ok()? },
        };
        spaces.locate(&place).ok()?;
        let deleted = NaiveDateTime::parse_from_str(value("DeletionDate")?, DATE).ok();
        let deleted = deleted.and_then(|local| local.and_local_timezone(Local).earliest());
        Some(Note { place, deleted_us: deleted.map(|date| date.timestamp_micros()) })
    }

    fn item(&self, spaces: &Spaces, name: &FileName, entry: Entry) -> TrashItem {
        let note = self.read_note(spaces, name);
        let was_at = note.as_ref().and_then(|note| spaces.locate(&note.place).ok());
        TrashItem {
            entry,
            was_at: was_at.map(|at| escape_absolute(&at.absolute)),
            deleted_us: note.and_then(|note| note.deleted_us),
        }
    }
}

/// Where the trash of a place's space is.
fn place_of(spaces: &Spaces, at: &Located) -> Located {
    let path = match spaces.name(at) == SpaceName::home() {
        true => HOMES.to_owned(),
        false => format!(".Trash-{}", geteuid().as_raw()),
    };
    spaces.in_same_space(at, RelativePath::parse(&path).expect("a path of letters, digits and dashes"))
}

fn own_directory(parent: &OwnedFd, name: &FileName, make: bool) -> Result<OwnedFd, Errno> {
    if make {
        match mkdirat(parent, name.as_os_str(), Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    open_name(parent, name.as_os_str(), OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | CAREFUL, Mode::empty())
}

/// Whether one place is the other or lies in it, by their paths.
fn holds(above: &Located, at: &Located) -> bool {
    at.absolute.starts_with(&above.absolute)
}

fn note_name(item: &FileName) -> FileName {
    FileName::from_bytes(&[item.as_os_str().as_bytes(), NOTE].concat()).expect("an item's name leaves room")
}

/// Cut at a character's end, so that the name of its note is none too long.
fn shortened(name: &FileName) -> FileName {
    let bytes = name.as_os_str().as_bytes();
    let mut keep = bytes.len().min(MAX_ITEM_BYTES);
    while keep > 0 && keep < bytes.len() && bytes[keep] & 0xc0 == 0x80 {
        keep -= 1;
    }
    FileName::from_bytes(&bytes[..keep]).unwrap_or_else(|_| name.clone())
}

fn no_trash(at: &Located, why: &str) -> AgentError {
    AgentError::new(ErrorCode::NoTrash, format!("{at}: {why}: it can only be deleted for good"))
}
