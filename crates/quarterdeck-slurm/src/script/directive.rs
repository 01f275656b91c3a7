//! One `#SBATCH` line: cutting it into words and options as sbatch does, and writing one.
//!
//! Every rule here was tried on sbatch 22.05: a word may be quoted in part; a backslash takes the next character as it
//! is, inside both kinds of quotes too; outside of quotes `#` begins a comment; nothing else is special.

use super::ScriptError;
use super::options::{Argument, find_long, find_short};

/// Begins a directive, in the first column.
pub(super) const MARK: &str = "#SBATCH";

/// An option as a script gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    pub line: usize,
    /// Its long name without dashes; `hetjob` where a further component begins.
    pub option: String,
    pub value: Option<String>,
}

impl Directive {
    pub(super) fn is_hetjob(&self) -> bool {
        ["hetjob", "packjob"].contains(&self.option.as_str()) && self.value.is_none()
    }
}

/// Reads what stands behind the mark.
pub(super) fn parse_line(text: &str, line: usize) -> Result<Vec<Directive>, ScriptError> {
    let words = words(text, line)?;
    if let [word] = words.as_slice()
        && ["hetjob", "packjob"].contains(&word.as_str())
    {
        return Ok(vec![Directive { line, option: word.clone(), value: None }]);
    }
    let mut directives = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            directives.push(long_option(long, &mut words, line)?);
        } else if let Some(letters) = word.strip_prefix('-') {
            short_options(letters, &mut words, line, &mut directives)?;
        } else {
            return Err(ScriptError::NotAnOption { line, word });
        }
    }
    Ok(directives)
}

/// Writes a directive that sbatch reads back as exactly this value. The value holds no control character.
pub(super) fn write_line(option: &str, value: Option<&str>) -> String {
    match value {
        None => format!("{MARK} --{option}\n"),
        Some(value) => {
            let value = value.replace('\\', r"\\").replace('"', r#"\""#);
            format!("{MARK} --{option}=\"{value}\"\n")
        }
    }
}

fn words(text: &str, line: usize) -> Result<Vec<String>, ScriptError> {
    let mut words = Vec::new();
    let mut rest = text.trim_end_matches('\n').chars().peekable();
    loop {
        while rest.next_if(is_space).is_some() {}
        if rest.peek().is_none() {
            return Ok(words);
        }
        let (mut word, mut open, mut comment) = (String::new(), None, false);
        while let Some(c) = rest.next_if(|c| open.is_some() || !is_space(c)) {
            match c {
                // A backslash before a space does not join words: the space ends the word first.
                '\\' if open.is_none() => word.extend(rest.next_if(|c| !is_space(c))),
                '\\' => word.extend(rest.next()),
                '\'' | '"' if open == Some(c) => open = None,
                '\'' | '"' if open.is_none() => open = Some(c),
                '#' if open.is_none() => {
                    comment = true;
                    break;
                }
                _ => word.push(c),
            }
        }
        if open.is_some() {
            return Err(ScriptError::OpenQuote { line });
        }
        if comment {
            words.extend(Some(word).filter(|word| !word.is_empty()));
            return Ok(words);
        }
        words.push(word);
    }
}

/// C's isspace.
fn is_space(c: &char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

fn long_option(text: &str, words: &mut impl Iterator<Item = String>, line: usize) -> Result<Directive, ScriptError> {
    let (name, glued) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    let known = find_long(name);
    let option = known.map_or(name, |option| option.long).to_owned();
    // One that is not known here is taken to have its value glued, as most people write it.
    let value = match known.map(|option| option.argument) {
        Some(Argument::Required) if glued.is_none() => {
            Some(words.next().ok_or_else(|| ScriptError::NoValue { line, option: option.clone() })?)
        }
        _ => glued,
    };
    Ok(Directive { line, option, value })
}

/// Letters without values may stand together: `-HJ name`.
fn short_options(
    letters: &str,
    words: &mut impl Iterator<Item = String>,
    line: usize,
    directives: &mut Vec<Directive>,
) -> Result<(), ScriptError> {
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        let not_an_option = || ScriptError::NotAnOption { line, word: format!("-{letters}") };
        let option = find_short(letter).ok_or_else(not_an_option)?;
        let glued = Some(rest.as_str()).filter(|rest| !rest.is_empty()).map(str::to_owned);
        let value = match option.argument {
            Argument::None => {
                directives.push(Directive { line, option: option.long.to_owned(), value: None });
                continue;
            }
            Argument::Optional => glued,
            Argument::Required => {
                let value = glued.or_else(|| words.next());
                Some(value.ok_or_else(|| ScriptError::NoValue { line, option: option.long.to_owned() })?)
            }
        };
        directives.push(Directive { line, option: option.long.to_owned(), value });
        break;
    }
    Ok(())
}
