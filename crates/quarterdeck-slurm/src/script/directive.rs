//! One `#SBATCH` line: cutting it into words and options as sbatch does, and writing one.
//!
//! Every rule here was tried on sbatch 22.05: a word may be quoted in part; a backslash takes the next character as it
//! is, inside both kinds of quotes too; outside of quotes `#` begins a comment; an empty word, and the bare word `hetjob`,
//! end the line; `hetjob` at its begin starts the next component. Two things that sbatch takes are refused here: an option
//! whose value stands on the next line, and a backslash before a space, which ends the word on 22.05 and is part of it on
//! 24.11 and 26.05.

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
        self.option == HETJOB
    }
}

const HETJOB: &str = "hetjob";

/// Reads what stands behind the mark.
pub(super) fn parse_line(text: &str, line: usize) -> Result<Vec<Directive>, ScriptError> {
    if begins_component(text.trim_start_matches(is_space)) {
        return Ok(vec![Directive { line, option: HETJOB.to_owned(), value: None }]);
    }
    let words = words(text, line)?;
    let mut directives = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word == "--" {
            return words.next().map_or(Ok(directives), |word| Err(ScriptError::NotAnOption { line, word }));
        }
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
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(is_space);
        if rest.starts_with(':') {
            return Err(ScriptError::NotAnOption { line, word: ":".to_owned() });
        }
        if begins_component(rest) {
            return Ok(words);
        }
        let (word, behind) = first_word(rest, line)?;
        if word.is_empty() {
            return Ok(words);
        }
        words.push(word);
        rest = behind;
    }
}

/// The next word, and the text behind it: nothing where a comment begins.
fn first_word(text: &str, line: usize) -> Result<(String, &str), ScriptError> {
    let mut word = String::new();
    let mut quote = None;
    let mut rest = text.chars();
    loop {
        let behind = rest.as_str();
        let Some(c) = rest.next() else {
            return if quote.is_none() { Ok((word, "")) } else { Err(ScriptError::OpenQuote { line }) };
        };
        match c {
            _ if quote.is_none() && is_space(c) => return Ok((word, behind)),
            '\\' if quote.is_none() && rest.as_str().starts_with(' ') => {
                return Err(ScriptError::BackslashBeforeSpace { line });
            }
            // Before other white space it does not join words: outside of quotes that ends the word first.
            '\\' if quote.is_none() && rest.as_str().starts_with(is_space) => {}
            '\\' => word.extend(rest.next()),
            '\'' | '"' if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            '#' if quote.is_none() => return Ok((word, "")),
            _ => word.push(c),
        }
    }
}

/// Whether the bare word `hetjob` stands here, or its older name.
fn begins_component(text: &str) -> bool {
    let word = text.split(is_space).next().unwrap_or("");
    [HETJOB, "packjob"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// C's isspace.
fn is_space(c: char) -> bool {
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
