//! What text is: a script, settings, numbers, a table, or something to read.

use std::sync::LazyLock;

use quarterdeck_types::FileKind;
use regex::{Regex, bytes};

use super::source::Source;
use super::{json, mesh};
use crate::uploads::kind::name as names;
use crate::uploads::kind::reason::Reason;

/// Lines that are looked at.
const MOST_LINES: usize = 400;
const LONGEST_PROGRAM: usize = 32;
/// Words from which on text is read and not looked up.
const PROSE_WORDS: usize = 12;

static XML_ROOT: LazyLock<Option<bytes::Regex>> = LazyLock::new(|| {
    let before = r"(?:<\?[^>]*\?>|<!--(?s:.*?)-->|<!DOCTYPE[^>]*>|\s+)";
    bytes::Regex::new(&format!(r"(?-u)\A{before}*<([A-Za-z_][A-Za-z0-9_:.-]{{0,63}})")).ok()
});
static KEY_VALUE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:[\w.\-/%$\x{fffd}]+(?:[ \t][\w.\-()\x{fffd}]+){0,2}\s*(?:=|:=|:(?:\s|$))|\[[^\]]+\]\s*$|&\w+\s*$|/\s*$)").ok()
});
static TECPLOT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?im)\A\s*(?:#.*\n\s*)*(?:TITLE|VARIABLES)\s*=(?s:.*)^\s*ZONE\b").ok());
static ENSIGHT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\AFORMAT\s+type:\s*ensight").ok());
static FOAM_CLASS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?s)\bFoamFile\s*\{.*?\bclass\s+(\w+)\s*;").ok());
static ABAQUS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?im)^\*(?:NODE|ELEMENT)\b").ok());
static ABAQUS_STEP: LazyLock<Option<bytes::Regex>> = LazyLock::new(|| bytes::Regex::new(r"(?im-u)^\*STEP\b").ok());
static NASTRAN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?im)^BEGIN\s+BULK\b").ok());
static WAVEFRONT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^v(?:[ \t]+-?[0-9.eE+-]+){3,}[ \t\r]*$(?s:.*)^f[ \t]+[0-9]").ok());

type Pattern = LazyLock<Option<Regex>>;

pub(super) fn recognise(source: &Source, name: &str) -> Option<(FileKind, Reason)> {
    if let Some(found) = mesh::text(source) {
        return Some(found);
    }
    let text = decoded(source)?;
    let text = text.as_str();
    if let Some(program) = shebang(text) {
        return Some((FileKind::Script, Reason::Shebang { program: program.into() }));
    }
    let open = names::leaves_open(name);
    let first = text.trim_start().as_bytes().first()?;
    if matches!(first, b'{' | b'[') && (open || names::is_json(name)) {
        let found = json::recognise(text.trim_start().as_bytes(), source.is_whole());
        if found.is_some() {
            return found;
        }
    }
    if *first == b'<'
        && let Some(found) = xml(source, text)
    {
        return Some(found);
    }
    if let Some(found) = marked(source, text) {
        return Some(found);
    }
    if !open {
        return None;
    }
    by_lines(text, source.is_whole())
}

/// The head as text: UTF-8, UTF-16 with its mark, or another encoding such as CP949, whose letters are then unreadable
/// and whose lines and digits are right. `None` for what is no text.
fn decoded(source: &Source) -> Option<String> {
    let head = source.head();
    let wide = |from: fn([u8; 2]) -> u16| {
        char::decode_utf16(head[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]])))
            .map(|c| c.unwrap_or('\u{fffd}'))
            .collect::<String>()
    };
    let text = match head {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(head).into_owned(),
    };
    let odd = |c: char| c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b' | '\x08');
    (!text.is_empty() && !text.contains(odd)).then_some(text)
}

/// The program's name alone: the line is the file's, and the page shows it.
fn shebang(text: &str) -> Option<String> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_whitespace();
    let base = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let mut program = base(words.next()?);
    if program == "env" {
        program = base(words.find(|word| !word.starts_with('-') && !word.contains('='))?);
    }
    let plain = !program.is_empty() && program.len() <= LONGEST_PROGRAM;
    (plain && program.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))).then_some(program)
}

/// By the outermost element.
fn xml(source: &Source, text: &str) -> Option<(FileKind, Reason)> {
    let found = XML_ROOT.as_ref()?.captures(text.as_bytes())?;
    let root = String::from_utf8_lossy(found.get(1)?.as_bytes()).to_ascii_lowercase();
    let of = |kind, format| Some((kind, Reason::format(format)));
    match root.as_str() {
        "vtkfile" => mesh::xml_vtk(source),
        "xdmf" => of(FileKind::Result, "Xdmf"),
        "html" => of(FileKind::Document, "HTML"),
        "svg" => of(FileKind::Document, "SVG"),
        "dolfin" => of(FileKind::Mesh, "DOLFIN XML"),
        "collada" => of(FileKind::Mesh, "COLLADA"),
        "pmml" => of(FileKind::Model, "PMML"),
        "kml" => of(FileKind::Data, "KML"),
        "gpx" => of(FileKind::Data, "GPX"),
        _ => None,
    }
}

/// Formats of text that have a word of their own.
fn marked(source: &Source, text: &str) -> Option<(FileKind, Reason)> {
    let fits = |pattern: &Pattern| pattern.as_ref().is_some_and(|pattern| pattern.is_match(text));
    let of = |kind, format| Some((kind, Reason::format(format)));
    if let Some(found) = FOAM_CLASS.as_ref().and_then(|pattern| pattern.captures(text)) {
        // What OpenFOAM keeps in `constant/polyMesh`, in the directories of its times, and elsewhere.
        return Some(match found.get(1)?.as_str() {
            "vectorField" | "faceList" | "faceCompactList" | "labelList" | "polyBoundaryMesh" | "cellZoneList" => {
                (FileKind::Mesh, Reason::with("OpenFOAM", "polyMesh"))
            }
            "dictionary" => (FileKind::Config, Reason::with("OpenFOAM", "dictionary")),
            _ => (FileKind::Data, Reason::format("OpenFOAM")),
        });
    }
    if text.starts_with("\\documentclass") || text.contains("\n\\documentclass") {
        return of(FileKind::Document, "LaTeX");
    }
    if fits(&TECPLOT) {
        return of(FileKind::Result, "Tecplot");
    }
    if fits(&ENSIGHT) {
        return of(FileKind::Result, "EnSight");
    }
    if fits(&NASTRAN) {
        return of(FileKind::Mesh, "Nastran");
    }
    if fits(&ABAQUS) && !ABAQUS_STEP.as_ref().is_some_and(|pattern| source.contains(pattern)) {
        return Some((FileKind::Mesh, Reason::without("Abaqus", "*STEP")));
    }
    if text.starts_with("NDIME=") || text.contains("\nNDIME=") {
        return of(FileKind::Mesh, "SU2");
    }
    if fits(&WAVEFRONT) { of(FileKind::Mesh, "OBJ") } else { None }
}

/// What most of the lines look like.
fn by_lines(text: &str, whole: bool) -> Option<(FileKind, Reason)> {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(MOST_LINES + 1).collect();
    // The head may end within the last one.
    if (!whole || lines.len() > MOST_LINES) && lines.len() > 1 {
        lines.pop();
    }
    let is_comment =
        |line: &&str| line.trim_start().starts_with(['#', '%', '!', ';']) || line.trim_start().starts_with("//");
    let told: Vec<&str> = lines.iter().copied().filter(|line| !is_comment(line)).collect();
    if told.is_empty() {
        return None;
    }
    let most = |count: usize, percent: usize| count * 100 >= told.len() * percent;

    let numbers: Vec<usize> = told.iter().filter_map(|line| numbers_in(line)).collect();
    if numbers.len() >= 2 && most(numbers.len(), 80) {
        let columns = numbers.iter().max().copied().unwrap_or_default().to_string();
        return Some((FileKind::Data, Reason::NumericColumns { columns: columns.into() }));
    }
    for delimiter in ['\t', ',', ';', '|'] {
        let count = |line: &str| line.matches(delimiter).count();
        let first = count(told[0]);
        let alike = told.iter().filter(|line| count(line) == first).count();
        if first > 0 && told.len() >= 3 && most(alike, 90) {
            return Some((FileKind::Data, Reason::Table { columns: (first + 1).to_string().into() }));
        }
    }
    let pairs = told.iter().filter(|line| KEY_VALUE.as_ref().is_some_and(|pattern| pattern.is_match(line))).count();
    if pairs >= 2 && most(pairs, 60) {
        return Some((FileKind::Config, Reason::KeyValue));
    }
    is_prose(&lines).then_some((FileKind::Document, Reason::Prose))
}

/// How many numbers a line consists of; `None` where something else is in it.
fn numbers_in(line: &str) -> Option<usize> {
    let mut count = 0;
    for word in line.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty()) {
        let is_number = word.len() <= 64
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            // Fortran writes 1.0D+03.
            && word.replace(['D', 'd'], "e").parse::<f64>().is_ok();
        if !is_number {
            return None;
        }
        count += 1;
    }
    (count > 0).then_some(count)
}

/// Words, several in a line, and hardly anything else. Letters that could not be decoded count as letters.
fn is_prose(lines: &[&str]) -> bool {
    let is_word = |word: &&str| {
        let word = word.trim_matches(|c: char| c.is_ascii_punctuation() || "“”‘’…·「」『』".contains(c));
        !word.is_empty() && word.chars().all(|c| c.is_alphabetic() || "'’-\u{fffd}".contains(c))
    };
    let (mut words, mut tokens) = (0, 0);
    for line in lines {
        for token in line.split_whitespace() {
            tokens += 1;
            words += usize::from(is_word(&token));
        }
    }
    words >= PROSE_WORDS && words * 100 >= tokens * 70 && tokens >= 4 * lines.len()
}
